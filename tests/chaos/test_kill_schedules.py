"""SIGKILL at any moment while schedules are due: each firing comes, none is made twice; idle ones cost nothing."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from own import Served, served
from services_rig import emptied, sdk
from test_stopping import cpu_s
from waiting import eventually

ACCOUNT = "000000000000"
ONCE, EVERY_MINUTE = 300, 20
BEGINS_S, LASTS_S = 30, 75
"""From the first schedule on; all single times are within those seconds."""
LIVES_S = (0.2, 4.0)
"""How long a server may live once it serves, evenly distributed."""
DUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:due"
TOLD = '{"name": "%s", "at": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>"}'
MANY, REST_S = 1_000, 5.0
NOISE_S = 0.03
"""The kernel counts in hundredths of a second."""


def create(scheduler: Any, name: str, expression: str, **members: Any) -> None:
    target = {"Arn": DUE, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler", "Input": TOLD % name}
    scheduler.create_schedule(
        Name=name, ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"}, Target=target, **members
    )


def begin(lam: Served) -> datetime:
    """When the first is due."""
    sdk(lam, "sqs", ACCOUNT).create_queue(QueueName="due")
    scheduler = sdk(lam, "scheduler", ACCOUNT)
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=BEGINS_S)
    for number in range(ONCE):
        at = first + timedelta(seconds=number * LASTS_S // ONCE)
        create(scheduler, f"once-{number}", f"at({at:%Y-%m-%dT%H:%M:%S})", ActionAfterCompletion="DELETE")
    for number in range(EVERY_MINUTE):
        create(scheduler, f"every-{number}", "rate(1 minute)", StartDate=first)
    return first


@pytest.mark.slow
def test_no_firing_is_lost_or_made_twice_when_the_server_is_killed(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--stems", "0") as lam:
        first = begin(lam)
        lam.process.kill()
    kills, end = 1, first + timedelta(seconds=LASTS_S)
    while datetime.now(UTC) < end:
        with served(tmp_path, "process", "--stems", "0") as lam:
            Event().wait(random.uniform(*LIVES_S))
            lam.process.kill()
            kills += 1

    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    wanted = {f"once-{number}": 1 for number in range(ONCE)} | {f"every-{number}": 2 for number in range(EVERY_MINUTE)}
    with served(tmp_path, "process", "--stems", "0") as lam:
        sqs = sdk(lam, "sqs", ACCOUNT)

        def all_came() -> bool:
            for message in emptied(sqs, "due"):
                found[message["name"], message["at"]].add(message["id"])
            came = [name for name, _ in found]
            return all(came.count(name) >= count for name, count in wanted.items())

        eventually(all_came, "all of them to come")
        left = sdk(lam, "scheduler", ACCOUNT).list_schedules(NamePrefix="once-")["Schedules"]

    print(f"{len(found)} firings, {kills} kills")
    assert left == []
    assert {key: ids for key, ids in found.items() if len(ids) > 1} == {}
    for number in range(EVERY_MINUTE):
        times = sorted(datetime.fromisoformat(at) for name, at in found if name == f"every-{number}")
        assert times == [first + timedelta(minutes=minute) for minute in range(len(times))]


@pytest.mark.slow
def test_a_thousand_schedules_that_are_not_due_cost_no_time_and_no_thread(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--stems", "0") as lam:
        scheduler = sdk(lam, "scheduler", ACCOUNT)
        create(scheduler, "first", "rate(365 days)", StartDate=datetime.now(UTC) + timedelta(days=1))
        eventually(lambda: rest_s(lam) <= NOISE_S, "it to rest")
        threads = threads_of(lam)
        for number in range(MANY):
            create(scheduler, f"idle-{number}", "cron(0 9 1 1 ? 2090)", ScheduleExpressionTimezone="Asia/Tokyo")

        eventually(lambda: rest_s(lam) <= NOISE_S, "it to rest")
        assert threads_of(lam) <= threads


def rest_s(lam: Served) -> float:
    """The time of the processor that it takes while nothing happens."""
    before_s = cpu_s(lam.process)
    Event().wait(REST_S)
    return cpu_s(lam.process) - before_s


def threads_of(lam: Served) -> int:
    return len(list(Path(f"/proc/{lam.process.pid}/task").iterdir()))
