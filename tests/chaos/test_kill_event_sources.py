"""SIGKILL at any moment while messages flow to a function: none that was accepted is lost, and groups keep their order.

Messages may come twice, as on AWS: what was with the function at the kill comes again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from own import Served, processes, served
from services_rig import sdk
from teller_rig import teller
from waiting import eventually

MESSAGES, GROUPS = 5_000, 1_000
"""So many to each of two queues, and so many groups in the one that has some."""
SHARE = 1_000
"""So many to each of them in a life of the server, which ends somewhere among them."""
# Tells what it is given before it has succeeded.
TELLER = """
import os, urllib.request
def handler(event, context):
    bodies = "\\n".join(record["body"] for record in event["Records"])
    urllib.request.urlopen(os.environ["TELL"], bodies.encode()).close()
"""


def sqs(lam: Served) -> Any:
    return sdk(lam, "sqs", "000000000000")


def begin(lam: Served, tell: str) -> None:
    """Two queues, each polled for the function."""
    lam.create("teller", TELLER, Timeout=5, Environment={"Variables": {"TELL": tell}})
    client = sqs(lam)
    for name, more in (("jobs", {}), ("jobs.fifo", {"FifoQueue": "true", "ContentBasedDeduplication": "true"})):
        attributes = {"VisibilityTimeout": "5", **more}
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="teller", BatchSize=10)


def pour(lam: Served, name: str, bodies: Sequence[tuple[str, str]], accepted: list[str]) -> int:
    """Message upon message, until the server is gone; how many were tried. bodies: each with its group."""
    client = sqs(lam)
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    for at in range(0, len(bodies), 10):
        some = bodies[at : at + 10]
        of_group = [{"MessageGroupId": group} if group else {} for _, group in some]
        entries = [{"Id": str(n), "MessageBody": body} | of_group[n] for n, (body, _) in enumerate(some)]
        try:
            answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError):
            return at + 10
        accepted += [some[int(one["Id"])][0] for one in answer["Successful"]]
    return len(bodies)


@pytest.mark.slow
def test_nothing_is_lost_and_groups_keep_their_order(tmp_path: Path) -> None:
    plain = [(f"plain {number}", "") for number in range(MESSAGES)]
    grouped = [(f"{number % GROUPS} {number // GROUPS}", f"g{number % GROUPS}") for number in range(MESSAGES)]
    accepted: list[str] = []
    heard: list[str] = []
    kills = 0
    with teller(heard) as tell:
        while plain or grouped:
            with served(tmp_path, "process") as lam, ThreadPoolExecutor(2) as threads:
                if not kills:
                    begin(lam, tell)
                sent = [
                    threads.submit(pour, lam, name, bodies[:SHARE], accepted)
                    for name, bodies in (("jobs", plain), ("jobs.fifo", grouped))
                ]
                enough = len(heard) + random.randint(1, len(plain[:SHARE] + grouped[:SHARE]) // 2)
                eventually(lambda: len(heard) >= enough, "some of them")  # noqa: B023
                before = lam.tree()
                lam.process.kill()
                plain, grouped = plain[sent[0].result() :], grouped[sent[1].result() :]
                kills += 1
            eventually(lambda: not before & {(number, start) for number, _, start in processes()}, "all of it to end")  # noqa: B023

        with served(tmp_path, "process") as lam:
            eventually(lambda: set(accepted) <= set(heard), "all messages that were accepted")
            client = sqs(lam)
            for name in ("jobs", "jobs.fifo"):
                url = client.get_queue_url(QueueName=name)["QueueUrl"]
                eventually(lambda: _left(client, url) == 0, "an empty queue")  # noqa: B023

    order: dict[str, list[int]] = {}
    for body in dict.fromkeys(heard):  # each by when it came first
        group, number = body.split()
        if group != "plain":
            order.setdefault(group, []).append(int(number))
    again = Counter(Counter(heard).values())
    print(f"{kills} kills, {len(accepted)} accepted, {len(heard)} came, so many so often: {dict(again)}")
    assert [group for group, numbers in order.items() if numbers != sorted(numbers)] == []
    assert max(again) <= kills + 1
    assert len(accepted) > MESSAGES


def _left(client: Any, url: str) -> int:
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))
