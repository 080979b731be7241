"""What Kinesis acknowledged outlives the death of its server, in its order; what cannot be kept is not acknowledged."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kinesis_rig
import pytest
from api_rig import refused
from botocore.exceptions import BotoCoreError, ClientError
from ground_rig import served_apart
from kinesis_rig import serving
from store_rig import files_end_at

from lambda_emu.services.journal.journal import HALF_BYTES

RECORDS, THREADS, SHARDS = 1_000, 8, 3


def all_of(client: Any, shard: int) -> list[tuple[str, str]]:
    """Data and number of every record."""
    wanted = {"ShardId": f"shardId-{shard:012d}", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(StreamName="s", **wanted)["ShardIterator"]
    found: list[tuple[str, str]] = []
    while got := client.get_records(ShardIterator=iterator):
        if not got["Records"]:
            return found
        found += [(one["Data"].decode().strip(), one["SequenceNumber"]) for one in got["Records"]]
        iterator = got["NextShardIterator"]
    return found


@pytest.mark.parametrize("large", [0, 70_000], ids=["journal", "commits beside it"])
def test_every_record_that_was_acknowledged_outlives_a_kill_with_its_number(tmp_path: Path, large: int) -> None:
    """large: so much every tenth has, which the journal does not take."""
    with served_apart(kinesis_rig, "kinesis", tmp_path) as (client, server):
        client.create_stream(StreamName="s", ShardCount=SHARDS)
        acknowledged: list[tuple[str, str]] = []
        enough, killed = threading.Event(), threading.Event()

        def put(number: int) -> None:
            data = str(number).ljust(large if number % 10 == 0 else 0)
            try:
                told = client.put_record(StreamName="s", Data=data, PartitionKey=str(number))
                acknowledged.append((str(number), told["SequenceNumber"]))
            except (BotoCoreError, ClientError):
                if not killed.is_set():
                    raise
            if len(acknowledged) >= RECORDS * 3 // 4:
                enough.set()

        with ThreadPoolExecutor(THREADS) as threads:
            putting = [threads.submit(put, number) for number in range(RECORDS)]
            assert enough.wait(60)
            killed.set()
            os.kill(server.pid, signal.SIGKILL)
            for one in putting:
                one.result()

    with served_apart(kinesis_rig, "kinesis", tmp_path) as (client, _):
        found = [all_of(client, shard) for shard in range(SHARDS)]

    assert set(acknowledged) - {one for shard in found for one in shard} == set()
    for shard in found:
        numbers = [int(number) for _, number in shard]
        assert numbers == sorted(set(numbers))


def test_what_a_full_disk_cannot_keep_is_refused_and_can_be_put_again(tmp_path: Path) -> None:
    """When the server began there was no room for the journal either."""
    with files_end_at(HALF_BYTES):
        opened = serving(tmp_path)
        kinesis = opened.__enter__()
    try:
        kinesis.create("s")
        with files_end_at(0), refused("InternalFailure"):
            kinesis.put("s", "lost")
        with files_end_at(0):
            entry = {"Data": b"lost", "PartitionKey": "k"}
            told = kinesis.client.put_records(StreamName="s", Records=[entry])
        assert (told["FailedRecordCount"], told["Records"][0]["ErrorCode"]) == (1, "InternalFailure")

        kinesis.put("s", "kept")

        assert kinesis.texts("s") == ["kept"]
    finally:
        opened.__exit__(None, None, None)


def test_a_split_that_cannot_be_kept_did_not_happen(tmp_path: Path) -> None:
    with serving(tmp_path) as kinesis:
        kinesis.create("s")
        with files_end_at(0), refused("InternalFailure"):
            kinesis.client.split_shard(
                StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 127)
            )

        kinesis.put("s", "one")

        assert len(kinesis.shards("s")) == 1
        assert kinesis.texts("s") == ["one"]
