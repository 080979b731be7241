"""CloudWatch Logs over a real store and a real log, served to real clients, at a time that a test moves."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest
from ground_rig import ACCOUNT, REGION, ground_in, run_until_killed

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.logs.levels import Level
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin
from lambda_emu.services.logs.service import LogService
from lambda_emu.store import WorkItem
from lambda_emu.triggers.log_groups import LogGroups

OWN = Scope(ACCOUNT, REGION)
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"


@dataclass(frozen=True)
class CloudWatchLogs:
    """client: boto3's. clock: moved by the test."""

    url: str
    client: Any
    clock: SteppingClock
    logs: LogStore
    loop: Loop
    room: LogGroups

    @property
    def now_ms(self) -> int:
        return int(self.clock.now_s() * 1000)

    def create(self, group: str = "orders", *streams: str) -> None:
        self.client.create_log_group(logGroupName=group)
        for stream in streams or ("s1",):
            self.client.create_log_stream(logGroupName=group, logStreamName=stream)

    def push(self, *messages: str, group: str = "orders", stream: str = "s1", at_ms: int | None = None) -> Any:
        begun_ms = self.now_ms if at_ms is None else at_ms
        events = [{"timestamp": begun_ms + number, "message": message} for number, message in enumerate(messages)]
        return self.client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def find(self, pattern: str = "", group: str = "orders", **wanted: Any) -> list[str]:
        """Messages of all pages."""
        pages = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern, **wanted
        )
        return [event["message"] for page in pages for event in page["events"]]

    def print(self, text: str, function: str = "hello", stream: str = "2024/01/31/[$LATEST]1") -> None:
        """As a function does."""
        origin = Origin(
            f"/aws/lambda/{function}",
            stream,
            OWN.function(function),
            "$LATEST",
            "x86_64",
            512,
            "Text",
            Level.INFO,
            Level.INFO,
        )
        self.loop.ask(lambda: LogStream(origin, self.logs, self.clock).write_output(text.encode()), 10)


class Nowhere:
    """Brings nothing anywhere; tests/engine has what subscriptions bring."""

    traces: Mapping[tuple[Scope, str, str], str] = MappingProxyType({})

    def check(self, scope: Scope, group: str, arn: str, role: str | None) -> str | None:
        raise NotImplementedError

    def make(self, *_: object) -> WorkItem:
        raise NotImplementedError

    def put(self, connection: sqlite3.Connection, work: Sequence[WorkItem]) -> None:
        assert not work

    def wake(self, work: Sequence[WorkItem]) -> None:
        assert not work

    def publish(self, metrics: Sequence[object]) -> None:
        assert not metrics


@contextmanager
def serving(folder: Path, clock: Clock | None = None) -> Iterator[CloudWatchLogs]:
    """Until the block ends."""
    moved: Any = clock or SteppingClock(stands=True)
    with ground_in(folder, moved) as ground:
        loop = ground.loop
        logs = LogStore(folder / "logs.db", 64 * 1024 * 1024, loop.post)
        logs.start()
        try:
            logs.wait_until_open()
            room = LogGroups(ground.store, logs, loop, moved, cast(Any, Nowhere))
            room.open_what_is_left()
            with ground.serve(LogService(lambda: room.make_server(OWN)), "logs", room.close) as client:
                yield CloudWatchLogs(ground.url, client, moved, logs, loop, room)
        finally:
            logs.stop()


@pytest.fixture
def cwl(tmp_path: Path) -> Iterator[CloudWatchLogs]:
    """An empty account of one's own."""
    with serving(tmp_path) as cwl:
        yield cwl


def names(found: Sequence[dict[str, Any]], member: str = "logGroupName") -> list[str]:
    return [one[member] for one in found]


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Clock()) as served:
        run_until_killed(served.url)
