"""StartLiveTail by boto3: what is written comes as it is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from cloudwatch_logs_rig import ARN, CloudWatchLogs, serving
from ground_rig import ACCOUNT, REGION
from waiting import eventually

from lambda_emu.clock import Clock


@pytest.fixture
def cwl(tmp_path: Path) -> Iterator[CloudWatchLogs]:
    """At the machine's time, of which a second passes between updates."""
    with serving(tmp_path, Clock()) as cwl:
        yield cwl


@contextmanager
def tail(cwl: CloudWatchLogs, *groups: str, **wanted: Any) -> Iterator[Iterator[Any]]:
    """Events of a session, of which the first has come."""
    client = client_at(cwl.url, "logs", ACCOUNT, REGION, inject_host_prefix=False)
    stream = client.start_live_tail(logGroupIdentifiers=[f"{ARN}{name}" for name in groups], **wanted)["responseStream"]
    try:
        yield iter(stream)
    finally:
        stream.close()
        client.close()


def results(events: Iterator[Any], count: int) -> list[Any]:
    """The next so many events of logs."""
    found: Iterator[Any] = chain.from_iterable(one["sessionUpdate"]["sessionResults"] for one in events)
    return [next(found) for _ in range(count)]


def test_what_is_written_comes_with_its_group_and_stream(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push("before")
    with tail(cwl, "orders") as events:
        start = next(events)["sessionStart"]
        assert start["logGroupIdentifiers"] == [f"{ARN}orders"]
        at_ms = cwl.now_ms
        cwl.push("one", "two", at_ms=at_ms)

        first, second = results(events, 2)

    assert first == {
        "logStreamName": "s1",
        "logGroupIdentifier": f"{ACCOUNT}:orders",
        "message": "one",
        "timestamp": at_ms,
        "ingestionTime": first["ingestionTime"],
    }
    assert first["ingestionTime"] >= at_ms
    assert second["message"] == "two"


def test_lines_of_functions_come_too_and_only_what_is_wanted(cwl: CloudWatchLogs) -> None:
    cwl.create("orders", "a1", "a2", "b1")
    cwl.print("begin\n")
    with tail(cwl, "orders", logStreamNamePrefixes=["a"], logEventFilterPattern="ERROR") as events:
        next(events)
        for stream in ("a1", "b1", "a2"):
            cwl.push(f"ERROR {stream}", f"fine {stream}", stream=stream)
        assert [one["message"] for one in results(events, 2)] == ["ERROR a1", "ERROR a2"]
    with tail(cwl, "orders", "/aws/lambda/hello") as events:
        next(events)
        cwl.print("line\n")
        cwl.push("pushed", stream="a1")
        assert [one["message"] for one in results(events, 2)] == ["line\n", "pushed"]


def test_of_many_events_a_sample_comes(cwl: CloudWatchLogs) -> None:
    cwl.create()
    with tail(cwl, "orders") as events:
        next(events)
        cwl.push(*(f"{number}" for number in range(5000)))

        update = next(one["sessionUpdate"] for one in events if one["sessionUpdate"]["sessionResults"])

    assert update["sessionMetadata"]["sampled"] is True
    assert len(update["sessionResults"]) == 500


def test_what_cannot_be_followed_is_refused(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.create("other")
    for wanted in ({"groups": ["none"]}, {"groups": ["orders", "other"], "logStreamNames": ["s1"]}):
        with pytest.raises(ClientError), tail(cwl, *wanted.pop("groups"), **wanted):
            pass


def test_sessions_are_bounded_and_end_with_their_clients(cwl: CloudWatchLogs) -> None:
    cwl.create()
    with ExitStack() as sessions:
        for _ in range(15):
            sessions.enter_context(tail(cwl, "orders"))
        with pytest.raises(ClientError, match="LimitExceededException"), tail(cwl, "orders"):
            pass

    assert cwl.room.opened is not None
    tails = cwl.room.opened.tails
    eventually(lambda: tails.count == 0, "the end of all")
