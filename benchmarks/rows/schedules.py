"""Schedules: what idle ones cost, how late a function begins, and how long many take that are due at once."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime
from math import ceil
from statistics import median
from typing import Any

from benchmarks.emulator import Emulator
from benchmarks.functions import client_of
from benchmarks.rows.sources import share_of_a_core
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict
from benchmarks.waiting import wait_for

IDLE = 1_000
FIRINGS, AHEAD_S = 15, 3
AT_ONCE = 3_000
CREATED_A_SECOND = 100
"""Many fewer than can be, so that all are there before they are due."""
LIMIT_S = 30
ACCOUNT = "000000000000"
FUNCTION, QUEUE = "tells", "due"


def schedules(_stage: Stage) -> list[Verdict]:
    """As processes, so that the handler can tell when it began."""
    with Emulator("--engine", "process", stems=0) as emulator:
        emulator.functions.create([FUNCTION], "app.tells")
        sqs = client_of(emulator.address.url, "sqs")
        url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        scheduler = client_of(emulator.address.url, "scheduler")
        return [_idle(emulator, scheduler), _late(scheduler), _many(scheduler, sqs, url)]


def _idle(emulator: Emulator, scheduler: Any) -> Verdict:
    before = share_of_a_core(emulator.pid)
    for number in range(IDLE):
        _create(scheduler, f"idle-{number}", "cron(0 9 1 1 ? 2090)", f"arn:aws:sqs:us-east-1:{ACCOUNT}:{QUEUE}")
    share = max(share_of_a_core(emulator.pid) - before, 0.0)
    return Verdict(f"{IDLE:,} schedules that are not due", share * 100, "% of a core", 0.1, "0.1 %", 1.0)


def _late(scheduler: Any) -> Verdict:
    """From the second in which it is due to the moment its handler begins; one a second."""
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FUNCTION}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        told = json.dumps({"Records": [{"s3": {"object": {"key": f"{listener.getsockname()[1]}/x"}}}]})
        first_s = ceil(time.time()) + AHEAD_S
        for number in range(FIRINGS):
            _create(scheduler, f"late-{number}", _at(first_s + number), arn, Input=told)
        late_ms = []
        for number in range(FIRINGS):
            with listener.accept()[0] as heard:
                late_ms.append((float(heard.recv(64)) - first_s - number) * 1000)
    return Verdict("due to handler's start, p50", median(late_ms[1:]), "ms", 10.0, "10 ms", 1.0)


def _many(scheduler: Any, sqs: Any, url: str) -> Verdict:
    due_s = ceil(time.time()) + AT_ONCE // CREATED_A_SECOND
    for number in range(AT_ONCE):
        _create(scheduler, f"many-{number}", _at(due_s), f"arn:aws:sqs:us-east-1:{ACCOUNT}:{QUEUE}")
    assert time.time() < due_s, "this machine is too slow: they are due before all are made"
    counted = "ApproximateNumberOfMessages"

    def all_there() -> bool:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[counted])["Attributes"]
        return int(found[counted]) >= AT_ONCE

    wait_for(all_there, "all of them")
    return Verdict(f"{AT_ONCE:,} due at once, all in a queue", time.time() - due_s, "s", 2.0, "2 s", 1.0)


def _create(scheduler: Any, name: str, expression: str, arn: str, **members: Any) -> None:
    target = {"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/bench", **members}
    window = {"Mode": "OFF"}
    scheduler.create_schedule(Name=name, ScheduleExpression=expression, FlexibleTimeWindow=window, Target=target)


def _at(epoch_s: int) -> str:
    return f"at({datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%S})"
