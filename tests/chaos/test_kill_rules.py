"""SIGKILL at any moment while events are put: each that was accepted reaches its function, queue and other bus."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from lives_rig import CALLERS, pour_through_kills
from own import Served, served
from services_rig import emptied, sdk
from waiting import eventually

EVENTS = 5_000
LIVES_S = (1.0, 5.0)
"""How long a server may live, evenly distributed."""
ACCOUNT = "000000000000"
QUEUES = ("of-rule", "of-bus", "of-function")
WORKER = """
def handler(event, context):
    return event["detail"]["n"]
"""


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{name}"


def begin(lam: Served) -> None:
    """A rule with a queue, a function whose results go to a queue, and another bus that has a queue too."""
    queues, events = sdk(lam, "sqs", ACCOUNT), sdk(lam, "events", ACCOUNT)
    for name in QUEUES:
        queues.create_queue(QueueName=name)
    lam.create("worker", WORKER)
    told: Any = {"OnSuccess": {"Destination": arn("sqs", "of-function")}}
    lam.client.put_function_event_invoke_config(FunctionName="worker", DestinationConfig=told)
    events.create_event_bus(Name="second")
    for bus, targets in (
        ("second", (arn("sqs", "of-bus"),)),
        ("default", (arn("sqs", "of-rule"), arn("lambda", "function:worker"), arn("events", "event-bus/second"))),
    ):
        events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source": ["shop"]}')
        given = [{"Id": str(number), "Arn": target} for number, target in enumerate(targets)]
        events.put_targets(Rule="r", EventBusName=bus, Targets=given)


def pour(lam: Served, first: int, accepted: list[int]) -> None:
    """One caller: event upon event, until the server is gone or there are enough."""
    number, client = first, sdk(lam, "events", ACCOUNT)
    while len(accepted) < EVENTS:
        entry = {"Source": "shop", "DetailType": "t", "Detail": json.dumps({"n": number})}
        try:
            answer = client.put_events(Entries=[entry])
        except (BotoCoreError, ClientError):
            return
        assert answer["FailedEntryCount"] == 0
        accepted.append(number)
        number += CALLERS


def count(client: Any, name: str, found: Counter[int]) -> None:
    """All messages of a queue, by the number in them."""
    for body in emptied(client, name):
        found[body["responsePayload"] if "responsePayload" in body else body["detail"]["n"]] += 1


@pytest.mark.slow
def test_every_event_that_was_accepted_reaches_each_of_its_targets(tmp_path: Path) -> None:
    accepted, kills = pour_through_kills(tmp_path, begin, pour, EVENTS, LIVES_S)

    found: dict[str, Counter[int]] = {name: Counter() for name in QUEUES}
    with served(tmp_path, "process") as lam, ThreadPoolExecutor(CALLERS) as threads:
        client = sdk(lam, "sqs", ACCOUNT, max_pool_connections=CALLERS)

        def all_arrived() -> bool:
            for reader in [threads.submit(count, client, name, numbers) for name, numbers in found.items()]:
                reader.result()
            return all(set(accepted) <= numbers.keys() for numbers in found.values())

        eventually(all_arrived, "all of them to arrive")

    twice = {name: sum(times - 1 for times in numbers.values()) for name, numbers in found.items()}
    print(f"{len(accepted)} events, {kills} kills, more than once: {twice}")
