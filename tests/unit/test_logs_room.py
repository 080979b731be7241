"""The log's bound on disk, and who gives way when it is reached."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from test_logs_store import HELLO, LIMIT, OWN, WAIT_S, Logs

from lambda_emu.logs.frames import LogRecord
from lambda_emu.logs.reader import LogEvent, LogReader
from lambda_emu.logs.records import Report, Start
from lambda_emu.logs.room import fair_level
from lambda_emu.logs.stream import LogStream

MB = 1024 * 1024


def size_on_disk(path: Path) -> int:
    """Of the file, its WAL and the index of that."""
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


class Environments(Logs):
    """Streams that stay open, one a function and format."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        super().__init__(path, limit_bytes)
        self._made: dict[tuple[str, str], LogStream] = {}

    def of(self, function: str, log_format: str = "Text") -> LogStream:
        key = (function, log_format)
        if key not in self._made:
            self._made[key] = self.stream(function, function, log_format)
        return self._made[key]


@contextmanager
def logs_of(path: Path, limit_bytes: int) -> Iterator[Environments]:
    logs = Environments(path, limit_bytes)
    yield logs
    logs.store.stop()


def large_lines(logs: Environments, number: int) -> None:
    logs.of("hello").write_output(b"%08d" % number + b"x" * 16375 + b"\n")


def lines_in_turn(logs: Environments, number: int) -> None:
    """Pages of many functions lie between one another."""
    for turn in range(200):
        logs.clock.tick()
        logs.of(f"f{turn % 20}").write_output(b"a line of %d\n" % number)


def empty_lines_of_json(logs: Environments, _: int) -> None:
    """Each becomes an object of 80 bytes."""
    logs.of("hello", "JSON").write_output(b"\n" * 1024)


def environments_without_end(logs: Environments, number: int) -> None:
    for turn in range(25):
        logs.clock.tick()
        stream = logs.stream("hello", f"s{number}-{turn}")
        stream.write_platform(Report("id", 1.0, 128, 36))
        stream.close()


@pytest.mark.parametrize("flood", [large_lines, lines_in_turn, empty_lines_of_json, environments_without_end])
@pytest.mark.parametrize("limit_bytes", [MB, 4 * MB])
def test_whatever_is_written_the_log_never_takes_more_than_its_limit_on_disk(
    tmp_path: Path, limit_bytes: int, flood: Callable[[Environments, int], None]
) -> None:
    seen = []
    with logs_of(tmp_path / "logs.db", limit_bytes) as logs:
        for number in range(100):
            flood(logs, number)
            if number % 10 == 0:
                assert logs.store.flush(WAIT_S)
            seen.append(size_on_disk(logs.path))

    assert max(seen) <= limit_bytes
    with closing(sqlite3.connect(tmp_path / "logs.db")) as db:
        assert db.execute("SELECT count(*) FROM report WHERE page NOT IN (SELECT id FROM page)").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM page").fetchone()[0] > 0


def test_a_flood_keeps_its_newest_lines(tmp_path: Path) -> None:
    with logs_of(tmp_path / "logs.db", 4 * MB) as logs:
        for number in range(1024):  # 16 MB
            large_lines(logs, number)
            if number % 32 == 0:
                logs.store.flush(WAIT_S)

        kept = [line[:8] for line in read_all(logs)]

    assert kept == [f"{number:08}" for number in range(1024 - len(kept), 1024)]
    assert len(kept) > 100  # more than half of what a limit of 4 MB has for texts


def test_a_functions_flood_drops_its_own_lines_alone(tmp_path: Path) -> None:
    quiet = [f"quiet{number}" for number in range(10)]
    with logs_of(tmp_path / "logs.db", 4 * MB) as logs:
        for name in quiet:
            logs.of(name).write_output(b"said once by %s\n" % name.encode() * 100)
        for number in range(1024):  # 16 MB
            large_lines(logs, number)
            if number % 32 == 0:
                logs.store.flush(WAIT_S)

        assert {name: logs.read(name) for name in quiet} == {name: [f"said once by {name}\n"] * 100 for name in quiet}


def test_functions_that_flood_together_keep_a_share_each(tmp_path: Path) -> None:
    names = ["first", "second", "third"]
    with logs_of(tmp_path / "logs.db", 6 * MB) as logs:
        for number in range(300):
            for name in names[: 1 + number % 3]:
                logs.of(name).write_output(b"x" * 32767 + b"\n")
            if number % 16 == 0:
                logs.store.flush(WAIT_S)

        kept = [len(logs.read(name)) * 32768 for name in names]

    assert all(size > MB / 2 for size in kept), kept


def test_streams_go_with_their_last_page_unless_somebody_writes_to_them(tmp_path: Path) -> None:
    with logs_of(tmp_path / "logs.db", MB) as logs:
        still_open = logs.stream("hello", "open")
        still_open.write_output(b"first\n")
        for number in range(150):
            environments_without_end(logs, number)
            if number % 10 == 0:
                logs.store.flush(WAIT_S)
        still_open.write_output(b"last\n")
        logs.store.flush(WAIT_S)

        with closing(sqlite3.connect(logs.path)) as db:
            (streams,), (used,) = (db.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("stream", "page"))
        assert read_all(logs)[-1] == "last\n"

    assert streams <= used + 200 < 5000


def test_who_reads_without_end_costs_lines_and_no_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with logs_of(tmp_path / "logs.db", MB) as logs:
        large_lines(logs, 0)
        logs.store.flush(WAIT_S)
        with closing(sqlite3.connect(logs.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM page").fetchone()
            for number in range(1, 40):
                large_lines(logs, number)
                logs.store.flush(WAIT_S)
            held = size_on_disk(logs.path)
        large_lines(logs, 99)

        assert read_all(logs)[-1].startswith("00000099")

    assert held <= MB
    assert "somebody who reads the log holds on to all of it" in caplog.text
    assert "logs are kept again" in caplog.text


def test_a_log_of_a_larger_limit_is_brought_down_when_it_is_opened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "logs.db"
    with logs_of(path, LIMIT) as logs:
        for number in range(100):
            large_lines(logs, number)
            lines_in_turn(logs, number)
    assert path.stat().st_size > 2 * MB

    with logs_of(path, MB) as logs:
        assert size_on_disk(path) <= MB
        assert read_all(logs)[-1].startswith("00000099")

    assert not caplog.record_tuples or caplog.records[0].levelno < logging.WARNING


def test_the_platforms_lines_are_told_from_those_that_a_function_writes_like_them(tmp_path: Path) -> None:
    with logs_of(tmp_path / "logs.db", LIMIT) as logs:
        stream = logs.stream()
        stream.write_platform(Start("id-1", "$LATEST"))
        stream.write_output(b"END RequestId: id-1\nREPORT Requ")
        stream.write_output(b"estId: id-1\tDuration: 0.01 ms\n")
        stream.write_record(LogRecord(b"START RequestId: id-2\nREPORT RequestId: id-2", None))
        stream.write_platform(Report("id-1", 1.0, 128, 36))
        logs.store.flush(WAIT_S)

        events = LogReader(logs.path).read(HELLO).events

    assert [(event.platform, event.message.split()[0]) for event in events] == [
        (True, "START"), (False, "END"), (False, "REPORT"), (False, "START"), (True, "REPORT")
    ]  # fmt: skip


def read_all(logs: Logs) -> list[str]:
    assert logs.store.flush(WAIT_S)
    reader, after = LogReader(logs.path), 0
    found: list[LogEvent] = []
    while not (piece := reader.read(OWN.function("hello"), after)).complete:
        found += piece.events
        after = piece.next
    return [event.message for event in (*found, *piece.events)]


@pytest.mark.parametrize(
    ("sizes", "room", "level"),
    [
        ((), 10, 0),
        ((5,), 10, 10),
        ((20,), 10, 10),
        ((1, 2, 20), 12, 9),  # who is below the level leaves its room to the others
        ((10, 10, 10), 15, 5),
        ((1, 100, 100), 51, 25),
        ((3, 3), 0, 0),
    ],
)
def test_all_fill_to_one_level(sizes: tuple[int, ...], room: int, level: int) -> None:
    assert fair_level(sizes, room) == level
    assert sum(min(size, level) for size in sizes) <= room
