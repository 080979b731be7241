"""SIGKILL of the server, or of the services' process, while records of a stream flow to a function.

None that was accepted is lost, and each item's changes keep their order. Records may come twice, as on AWS: what was
with the function at the kill comes again.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from own import Served, processes, served
from services_rig import create_table, sdk
from teller_rig import teller
from waiting import eventually

RECORDS, ITEMS = 10_000, 500
SHARE = 2_000
"""So many in a life of the server, which ends somewhere among them; in every second one its child dies too."""
AT_ONCE = 4
TELLER = """
import os, urllib.request
def handler(event, context):
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    lines = "\\n".join(image["id"]["S"] + " " + image["n"]["N"] for image in images)
    urllib.request.urlopen(os.environ["TELL"], lines.encode()).close()
"""


def dynamodb(lam: Served) -> Any:
    return sdk(lam, "dynamodb", "000000000000")


def begin(lam: Served, tell: str) -> None:
    lam.create("teller", TELLER, Timeout=5, Environment={"Variables": {"TELL": tell}})
    arn = create_table(dynamodb(lam), "items", "NEW_IMAGE")["LatestStreamArn"]
    lam.client.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="teller", StartingPosition="TRIM_HORIZON", ParallelizationFactor=AT_ONCE
    )


def pour(lam: Served, changes: Sequence[tuple[str, int]], accepted: list[str]) -> int:
    """Change upon change, until nobody answers; how many were tried."""
    client = dynamodb(lam)
    for at, (id, number) in enumerate(changes):
        try:
            client.put_item(TableName="items", Item={"id": {"S": id}, "n": {"N": str(number)}})
        except ClientError:
            continue  # the child died of it; whether it was kept nobody knows
        except BotoCoreError:
            return at + 1
        accepted.append(f"{id} {number}")
    return len(changes)


def child_of(lam: Served) -> int | None:
    for number, _ in lam.tree():
        if b"services.child" in (Path("/proc") / str(number) / "cmdline").read_bytes():
            return number
    return None


@pytest.mark.slow
def test_no_record_is_lost_and_items_keep_their_order(tmp_path: Path) -> None:
    changes = [(f"item{number % ITEMS}", number // ITEMS) for number in range(RECORDS)]
    accepted: list[str] = []
    heard: list[str] = []
    kills = 0
    with teller(heard) as tell:
        while changes:
            with served(tmp_path, "process") as lam, ThreadPoolExecutor(1) as threads:
                if not kills:
                    begin(lam, tell)
                sent = threads.submit(pour, lam, changes[:SHARE], accepted)
                enough = len(accepted) + random.randint(1, max(len(changes[:SHARE]) // 2, 1))
                while len(accepted) < enough and not sent.done():
                    before_it = len(accepted)
                    eventually(lambda: len(accepted) > before_it or sent.done(), "one more")  # noqa: B023
                if kills % 2 and (child := child_of(lam)) is not None:
                    os.kill(child, signal.SIGKILL)
                    enough = len(heard) + 1
                    eventually(lambda: len(heard) >= enough or sent.done(), "it to go on")  # noqa: B023
                before = lam.tree()
                lam.process.kill()
                changes = changes[sent.result() :]
                kills += 1
            eventually(lambda: not before & {(number, start) for number, _, start in processes()}, "all of it to end")  # noqa: B023

        with served(tmp_path, "process"):
            while not set(accepted) <= set(heard):
                came = len(heard)
                eventually(lambda: len(heard) > came, "one more that was accepted")  # noqa: B023

    order: dict[str, list[int]] = {}
    for line in dict.fromkeys(heard):  # each by when it came first
        id, number = line.split()
        order.setdefault(id, []).append(int(number))
    again = Counter(Counter(heard).values())
    print(f"{kills} kills, {len(accepted)} accepted, {len(heard)} came, so many so often: {dict(again)}")
    assert [id for id, numbers in order.items() if numbers != sorted(numbers)] == []
    assert max(again) <= 2 * kills + 1
    assert len(accepted) > RECORDS // 2
