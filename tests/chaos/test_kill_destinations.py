"""SIGKILL at any moment while events pour in: what became of each that was accepted reaches its queue."""

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

EVENTS = 10_000
LIVES_S = (1.0, 6.0)
"""How long a server may live, evenly distributed."""
WORKER = """
def handler(event, context):
    if event["n"] % 10 == 0: raise ValueError("every tenth")
    return event["n"]
"""
QUEUE, DEAD = (f"arn:aws:sqs:us-east-1:000000000000:{name}" for name in ("results", "dead"))


def sqs(lam: Served) -> Any:
    return sdk(lam, "sqs", "000000000000", max_pool_connections=CALLERS)


def begin(lam: Served) -> None:
    """A function whose results go to a queue, and whose dead letters go to another."""
    client = sqs(lam)
    for name in ("results", "dead"):
        client.create_queue(QueueName=name)
    lam.create("worker", WORKER, DeadLetterConfig={"TargetArn": DEAD})
    told: Any = {outcome: {"Destination": QUEUE} for outcome in ("OnSuccess", "OnFailure")}
    lam.client.put_function_event_invoke_config(FunctionName="worker", MaximumRetryAttempts=0, DestinationConfig=told)


def pour(lam: Served, first: int, accepted: list[int]) -> None:
    """One caller: event upon event, until the server is gone or there are enough."""
    number = first
    while len(accepted) < EVENTS:
        try:
            lam.client.invoke(FunctionName="worker", InvocationType="Event", Payload=json.dumps({"n": number}))
        except (BotoCoreError, ClientError):
            return
        accepted.append(number)
        number += CALLERS


def count(client: Any, name: str, found: Counter[int], read: Any) -> None:
    """All messages of a queue, by the number in them."""
    found.update(read(body) for body in emptied(client, name))


@pytest.mark.slow
def test_the_result_of_every_event_that_was_accepted_arrives(tmp_path: Path) -> None:
    accepted, kills = pour_through_kills(tmp_path, begin, pour, EVENTS, LIVES_S)

    results: Counter[int] = Counter()
    letters: Counter[int] = Counter()
    with served(tmp_path, "process") as lam, ThreadPoolExecutor(CALLERS) as threads:
        client = sqs(lam)

        def all_arrived() -> bool:
            readers = [threads.submit(count, client, "results", results, lambda one: one["requestPayload"]["n"])]
            readers += [threads.submit(count, client, "dead", letters, lambda one: one["n"])]
            for reader in readers:
                reader.result()
            return set(accepted) <= results.keys() and {n for n in accepted if n % 10 == 0} <= letters.keys()

        eventually(all_arrived, "all of them to arrive")

    twice = sum(times - 1 for times in results.values())
    print(f"{len(accepted)} events, {kills} kills, {twice} records more than once")
    assert {n for n in letters if n % 10} == set()
