"""The token of the emulator's own pages, as the command line finds it: for the server it is of, and no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_emu.api.token import address_of, find, publish, withdraw
from lambda_emu.store.data_directory import take

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The data directory of a running server."""
    folder = tmp_path / "data"
    lock = take(folder)
    publish(folder, "http://emu.lan:9001", TOKEN)
    yield folder
    lock.close()


@pytest.mark.parametrize("host", ["emu.lan", "localhost", "127.0.0.1", "::1"])
def test_the_token_is_found_by_the_address_of_its_server(data: Path, host: str) -> None:
    assert find([data / "missing", data], host, 9001) == TOKEN


@pytest.mark.parametrize(("host", "port"), [("emu.lan", 9000), ("localhost", 80), ("other.lan", 9001)])
def test_the_token_is_told_to_no_other_address(data: Path, host: str, port: int) -> None:
    assert find([data], host, port) is None


def test_a_folder_that_only_looks_like_one_of_ours_has_no_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("theirs")
    (tmp_path / "address").write_text("http://127.0.0.1:9001")

    assert find([tmp_path], "127.0.0.1", 9001) is None


def test_a_folder_of_ours_that_no_server_has_tells_nothing(tmp_path: Path) -> None:
    """One that came with a stranger's project would send what its user asks, and the token, wherever it likes."""
    take(tmp_path).close()
    publish(tmp_path, "http://evil.example:9001", TOKEN)

    assert find([tmp_path], "evil.example", 9001) is None
    assert address_of(tmp_path) is None


def test_one_that_borrows_the_lock_of_another_server_tells_nothing(data: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    take(theirs).close()
    publish(theirs, "http://evil.example:9001", TOKEN)
    (theirs / "lock").unlink()
    (theirs / "lock").symlink_to(data / "lock")

    assert find([theirs], "evil.example", 9001) is None
    assert address_of(theirs) is None


def test_who_looks_keeps_no_server_from_starting(tmp_path: Path) -> None:
    looking = threading.Event()

    def look() -> None:
        while not looking.is_set():
            find([tmp_path / "other"], "127.0.0.1", 9001)

    take(tmp_path / "other").close()
    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(50):
            take(tmp_path / "other").close()
    finally:
        looking.set()
        thread.join()


def test_only_its_user_reads_it_whatever_was_there(data: Path) -> None:
    (data / "token").chmod(0o666)
    publish(data, "http://127.0.0.1:9002", TOKEN)

    assert [(data / name).stat().st_mode & 0o777 for name in ("token", "address")] == [0o600] * 2


def test_after_the_end_there_is_none(data: Path) -> None:
    withdraw(data)

    assert find([data], "emu.lan", 9001) is None
    assert not list(data.glob("token*"))
