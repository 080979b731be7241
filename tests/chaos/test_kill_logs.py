"""SIGKILL at any moment while events are pushed to a log: each that was answered is there, and came to the stream."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from lives_rig import CALLERS, pour_through_kills
from own import Served, served
from services_rig import sdk
from waiting import eventually

from lambda_emu.clock import Clock

EVENTS = 5_000
LIVES_S = (1.0, 4.0)
"""How long a server may live, evenly distributed."""
ACCOUNT = "000000000000"
GROUP = {"logGroupName": "orders"}


def begin(lam: Served) -> None:
    """A group with a stream for each caller, whose events go to a stream of Kinesis."""
    kinesis, logs = sdk(lam, "kinesis", ACCOUNT), sdk(lam, "logs", ACCOUNT)
    kinesis.create_stream(StreamName="logged", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="logged")["StreamDescriptionSummary"]["StreamARN"]
    logs.create_log_group(**GROUP)
    for caller in range(CALLERS):
        logs.create_log_stream(**GROUP, logStreamName=f"s{caller}")
    role = f"arn:aws:iam::{ACCOUNT}:role/logs"
    logs.put_subscription_filter(**GROUP, filterName="all", filterPattern="", destinationArn=arn, roleArn=role)


def pour(lam: Served, first: int, answered: list[int]) -> None:
    """One caller: event upon event, until the server is gone or there are enough."""
    number, client = first, sdk(lam, "logs", ACCOUNT)
    stream = f"s{first % CALLERS}"
    while len(answered) < EVENTS:
        event = {"timestamp": int(Clock.now_s() * 1000), "message": f"{number}"}
        try:
            client.put_log_events(**GROUP, logStreamName=stream, logEvents=[event])
        except (BotoCoreError, ClientError):
            return
        answered.append(number)
        number += CALLERS


def logged(lam: Served) -> Counter[int]:
    pages = sdk(lam, "logs", ACCOUNT).get_paginator("filter_log_events").paginate(**GROUP)
    return Counter(int(event["message"]) for page in pages for event in page["events"])


def brought(lam: Served) -> Counter[int]:
    """What lies in the stream, from its beginning."""
    kinesis, found = sdk(lam, "kinesis", ACCOUNT), Counter[int]()
    beginning: Any = {"StreamName": "logged", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    at = kinesis.get_shard_iterator(**beginning)["ShardIterator"]
    while records := (answer := kinesis.get_records(ShardIterator=at))["Records"]:
        at = answer["NextShardIterator"]
        for record in records:
            payload = json.loads(gzip.decompress(record["Data"]))
            if payload["messageType"] == "DATA_MESSAGE":
                found.update(int(event["message"]) for event in payload["logEvents"])
    return found


@pytest.mark.slow
def test_every_event_that_was_answered_is_logged_once_and_brought(tmp_path: Path) -> None:
    answered, kills = pour_through_kills(tmp_path, begin, pour, EVENTS, LIVES_S)

    with served(tmp_path, "process") as lam:
        there = logged(lam)
        eventually(lambda: set(there) <= brought(lam).keys(), "all of them to arrive")
        twice = sum(count - 1 for count in brought(lam).values())

    assert set(answered) <= there.keys()
    assert set(there.values()) == {1}
    print(f"{len(answered)} events, {kills} kills, brought more than once: {twice}")
