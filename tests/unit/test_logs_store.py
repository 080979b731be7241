import queue
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.logs.levels import Level
from lambda_emu.logs.log_file import SCHEMA_VERSION, STEPS
from lambda_emu.logs.reader import READ_BYTES, Found, LogReader, event_json
from lambda_emu.logs.records import End, Report, Start
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin

WAIT_S = 30.0
LIMIT = 64 * 1024 * 1024
OWN = Scope("123456789012", "us-east-1")
HELLO = OWN.function("hello")


class Calls:
    """A loop as the store sees it: what it is asked to call, called by the test."""

    def __init__(self) -> None:
        self._asked: queue.Queue[Callable[[], None]] = queue.Queue()

    def soon(self, callback: Callable[[], None]) -> None:
        self._asked.put(callback)

    def run_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._asked.get(timeout=WAIT_S)()


class Ticks(Clock):
    """A clock that stands until it is told to tick: chunks of one millisecond share a page."""

    def __init__(self) -> None:
        super().__init__()
        self._at_s = super().now_s()

    def now_s(self) -> float:
        return self._at_s

    def tick(self) -> None:
        self._at_s += 1


class Logs:
    """A store on a file of its own, with streams to write to it."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT, *, in_process: bool = False) -> None:
        self.path = path
        self.metrics: list[Any] = []
        self.calls = Calls()
        self.clock = Ticks()
        self.store = LogStore(path, limit_bytes, self.calls.soon, in_process=in_process, publish=self.metrics.extend)
        self.store.start()
        self.store.wait_until_open()

    def stream(
        self, function: str = "hello", name: str = "s1", log_format: str = "Text", scope: Scope = OWN
    ) -> LogStream:
        group = f"/aws/lambda/{function}"
        origin = Origin(
            group, name, scope.function(function), "$LATEST", "x86_64", 512, log_format, Level.INFO, Level.INFO
        )
        return LogStream(origin, self.store, self.clock)

    def read(self, function: str = "hello", after: int = 0, limit: int = 1000) -> list[str]:
        assert self.store.flush(WAIT_S), "the writer did not keep up"
        return [event.message for event in LogReader(self.path).read(OWN.function(function), after, limit).events]


@pytest.fixture(params=[False, True], ids=["its own process", "in process"])
def logs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Logs]:
    logs = Logs(tmp_path / "logs.db", in_process=request.param)
    yield logs
    logs.store.stop()


def test_events_are_read_as_they_were_written(logs: Logs) -> None:
    stream = logs.stream()

    stream.write_platform(Start("id-1", "$LATEST"))
    for chunk in (b"on", b"e\ntw", b"o\rthree\n"):
        stream.write_output(chunk)
    stream.write_platform(End("id-1"))

    expected = ["START RequestId: id-1 Version: $LATEST\n", "one\n", "two\rthree\n", "END RequestId: id-1\n"]
    assert logs.read() == expected


def test_lines_made_by_the_writer_are_those_made_here(logs: Logs) -> None:
    here, later = logs.stream("here"), logs.stream("later")
    start = Start("id-1", "7")
    report = Report("id-1", 3.01, 1024, 36, init_ms=110.1, status="error", error_type="Runtime.ExitError")

    here.write_platform(start)
    here.write_output(b"open")
    here.write_platform(End("id-1"), report)
    later.write_later(start)
    later.write_output(b"open")
    later.write_later(report)

    assert logs.read("later") == logs.read("here")
    found = [LogReader(logs.path).read(OWN.function(name)).events for name in ("here", "later")]
    made_here, made_later = ([(one.message, one.platform, one.report) for one in events] for events in found)
    assert len(made_here) == 4
    assert made_later == made_here


def test_an_open_line_is_an_event_before_the_platform_goes_on(logs: Logs) -> None:
    stream = logs.stream()

    stream.write_output(b"no newline")
    stream.write_platform(End("id-1"))
    stream.write_output(b"never finished")
    stream.close()

    assert logs.read() == ["no newline", "END RequestId: id-1\n", "never finished"]


def test_streams_do_not_mix_their_lines(logs: Logs) -> None:
    first, second = logs.stream(name="s1"), logs.stream(name="s2")

    first.write_output(b"fir")
    second.write_output(b"sec")
    first.write_output(b"st\n")
    second.write_output(b"ond\n")

    assert logs.read() == ["first\n", "second\n"]


def test_functions_are_read_apart_and_from_where_a_reader_left_off(logs: Logs) -> None:
    logs.stream("other").write_output(b"not mine\n")
    logs.stream("hello").write_output(b"one\n")
    logs.store.flush(WAIT_S)
    last = LogReader(logs.path).read(HELLO).next

    logs.clock.tick()
    logs.stream("hello", "s2").write_output(b"two\n")

    assert logs.read("hello", after=last) == ["two\n"]
    assert logs.read("hello", limit=1) == ["one\n"]
    assert logs.read("nobody") == []


@pytest.mark.parametrize("other", [Scope("999999999999", "us-east-1"), Scope("123456789012", "eu-west-1")])
def test_functions_of_one_name_are_told_apart_by_account_and_region(logs: Logs, other: Scope) -> None:
    logs.stream(scope=other).write_output(b"theirs\n")
    logs.stream().write_output(b"ours\n")
    logs.store.flush(WAIT_S)
    reader = LogReader(logs.path)

    assert logs.read() == ["ours\n"]
    assert [event.message for event in reader.read(other.function("hello")).events] == ["theirs\n"]
    assert reader.before_last(other.function("hello"), 1) < reader.before_last(HELLO, 1)


@pytest.mark.parametrize("opened_since", [False, True])
def test_a_log_from_before_accounts_were_kept_is_shown_to_all(tmp_path: Path, opened_since: bool) -> None:
    path = tmp_path / "logs.db"
    with sqlite3.connect(path) as db:
        db.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
        db.execute("INSERT INTO stream VALUES (1, '/aws/lambda/hello', 's', 'hello', '1', 'x86_64', 512)")
        db.execute("INSERT INTO page VALUES (1, 1, 0, ?)", (b"old\n",))
    if opened_since:
        logs = Logs(path)
        logs.stream(name="s2").write_output(b"new\n")
        logs.store.stop()

    new = ["new\n"] if opened_since else []
    for scope, seen in ((OWN, ["old\n", *new]), (Scope("999999999999", "eu-west-1"), ["old\n"])):
        assert [event.message for event in LogReader(path).read(scope.function("hello")).events] == seen


def test_the_last_segments_of_a_function_are_found(logs: Logs) -> None:
    for number in range(5):
        logs.stream(name=f"s{number}").write_output(b"%d\n" % number)
    logs.store.flush(WAIT_S)
    reader = LogReader(logs.path)

    assert [reader.before_last(HELLO, count) for count in (1, 2, 99)] == [4, 3, 0]
    assert logs.read(after=reader.before_last(HELLO, 2)) == ["3\n", "4\n"]
    assert reader.before_last(OWN.function("nobody"), 10) == 0


def test_a_flood_is_read_in_pieces_until_it_is_complete(logs: Logs) -> None:
    stream, chunk, pieces = logs.stream(), b"x" * 65535 + b"\n", [Found((), 0, complete=False)]
    for _ in range(40):
        stream.write_output(chunk)
    logs.store.flush(WAIT_S)

    while not pieces[-1].complete:
        pieces.append(LogReader(logs.path).read(HELLO, pieces[-1].next))

    assert [len(piece.events) for piece in pieces[1:]] == [READ_BYTES // len(chunk)] * 2 + [8]


def test_empty_lines_are_read_in_pieces_too(logs: Logs) -> None:
    """A million of them are a megabyte of text, and hundreds of what tells of them."""
    for _ in range(4):
        logs.clock.tick()
        logs.stream().write_output(b"\n" * 65536)
    logs.store.flush(WAIT_S)

    found = LogReader(logs.path).read(HELLO)

    assert (len(found.events), found.complete) == (65536, False)


def test_a_report_carries_its_figures_and_its_price(logs: Logs) -> None:
    stream = logs.stream()

    stream.write_platform(End("id-1"), Report("id-1", 3.01, 1024, 36, init_ms=110.1, status="timeout"))
    logs.store.flush(WAIT_S)

    end, report = LogReader(logs.path).read(HELLO).events
    assert end.report is None
    assert event_json(report) == {
        "id": report.segment,
        "group": "/aws/lambda/hello",
        "stream": "s1",
        "version": "$LATEST",
        "timestamp": report.at_ms,
        "platform": True,
        "message": "REPORT RequestId: id-1\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 1024 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\tStatus: timeout\t\n",
        "report": {
            "requestId": "id-1",
            "status": "timeout",
            "errorType": None,
            "durationMs": 3.01,
            "billedDurationMs": 114,
            "memorySizeMB": 1024,
            "maxMemoryUsedMB": 36,
            "initDurationMs": 110.1,
            "costUSD": "0.000002100004",  # 0.0000002 + 0.114 x 0.0000166667
        },
    }


def test_two_reports_within_a_millisecond_keep_their_own_figures(logs: Logs) -> None:
    stream = logs.stream()

    for number in range(50):
        stream.write_platform(Report(f"id-{number}", float(number), 128, 36))
    logs.store.flush(WAIT_S)

    events = LogReader(logs.path).read(HELLO).events
    assert [event.report.duration_ms for event in events if event.report] == [float(number) for number in range(50)]
    assert all(event.report and event.report.request_id in event.message for event in events)


def test_a_json_log_wraps_lines_with_the_running_request(logs: Logs) -> None:
    stream = logs.stream(log_format="JSON")

    stream.write_output(b"loading\n")
    stream.write_platform(Start("id-1", "$LATEST"))
    stream.write_output(b'working\n{"level":"DEBUG"}\n')

    loading, start, working = logs.read()
    assert '"message":"loading"}' in loading
    assert '"type":"platform.start"' in start
    assert '"message":"working","requestId":"id-1"}' in working


def test_a_full_queue_asks_for_a_pause_and_calls_back_when_there_is_room(logs: Logs) -> None:
    stream, chunk = logs.stream(), b"x" * 65535 + b"\n"
    resumed: list[int] = []

    while stream.write_output(chunk):
        pass
    stream.when_room(lambda: resumed.append(1))
    logs.calls.run_until(lambda: bool(resumed))

    assert stream.write_output(chunk)


def test_room_that_is_there_already_is_told_at_once(logs: Logs) -> None:
    resumed: list[int] = []

    logs.stream().when_room(lambda: resumed.append(1))
    logs.calls.run_until(lambda: bool(resumed))

    assert resumed == [1]


def test_stop_writes_what_was_offered_and_ends_the_thread(tmp_path: Path) -> None:
    others = {thread for thread in threading.enumerate() if thread.name == "logs"}
    logs = Logs(tmp_path / "logs.db")
    stream = logs.stream()

    for number in range(1000):
        stream.write_output(b"%d\n" % number)
    logs.store.stop()

    assert {thread for thread in threading.enumerate() if thread.name == "logs"} <= others
    assert [file.name for file in tmp_path.iterdir()] == ["logs.db"]
    assert len(LogReader(logs.path).read(HELLO).events) == 1000


def test_what_is_written_after_stop_is_neither_kept_nor_waited_for(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "logs.db")
    stream, chunk = logs.stream(), b"x" * 65535 + b"\n"
    logs.store.stop()

    assert all(stream.write_output(chunk) for _ in range(1000))
    assert LogReader(logs.path).read(HELLO).events == ()


def test_another_process_reads_while_the_store_writes(logs: Logs) -> None:
    logs.stream().write_output(b"seen from afar\n")
    logs.store.flush(WAIT_S)
    program = (
        "import pathlib, sys; from lambda_emu.arn import FunctionId; from lambda_emu.logs.reader import LogReader;"
        "hello = FunctionId('123456789012', 'us-east-1', 'hello');"
        "print(LogReader(pathlib.Path(sys.argv[1])).read(hello).events[0].message, end='')"
    )

    done = subprocess.run([sys.executable, "-c", program, logs.path], capture_output=True, timeout=WAIT_S, check=True)

    assert done.stdout == b"seen from afar\n"


def test_logs_survive_a_restart_and_go_on_from_there(tmp_path: Path) -> None:
    for text in (b"before\n", b"after\n"):
        logs = Logs(tmp_path / "logs.db")
        logs.stream().write_output(text)
        logs.store.stop()

    assert [event.message for event in LogReader(tmp_path / "logs.db").read(HELLO).events] == ["before\n", "after\n"]


@pytest.mark.parametrize("content", [b"not a database" * 1000, None])
def test_a_file_that_cannot_be_read_is_set_aside_and_begun_anew(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "logs.db"
    if content is not None:
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as db:
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    written = path.read_bytes()
    logs = Logs(path)

    logs.stream().write_output(b"new\n")

    assert logs.read() == ["new\n"]
    assert path.with_name("logs.db.old").read_bytes() == written
    logs.store.stop()


def test_a_reader_without_a_file_finds_nothing(tmp_path: Path) -> None:
    reader = LogReader(tmp_path / "logs.db")

    assert reader.read(HELLO) == Found((), 0, complete=True)
    assert reader.before_last(HELLO, 10) == 0
    assert not (tmp_path / "logs.db").exists()


def test_logs_are_kept_again_after_a_failure(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    stream = logs.stream()
    stream.write_output(b"before\n")
    logs.store.flush(WAIT_S)

    with sqlite3.connect(logs.path) as db:
        db.execute("ALTER TABLE page RENAME TO gone")
    for _ in range(3):
        stream.write_output(b"lost\n")
        logs.store.flush(WAIT_S)
    with sqlite3.connect(logs.path) as db:
        db.execute("ALTER TABLE gone RENAME TO page")
    stream.write_output(b"after\n")

    assert logs.read() == ["before\n", "after\n"]
    assert [record.message.partition("logs.db: ")[2] for record in caplog.records] == [
        "logs are lost from here on: no such table: page",
        "logs are kept again; 3 pieces were lost",
    ]
