"""Scheduler over a real store, served to real clients, at a time that a test moves; its work stays in the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from ground_rig import ACCOUNT, REGION, ground_in
from timetable_rig import settle

from lambda_emu.arn import Scope
from lambda_emu.clock import SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.services.scheduler.firing import DueSchedules, payload_of
from lambda_emu.services.scheduler.schedule import Schedule
from lambda_emu.services.scheduler.service import SchedulerService
from lambda_emu.services.scheduler.serving import SchedulerServer
from lambda_emu.services.timetable.table import Firing
from lambda_emu.services.timetable.timetable import Timetable
from lambda_emu.store import Store, WorkItem

TARGET = {
    "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
}


@dataclass
class Scheduler:
    """client: boto3's. sent: what targets were to get, by schedule."""

    client: Any
    port: int
    clock: SteppingClock
    loop: Loop
    store: Store
    timetable: Timetable
    sent: list[tuple[str, Any]] = field(default_factory=list)

    def create(self, name: str, expression: str, **members: Any) -> str:
        wanted = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET} | members
        arn: str = self.client.create_schedule(Name=name, ScheduleExpression=expression, **wanted)["ScheduleArn"]
        return arn

    def update(self, name: str, expression: str, **members: Any) -> None:
        wanted = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET} | members
        self.client.update_schedule(Name=name, ScheduleExpression=expression, **wanted)

    def get(self, name: str, **members: Any) -> dict[str, Any]:
        found = self.client.get_schedule(Name=name, **members)
        return {key: value for key, value in found.items() if key != "ResponseMetadata"}

    def after(self, seconds: float) -> list[tuple[str, Any]]:
        """Move time ahead; all that was sent until then."""
        self.settle()
        self.clock.advance(seconds)
        self.settle()
        return self.sent

    def settle(self) -> None:
        """What is due is fired."""
        settle(self.store, self.loop, self.timetable)


def client_of(port: int, account: str = ACCOUNT, region: str = REGION) -> Any:
    return client_at(f"http://127.0.0.1:{port}", "scheduler", account, region)


@contextmanager
def serving(folder: Path, ahead_s: float = 0.0) -> Iterator[Scheduler]:
    """Until the block ends. ahead_s: of the machine's time."""
    clock = SteppingClock(stands=True)
    with ground_in(folder, clock) as ground:
        store, loop = ground.store, ground.loop
        clock.advance(ahead_s)
        sent: list[tuple[str, Any]] = []

        def make_work(schedule: Schedule, firing: Firing) -> Sequence[WorkItem]:
            payload = json.dumps([schedule.name, json.loads(payload_of(schedule, firing, "id"))])
            return [WorkItem(clock.new_id(), "test", 0.0, payload)]

        owner = DueSchedules(make_work, lambda work: sent.extend(tuple(json.loads(one.record)) for one in work))
        timetable = Timetable(store, loop, clock, {"scheduler": owner})
        loop.ask(timetable.start, 10)
        service = SchedulerService(lambda: SchedulerServer(store, loop, clock, Scope(ACCOUNT, REGION), timetable))
        with ground.serve(service, "scheduler", timetable.close) as client:
            rig = Scheduler(client, ground.port, clock, loop, store, timetable, sent)
            rig.settle()
            yield rig


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    """An empty account of one's own."""
    with serving(tmp_path) as served:
        yield served
