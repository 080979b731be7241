"""SIGKILL at any moment while messages, records, events and firings flow at once: nothing is lost, and order holds.

Each may come twice, as on AWS: what was with the function at the kill comes again. A firing is made once all the same.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from own import Served, processes, served
from services_rig import sdk
from teller_rig import teller
from waiting import eventually

ACCOUNT = "000000000000"
EACH, KEYS = 2_500, 250
"""So many by each way, and so many groups or partition keys in those that keep an order."""
SHARE = 500
"""So many of them in a life of the server, which ends somewhere among them."""
SHARE_S = 300.0
"""They take two seconds; on a machine with much else to do a minute was too short."""
AT_ONCE = 10
FIRINGS, FIRST_S, LASTS_S = 200, 10, 40
"""Schedules for once, from so many seconds after the beginning on, over so many."""
ORDERED = ("group", "shard")
# Tells what it is given before it has succeeded.
TELLER = """
import base64, os, urllib.request
def lines(event):
    for record in event.get("Records", ()):
        yield record["body"] if "body" in record else base64.b64decode(record["kinesis"]["data"]).decode()
    if "Records" not in event:
        yield event["detail"]["line"] if "detail" in event else event["line"]
def handler(event, context):
    urllib.request.urlopen(os.environ["TELL"], "\\n".join(lines(event)).encode()).close()
"""


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


FUNCTION = arn("lambda", "function:teller")
Lines = Sequence[tuple[str, str]]
"""Each with its group or partition key."""


def begin(lam: Served, tell: str) -> None:
    """One function, and all that can bring it something."""
    lam.create("teller", TELLER, Timeout=5, Environment={"Variables": {"TELL": tell}})
    sqs, events = sdk(lam, "sqs", ACCOUNT), sdk(lam, "events", ACCOUNT)
    sqs.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "5"})
    sqs.create_queue(QueueName="group.fifo", Attributes={"VisibilityTimeout": "5", "FifoQueue": "true"})
    sdk(lam, "kinesis", ACCOUNT).create_stream(StreamName="shard", ShardCount=4)
    for source in (arn("sqs", "queue"), arn("sqs", "group.fifo")):
        lam.client.create_event_source_mapping(EventSourceArn=source, FunctionName="teller", BatchSize=10)
    lam.client.create_event_source_mapping(
        EventSourceArn=arn("kinesis", "stream/shard"), FunctionName="teller", StartingPosition="TRIM_HORIZON"
    )
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": FUNCTION}])
    enter_firings(sdk(lam, "scheduler", ACCOUNT))


def enter_firings(scheduler: Any) -> None:
    first = datetime.now(UTC) + timedelta(seconds=FIRST_S)
    for number in range(FIRINGS):
        at = first + timedelta(seconds=number * LASTS_S // FIRINGS)
        line = json.dumps({"line": f"firing {number} <aws.scheduler.execution-id>"})
        scheduler.create_schedule(
            Name=f"once-{number}",
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": FUNCTION, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler", "Input": line},
        )


def send_messages(lam: Served, some: Lines) -> Sequence[int]:
    client = sdk(lam, "sqs", ACCOUNT)
    entries = [{"Id": str(at), "MessageBody": line} for at, (line, _) in enumerate(some)]
    answer = client.send_message_batch(QueueUrl=f"{lam.url}/{ACCOUNT}/queue", Entries=entries)
    return [int(one["Id"]) for one in answer["Successful"]]


def send_groups(lam: Served, some: Lines) -> Sequence[int]:
    client = sdk(lam, "sqs", ACCOUNT)
    entries = [
        {"Id": str(at), "MessageBody": line, "MessageGroupId": key, "MessageDeduplicationId": line.replace(" ", "-")}
        for at, (line, key) in enumerate(some)
    ]
    answer = client.send_message_batch(QueueUrl=f"{lam.url}/{ACCOUNT}/group.fifo", Entries=entries)
    return [int(one["Id"]) for one in answer["Successful"]]


def put_records(lam: Served, some: Lines) -> Sequence[int]:
    records = [{"Data": line.encode(), "PartitionKey": key} for line, key in some]
    answer = sdk(lam, "kinesis", ACCOUNT).put_records(StreamName="shard", Records=records)
    assert answer["FailedRecordCount"] == 0
    return range(len(some))


def put_events(lam: Served, some: Lines) -> Sequence[int]:
    entries = [{"Source": "shop", "DetailType": "t", "Detail": json.dumps({"line": line})} for line, _ in some]
    answer = sdk(lam, "events", ACCOUNT).put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0
    return range(len(some))


def invoke(lam: Served, some: Lines) -> Sequence[int]:
    [(line, _)] = some
    lam.client.invoke(FunctionName="teller", InvocationType="Event", Payload=json.dumps({"line": line}))
    return (0,)


Send = Callable[[Served, Lines], Sequence[int]]
"""Raises when the server is gone; else which of them were accepted."""
WAYS: Mapping[str, tuple[Send, int]] = {
    "queue": (send_messages, AT_ONCE),
    "group": (send_groups, AT_ONCE),
    "shard": (put_records, AT_ONCE),
    "bus": (put_events, AT_ONCE),
    "invoke": (invoke, 1),
}


def pour(lam: Served, way: str, lines: Lines, accepted: list[str]) -> int:
    """Line upon line, until the server is gone; how many were tried."""
    send, at_once = WAYS[way]
    for at in range(0, len(lines), at_once):
        some = lines[at : at + at_once]
        try:
            accepted += [some[number][0] for number in send(lam, some)]
        except (BotoCoreError, ClientError):
            return at + at_once
    return len(lines)


def done(sent: Mapping[str, Future[int]]) -> bool:
    """Whether nobody sends any more: who was refused something does not go on."""
    return all(one.done() for one in sent.values())


@pytest.mark.slow
def test_nothing_is_lost_of_all_that_flows_at_once(tmp_path: Path) -> None:
    left: dict[str, Lines] = {
        way: [(f"{way} {number % KEYS} {number // KEYS}", f"key-{number % KEYS}") for number in range(EACH)]
        for way in WAYS
    }
    accepted: list[str] = []
    heard: list[str] = []
    kills = 0
    with teller(heard) as tell:
        while any(left.values()):
            with served(tmp_path, "process") as lam, ThreadPoolExecutor(len(WAYS)) as threads:
                if not kills:
                    begin(lam, tell)
                sent: dict[str, Future[int]] = {
                    way: threads.submit(pour, lam, way, lines[:SHARE], accepted) for way, lines in left.items()
                }
                enough = len(heard) + random.randint(1, sum(len(lines[:SHARE]) for lines in left.values()) // 2 + 1)
                eventually(lambda: len(heard) >= enough or done(sent), "some", SHARE_S)  # noqa: B023
                before = lam.tree()
                lam.process.kill()
                left = {way: lines[sent[way].result() :] for way, lines in left.items()}
                kills += 1
            eventually(lambda: not before & {(number, start) for number, _, start in processes()}, "all of it to end")  # noqa: B023

        with served(tmp_path, "process"):
            wanted = {*accepted, *(f"firing {number}" for number in range(FIRINGS))}
            eventually(lambda: not wanted - set(map(without_id, list(heard))), "all that was accepted")

    firings: dict[str, set[str]] = defaultdict(set)
    order: dict[str, list[int]] = defaultdict(list)
    for line in dict.fromkeys(heard):  # each by when it came first
        way, key, last = line.split()
        if way == "firing":
            firings[key].add(last)
        elif way in ORDERED:
            order[f"{way} {key}"].append(int(last))
    again = Counter(Counter(heard).values())
    print(f"{kills} kills, {len(accepted)} accepted, {len(heard)} came, so many so often: {dict(again)}")
    assert [key for key, ids in firings.items() if len(ids) != 1] == []
    assert [key for key, numbers in order.items() if numbers != sorted(numbers)] == []
    assert len(accepted) > EACH * len(WAYS) // 2


def without_id(line: str) -> str:
    """A firing by its schedule alone."""
    return line.rpartition(" ")[0] if line.startswith("firing") else line
