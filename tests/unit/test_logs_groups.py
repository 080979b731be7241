"""What the log is asked to do besides keeping lines, and reading it by group and time."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_logs_process import writers
from test_logs_store import OWN, WAIT_S, Logs

from lambda_emu.logs import groups
from lambda_emu.logs.groups import EventPosition, GroupReader, Owners, Span
from lambda_emu.logs.lines import encode_pushed
from lambda_emu.logs.reader import LogReader
from lambda_emu.logs.stream import ENDED, LogRequest
from lambda_emu.logs.writer import CREATED, DELETED, EXPIRED, NO_STREAM, PUSHED

GROUP = "orders"


class Groups(Logs):
    """A log that is asked, and read by group."""

    @property
    def reader(self) -> GroupReader:
        return GroupReader(self.path)

    def ask(self, kind: int, detail: Any, data: bytes = b"") -> str | None:
        told: Future[str | None] = Future()
        self.store.ask(LogRequest(kind, detail, told.set_result, data))
        return told.result(WAIT_S)

    def create(self, stream: str, group: str = GROUP) -> str | None:
        return self.ask(CREATED, ((OWN.account, OWN.region, group, stream), 5))

    def push(self, stream: str, *pushed: tuple[int, str], group: str = GROUP) -> str | None:
        runs, data = [], b""
        for at_ms, message in pushed:
            data += encode_pushed(message.encode())
            runs.append((at_ms, len(data)))
        return self.ask(PUSHED, ((OWN.account, OWN.region, group, stream), 7, runs), data)

    def messages(
        self, span: Span | None = None, after: EventPosition | None = None, *, backward: bool = False
    ) -> list[str]:
        assert self.store.flush(WAIT_S)
        span = span or Span(OWN, GROUP)
        return [event.message for event in self.reader.events(span, after, backward=backward)]


@pytest.fixture(params=[False, True], ids=["its own process", "in process"])
def logs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Groups]:
    logs = Groups(tmp_path / "logs.db", in_process=request.param)
    yield logs
    logs.store.stop()


def test_events_that_are_pushed_come_back_as_they_are_in_the_order_of_time(logs: Groups) -> None:
    assert logs.create("a") is None
    assert logs.create("b") is None
    long = "x" * 300_000

    assert logs.push("a", (10, "one"), (10, "two\nlines\n"), (30, "ends\n")) is None
    assert logs.push("b", (20, long), (40, "")) is None

    assert logs.messages() == ["one", "two\nlines\n", long, "ends\n", ""]
    assert logs.messages(backward=True) == ["", "ends\n", long, "two\nlines\n", "one"]


def test_metrics_that_are_embedded_in_pushed_events_are_found(logs: Groups) -> None:
    about = {"Namespace": "Shop", "Dimensions": [["Page"]], "Metrics": [{"Name": "Orders", "Unit": "Count"}]}
    event = {"_aws": {"Timestamp": 60_000, "CloudWatchMetrics": [about]}, "Page": "cart", "Orders": 3}
    logs.create("a")

    logs.push("a", (60_000, "no metric"), (60_001, json.dumps(event)))

    [(account, region, namespace, name, dimensions, unit, minute, values)] = logs.metrics
    assert (account, region, namespace, name) == (OWN.account, OWN.region, "Shop", "Orders")
    assert (dimensions, unit, minute, values) == ((("Page", "cart"),), "Count", 1, [3])


def test_what_is_pushed_to_no_stream_is_refused(logs: Groups) -> None:
    assert logs.push("a", (10, "one")) == NO_STREAM


def test_a_push_that_was_answered_lasts_though_its_writer_is_killed(tmp_path: Path) -> None:
    logs = Groups(tmp_path / "logs.db")
    logs.create("a")
    assert logs.push("a", (10, "one")) is None

    for pid in writers(logs.path):
        os.kill(pid, signal.SIGKILL)

    with closing(sqlite3.connect(logs.path)) as db:
        assert db.execute("SELECT count(*) FROM page").fetchone() == (1,)
    assert logs.push("a", (20, "lost")) == ENDED
    assert logs.push("a", (30, "two")) is None
    assert logs.messages() == ["one", "two"]
    logs.store.stop()


def test_who_asked_is_told_that_the_writer_has_ended(tmp_path: Path) -> None:
    logs = Groups(tmp_path / "logs.db", in_process=True)
    logs.create("a")

    logs.store.stop()

    told: Future[str | None] = Future()
    logs.store.ask(LogRequest(CREATED, ((OWN.account, OWN.region, GROUP, "b"), 5), told.set_result))
    assert told.result(WAIT_S) is not None


@pytest.mark.parametrize("backward", [False, True])
def test_reading_goes_on_behind_any_event(logs: Groups, backward: bool) -> None:
    logs.create("a")
    logs.push("a", *((at // 3, f"{at}") for at in range(100)))
    events = list(logs.reader.events(Span(OWN, GROUP), backward=backward))

    for at, event in enumerate(events):
        rest = list(logs.reader.events(Span(OWN, GROUP), event.position, backward=backward))
        assert rest == events[at + 1 :]
    assert sorted(event.id for event in events) == [event.id for event in sorted(events, key=lambda one: one.position)]


@pytest.mark.parametrize("backward", [False, True])
def test_a_group_of_many_segments_is_read_in_pieces(
    logs: Groups, monkeypatch: pytest.MonkeyPatch, backward: bool
) -> None:
    logs.create("a")
    for at in range(40):
        logs.push("a", *((at // 3, f"{at} {number}") for number in range(3)))
    whole = logs.messages(backward=backward)

    monkeypatch.setattr(groups, "MOST_PLACES", 7)

    assert len(whole) == 120
    assert logs.messages(backward=backward) == whole


def test_a_span_is_of_a_time_and_of_streams(logs: Groups) -> None:
    for stream in ("a1", "a2", "b"):
        logs.create(stream)
        logs.push(stream, (10, f"{stream} at 10"), (20, f"{stream} at 20"))

    assert logs.messages(Span(OWN, GROUP, 11, 20, prefix="a")) == ["a1 at 20", "a2 at 20"]
    assert logs.messages(Span(OWN, GROUP, 0, 10, frozenset({"b"}))) == ["b at 10"]


def test_functions_lines_are_in_their_group(logs: Groups) -> None:
    stream = logs.stream("hello", "s1")
    stream.write_output(b"one\ntwo\n")
    assert logs.store.flush(WAIT_S)

    assert logs.messages(Span(OWN, "/aws/lambda/hello")) == ["one\n", "two\n"]
    assert list(logs.reader.groups(OWN)) == ["/aws/lambda/hello"]
    (used,) = logs.reader.streams(OWN, "/aws/lambda/hello")
    assert (used.name, used.created_ms, used.first_ms) == ("s1", None, int(logs.clock.now_s() * 1000))


def test_what_is_deleted_is_gone_and_who_still_prints_begins_it_anew(logs: Groups) -> None:
    stream = logs.stream("hello", "s1")
    stream.write_output(b"before\n")
    assert logs.store.flush(WAIT_S)

    assert logs.ask(DELETED, (OWN.account, OWN.region, "/aws/lambda/hello", None)) is None
    assert not logs.reader.has_group(OWN, "/aws/lambda/hello")
    stream.write_output(b"after\n")

    assert logs.messages(Span(OWN, "/aws/lambda/hello")) == ["after\n"]
    assert logs.read("hello") == ["after\n"]


def test_a_stream_is_deleted_alone(logs: Groups) -> None:
    for stream in ("a", "b"):
        logs.create(stream)
        logs.push(stream, (10, stream))

    assert logs.ask(DELETED, (OWN.account, OWN.region, GROUP, ["a"])) is None

    assert logs.messages() == ["b"]
    assert logs.reader.stream_names(OWN, GROUP) == {"b"}


def test_what_is_older_than_a_group_keeps_is_deleted(logs: Groups) -> None:
    logs.create("a")
    logs.push("a", (10, "old"), (20, "new"))

    assert logs.ask(EXPIRED, (OWN.account, OWN.region, GROUP, 20)) is None

    assert logs.messages() == ["new"]


def test_events_are_read_as_they_are_written_of_groups_that_somebody_wants(logs: Groups) -> None:
    logs.create("a")
    logs.create("a", "others")
    logs.push("a", (50, "later"), group="others")
    logs.push("a", (40, "first"), (10, "second"))

    written = logs.reader.newer(Owners(frozenset({(OWN, GROUP)})), 0)

    assert [(event.owner.stream, event.message) for event in written.events] == [("a", "first"), ("a", "second")]
    assert written.complete
    assert written.next == logs.reader.last_segment() == 3


def test_a_store_tells_that_something_was_written(logs: Groups) -> None:
    told = threading.Event()
    logs.store.on_written = told.set

    logs.stream("hello").write_output(b"one\n")

    assert told.wait(WAIT_S)


def test_streams_that_were_made_take_a_share_of_the_file(tmp_path: Path) -> None:
    logs = Groups(tmp_path / "logs.db", 1024 * 1024, in_process=True)
    answers: Sequence[str | None] = [logs.create(f"s{number}") for number in range(400)]
    logs.store.stop()

    made = answers.index(next(one for one in answers if one is not None))
    assert 100 < made < 400
    assert all("too many log streams" in (one or "") for one in answers[made:])


def test_a_flood_of_pushes_drops_events_of_its_own_group_alone(tmp_path: Path) -> None:
    logs = Groups(tmp_path / "logs.db", 2 * 1024 * 1024, in_process=True)
    logs.stream("hello").write_output(b"mine\n")
    logs.create("a", "quiet")
    logs.push("a", (1, "quiet"), group="quiet")
    logs.create("a")
    for number in range(200):
        assert logs.push("a", (number, f"{number} " + "x" * 20_000)) is None

    assert logs.messages(Span(OWN, "quiet")) == ["quiet"]
    assert logs.read("hello") == ["mine\n"]
    left = [int(message.split()[0]) for message in logs.messages()]
    assert left == list(range(left[0], 200))
    assert sum(file.stat().st_size for file in tmp_path.glob("logs.db*")) <= 2 * 1024 * 1024
    logs.store.stop()


def test_what_does_not_fit_is_refused_and_not_lost_unheard(tmp_path: Path) -> None:
    logs = Groups(tmp_path / "logs.db", 1024 * 1024, in_process=True)
    logs.create("a")

    assert logs.push("a", (1, "x" * 1_000_000)) == "it does not fit into the limit"
    assert logs.push("a", (2, "small")) is None

    assert logs.messages() == ["small"]
    logs.store.stop()


def test_a_stream_that_was_made_stays_though_many_come_and_go(logs: Groups) -> None:
    logs.create("a")
    for number in range(300):
        logs.stream("hello", f"s{number}").close()
    assert logs.store.flush(WAIT_S)

    assert logs.reader.stream_names(OWN, GROUP) == {"a"}


def test_the_names_of_functions_are_not_those_of_groups(logs: Groups) -> None:
    logs.create("a")

    assert LogReader(logs.path).names(OWN.account, OWN.region) == []


def test_no_writer_is_begun_to_read(logs: Groups) -> None:
    assert logs.reader.groups(OWN) == {}
    assert writers(logs.path) == []
