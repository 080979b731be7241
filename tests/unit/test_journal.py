"""A journal in mapped memory: what is in it outlives its process, and nothing else is ever found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.services.journal.journal import HALF_BYTES, MOST_BYTES, Journal

LARGE = b"x" * (MOST_BYTES - 100)

FILE = "any.journal"


def open_in(folder: Path, taken: int = 0) -> tuple[Journal, list[bytes]]:
    """As a process does that comes after others; what they left."""
    journal = Journal.open(folder / FILE)
    assert journal is not None, "tests run where there can be one"
    return journal, journal.left(taken)


def test_what_is_added_is_left_to_the_next_process(tmp_path: Path) -> None:
    journal, before = open_in(tmp_path)

    added = [journal.add(entry) for entry in (b"one", b"", b"three")]

    assert (before, added) == ([], [True, True, True])
    assert open_in(tmp_path)[1] == [b"one", b"", b"three"]
    assert open_in(tmp_path, taken=1)[1] == [b"", b"three"]


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    open_in(tmp_path)

    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_half_is_written_anew_once_all_of_it_is_taken(tmp_path: Path) -> None:
    journal, _ = open_in(tmp_path)
    kept: list[bytes] = []
    while journal.add(entry := str(len(kept)).encode() + LARGE):
        kept.append(entry)
    first_half = len(kept) // 2

    journal.took(first_half)
    after = journal.add(b"again")

    assert after
    assert open_in(tmp_path, taken=first_half)[1] == [*kept[first_half:], b"again"]


def test_what_is_under_way_is_not_written_over(tmp_path: Path) -> None:
    journal, _ = open_in(tmp_path)
    journal.add(b"one")
    under_way = journal.turn()
    journal.add(b"two")

    second = journal.turn()

    assert (under_way, second) == (1, 2)
    assert open_in(tmp_path)[1] == [b"one", b"two"]
    journal.took(second)
    journal.add(b"three")
    assert open_in(tmp_path, taken=second)[1] == [b"three"]


@pytest.mark.parametrize("size", [MOST_BYTES + 1, HALF_BYTES, 3 * HALF_BYTES])
def test_what_is_too_large_is_not_added(tmp_path: Path, size: int) -> None:
    journal, _ = open_in(tmp_path)

    assert not journal.add(b"x" * size)
    assert open_in(tmp_path)[1] == []


@pytest.mark.parametrize("at", range(3 * (16 + 5)))
def test_nothing_follows_what_is_not_whole(tmp_path: Path, at: int) -> None:
    """As when the machine died: any byte may be another."""
    journal, _ = open_in(tmp_path)
    entries = [b"first", b"other", b"third"]
    for entry in entries:
        journal.add(entry)
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))

    assert open_in(tmp_path)[1] == entries[: at // (16 + 5)]


def test_a_database_of_another_time_gets_nothing(tmp_path: Path) -> None:
    """As when it was restored, or lost its last commits with the machine: what is missing between cannot be had."""
    journal, _ = open_in(tmp_path, taken=10)
    journal.add(b"eleven")

    assert open_in(tmp_path, taken=5)[1] == []
    later, _ = open_in(tmp_path, taken=5)
    later.add(b"twelve")

    assert open_in(tmp_path, taken=11)[1] == [b"twelve"]


def test_there_is_none_where_a_file_may_lose_its_place() -> None:
    assert Journal.open(Path("/proc/self") / FILE) is None
