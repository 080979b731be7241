"""SIGKILL of the server while records are put to a stream of Kinesis whose shards are split and merged, and flow to a
function: none that was accepted is lost, its number stays, and each key keeps its order. Records may come twice, as on
AWS: what was with the function at the kill comes again.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
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

RECORDS, KEYS, WRITERS = 10_000, 400, 4
SHARE = 1_000
"""So many in a life of the server, which ends somewhere among them."""
AT_ONCE = 3
COUNTS = (2, 4, 3, 2, 1)
"""Of shards, one after the other, in turns."""
TELLER = """
import base64, os, urllib.request
def handler(event, context):
    lines = "\\n".join(base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"])
    urllib.request.urlopen(os.environ["TELL"], lines.encode()).close()
"""


def kinesis(lam: Served) -> Any:
    return sdk(lam, "kinesis", "000000000000")


def begin(lam: Served, tell: str) -> None:
    lam.create("teller", TELLER, Timeout=5, Environment={"Variables": {"TELL": tell}})
    client = kinesis(lam)
    client.create_stream(StreamName="items", ShardCount=1)
    lam.client.create_event_source_mapping(
        EventSourceArn=client.describe_stream_summary(StreamName="items")["StreamDescriptionSummary"]["StreamARN"],
        FunctionName="teller",
        StartingPosition="TRIM_HORIZON",
        ParallelizationFactor=AT_ONCE,
    )


def pour(lam: Served, lines: Sequence[str], accepted: dict[str, int]) -> int:
    """Record upon record, until nobody answers; how many were tried."""
    client = kinesis(lam)
    for at, line in enumerate(lines):
        try:
            put = client.put_record(StreamName="items", Data=line, PartitionKey=line.split()[0])
        except BotoCoreError:
            return at + 1
        accepted[line] = int(put["SequenceNumber"])
    return len(lines)


def reshape(lam: Served, count: int) -> None:
    """Until nobody answers. A count that is not within reach is refused."""
    try:
        kinesis(lam).update_shard_count(StreamName="items", TargetShardCount=count, ScalingType="UNIFORM_SCALING")
    except (BotoCoreError, ClientError):
        return


def all_of(lam: Served) -> dict[str, list[tuple[int, str]]]:
    """What lies in each shard, in its order: numbers and lines."""
    client = kinesis(lam)
    found: dict[str, list[tuple[int, str]]] = {}
    for shard in client.list_shards(StreamName="items")["Shards"]:
        id = shard["ShardId"]
        wanted = {"StreamName": "items", "ShardId": id, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = client.get_shard_iterator(**wanted)["ShardIterator"]
        records = found[id] = []
        while iterator is not None:
            page = client.get_records(ShardIterator=iterator)
            records += [(int(one["SequenceNumber"]), one["Data"].decode()) for one in page["Records"]]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    return found


@pytest.mark.slow
def test_no_record_is_lost_and_keys_keep_their_order_while_shards_change(tmp_path: Path) -> None:
    """Each writer has keys of its own, so that it knows in which order they were put."""
    todo = [[f"key{key} {n}" for n in range(RECORDS // KEYS) for key in range(KEYS) if key % WRITERS == which]
            for which in range(WRITERS)]  # fmt: skip
    accepted: dict[str, int] = {}
    heard: list[str] = []
    kills = 0
    with teller(heard) as tell:
        while any(todo):
            with served(tmp_path, "process") as lam, ThreadPoolExecutor(WRITERS) as threads:
                if not kills:
                    begin(lam, tell)
                share = SHARE // WRITERS
                sent = [threads.submit(pour, lam, lines[:share], accepted) for lines in todo]
                enough = len(accepted) + random.randint(1, max(sum(len(lines[:share]) for lines in todo) // 2, 1))
                eventually(lambda: len(accepted) >= enough or all(one.done() for one in sent), "some of them")  # noqa: B023
                reshape(lam, COUNTS[kills % len(COUNTS)])
                enough = len(accepted) + random.randint(1, 100)
                eventually(lambda: len(accepted) >= enough or all(one.done() for one in sent), "some more")  # noqa: B023
                before = lam.tree()
                lam.process.kill()
                todo = [lines[one.result() :] for lines, one in zip(todo, sent, strict=True)]
                kills += 1
            eventually(lambda: not before & {(number, start) for number, _, start in processes()}, "all of it to end")  # noqa: B023

        with served(tmp_path, "process") as lam:
            lies = all_of(lam)
            while not set(accepted) <= set(heard):
                came = len(heard)
                eventually(lambda: len(heard) > came, "one more that was accepted")  # noqa: B023

    numbers = {line: number for records in lies.values() for number, line in records}
    again = Counter(Counter(heard).values())
    often = dict(again)
    print(f"{kills} kills, {len(accepted)} accepted, {len(heard)} came, so many so often: {often}; {len(lies)} shards")
    assert {line: number for line, number in accepted.items() if numbers.get(line) != number} == {}
    assert all(records == sorted(records) for records in lies.values())
    order: defaultdict[str, list[int]] = defaultdict(list)
    for line in dict.fromkeys(heard):  # each by when it came first
        key, n = line.split()
        order[key].append(int(n))
    assert [key for key, found in order.items() if found != sorted(found)] == []
    assert max(again) <= kills + 1
    assert len(accepted) > RECORDS // 2
    assert len(lies) > len(COUNTS)
