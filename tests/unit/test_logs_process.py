"""The process that writes the log: it loses nothing it was given, and outlives its server only to write that."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_logs_store import HELLO, LIMIT, WAIT_S, Logs
from waiting import eventually

from lambda_emu.logs.levels import Level
from lambda_emu.logs.reader import LogReader
from lambda_emu.logs.writer import OPENED, PRINTED
from lambda_emu.logs.writer_process import WriterProcess
from lambda_emu.store import Store

SERVER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_logs_store import Logs
from lambda_emu.store import Store
store = Store.open(Path(sys.argv[1]))
logs = Logs(Path(sys.argv[1], "logs.db"))
stream = logs.stream()
stream.write_output(b"before\\n")
logs.store.flush(30)
print("ready", flush=True)
number = 0
while len(sys.argv) > 3:
    room = stream.write_output(b"%d\\n" % number)
    if len(sys.argv) > 4:
        print(number, flush=True)
        threading.Event().wait(0.001)
    number += 1
    if not room:
        logs.store.flush(30)
threading.Event().wait()
"""


@contextmanager
def server(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has logged `before`; with more to say it goes on for ever. It is killed when the block ends."""
    command = [sys.executable, "-c", SERVER, str(folder), str(Path(__file__).parent), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


def writers(path: Path) -> list[int]:
    """Processes that write this log."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if os.fsencode(path) in arguments and state != "Z":
            found.append(int(folder.name))
    return found


def written_to(path: Path) -> Logs:
    """A log that has `before` in it, and so its writer."""
    logs = Logs(path)
    logs.stream().write_output(b"before\n")
    assert logs.store.flush(WAIT_S)
    return logs


def messages(path: Path) -> list[str]:
    reader, found, after = LogReader(path), [], 0
    while not (piece := reader.read(HELLO, after)).complete:
        found += [event.message for event in piece.events]
        after = piece.next
    return found + [event.message for event in piece.events]


def test_the_writer_ends_with_its_server_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    logs = written_to(path)
    assert len(writers(path)) == 1
    logs.store.stop()
    assert writers(path) == []

    of_server = tmp_path / "data" / "logs.db"
    with server(of_server.parent):
        assert len(writers(of_server)) == 1

    eventually(lambda: writers(of_server) == [], "it to end")
    assert messages(of_server) == ["before\n"]


def test_what_the_writer_was_given_is_written_though_its_server_is_killed_before(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    row = ("/aws/lambda/hello", "s1", HELLO.name, "$LATEST", "x86_64", 512, HELLO.account, HELLO.region)
    writer = WriterProcess(path, LIMIT)
    writer.wait_until_open()
    for entry in [(0, 1, b"", OPENED, (row, False, int(Level.INFO))), (0, 1, b"given\n", PRINTED, None)]:
        writer.write([entry], at_once=False)
    before = messages(path)

    writer.close()  # its input ends, as when the server is killed

    assert (before, messages(path)) == ([], ["given\n"])


def test_a_killed_server_loses_less_than_comes_between_two_writings(tmp_path: Path) -> None:
    """Of a line each millisecond eighty do; it is killed when some sixty came since the last."""
    lost = sorted(lost_of_a_killed_server(tmp_path / str(number)) for number in range(5))

    assert lost[2] < 40, lost


def lost_of_a_killed_server(folder: Path) -> int:
    """How many of the lines that it has printed are not in its log."""
    with server(folder, "more", "slowly") as running:
        assert running.stdout is not None
        printed = [running.stdout.readline() for _ in range(150)]
        running.kill()
        printed += running.stdout.readlines()
    eventually(lambda: writers(folder / "logs.db") == [], "its writer to end")
    return int(printed[-1]) - int(messages(folder / "logs.db")[-1])


def test_a_new_server_goes_on_behind_what_a_killed_one_has_still_to_write(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with server(tmp_path / "data", "more") as first:
        eventually(lambda: len(LogReader(tmp_path / "data" / "logs.db").read(HELLO).events) > 1, "it to write")
        for _ in range(random.randint(0, 100)):
            writers(tmp_path / "data" / "logs.db")  # some time
        first.kill()
        first.wait()
        logs = Logs(tmp_path / "data" / "logs.db")
    logs.stream(name="new").write_output(b"after\n")
    logs.store.stop()

    found = messages(tmp_path / "data" / "logs.db")
    assert (found[0], found[-1]) == ("before\n", "after\n")
    assert found[1:-1] == [f"{number}\n" for number in range(len(found) - 2)]
    assert caplog.text == ""


def test_a_writer_that_hangs_holds_up_no_new_server_of_its_data(tmp_path: Path) -> None:
    with server(tmp_path / "data") as first:
        (writer,) = writers(tmp_path / "data" / "logs.db")
        os.kill(writer, signal.SIGSTOP)
        first.kill()
        first.wait()
        try:
            Store.open(tmp_path / "data").close()
        finally:
            os.kill(writer, signal.SIGCONT)


def test_a_signal_that_is_meant_for_the_server_does_not_end_the_writer(tmp_path: Path) -> None:
    logs = written_to(tmp_path / "logs.db")
    (writer,) = writers(logs.path)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(writer, number)
    logs.stream().write_output(b"last words\n")
    logs.store.stop()

    assert messages(logs.path) == ["before\n", "last words\n"]


def test_a_writer_that_is_killed_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logs = written_to(tmp_path / "logs.db")
    stream = logs.stream()

    (writer,) = writers(logs.path)
    os.kill(writer, signal.SIGKILL)
    eventually(lambda: writer not in writers(logs.path), "it to be gone")
    stream.write_output(b"perhaps lost\n")
    assert logs.store.flush(WAIT_S)
    stream.write_output(b"after\n")
    logs.store.stop()

    found = messages(logs.path)
    assert (found[0], found[-1]) == ("before\n", "after\n")
    assert {event.stream for event in LogReader(logs.path).read(HELLO).events} == {"s1"}
    assert caplog.text.count("was killed; some lines may be lost") == 1


def test_a_file_that_cannot_be_opened_is_told_to_who_starts(tmp_path: Path) -> None:
    (tmp_path / "logs.db").mkdir()

    with pytest.raises((OSError, sqlite3.Error), match=r"logs\.db"):
        Logs(tmp_path / "logs.db")

    assert writers(tmp_path / "logs.db") == []


def test_a_file_that_cannot_be_opened_for_the_first_line_loses_no_later_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logs = Logs(tmp_path / "logs.db")
    stream = logs.stream()
    logs.path.rename(tmp_path / "kept")
    logs.path.mkdir()
    stream.write_output(b"lost\n")
    assert logs.store.flush(WAIT_S)
    logs.path.rmdir()
    (tmp_path / "kept").rename(logs.path)

    stream.write_output(b"after\n")
    logs.store.stop()

    assert messages(logs.path) == ["after\n"]
    assert caplog.text.count("logs are lost from here on") == caplog.text.count("logs are kept again; 1 pieces") == 1


def test_what_cannot_be_written_at_the_end_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logs = written_to(tmp_path / "logs.db")
    stream = logs.stream()
    (writer,) = writers(logs.path)

    os.kill(writer, signal.SIGKILL)
    stream.write_output(b"last words\n")
    logs.store.stop()

    assert caplog.text.count("was killed; some lines may be lost") == 1


def test_where_no_process_can_be_started_a_thread_writes_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    logs = written_to(tmp_path / "logs.db")

    assert writers(logs.path) == []
    assert messages(logs.path) == ["before\n"]
    assert "is written by a thread, since no process can be started" in caplog.text
    logs.store.stop()


def test_a_writer_that_dies_whenever_it_is_started_is_given_up_and_holds_up_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logs = Logs(tmp_path / "logs.db")
    stream = logs.stream()

    def kill_and_go_on() -> bool:
        for writer in writers(logs.path):
            os.kill(writer, signal.SIGKILL)
        stream.write_output(b"a line\n")
        return "nothing is logged from here on" in caplog.text

    eventually(kill_and_go_on, "it to be given up")

    assert all(stream.write_output(b"x" * 65536) for _ in range(1000))
    assert logs.store.flush(WAIT_S)
    logs.store.stop()
    assert writers(logs.path) == []
