"""What Firehose has taken outlives the death of its server at any moment, and is delivered by the next one."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import firehose_rig
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from firehose_rig import BUCKET, Buckets, transform
from ground_rig import served_apart
from waiting import eventually

LIVES, WRITERS = 6, 4
SHARE = 2_000
"""So many in a life of the server at the most, but for those that are taken as it ends."""


def delivered(folder: Path, stream: str) -> list[str]:
    """The lines of all objects of a stream."""
    objects = Buckets(folder / "buckets").objects()
    return [line for name, content in objects.items() if f"/{stream}-1-" in name for line in content.decode().split()]


def put(client: Any, life: int, writer: int, taken: list[str]) -> None:
    """Until the server is gone."""
    number = 0
    while True:
        texts = [f"{life}-{writer}-{number + at}\n" for at in range(10)]
        number += 10
        try:
            for stream in ("plain", "upper"):
                answer = client.put_record_batch(
                    DeliveryStreamName=stream, Records=[{"Data": text.encode()} for text in texts]
                )
                assert answer["FailedPutCount"] == 0
        except (BotoCoreError, ClientError):
            return
        taken += [text.strip() for text in texts]


@pytest.mark.slow
def test_every_record_that_was_taken_is_delivered_though_its_server_is_killed_again_and_again(tmp_path: Path) -> None:
    hints = {"BufferingHints": {"IntervalInSeconds": 0}}
    processing = {"ProcessingConfiguration": transform(BufferIntervalInSeconds="0")}
    taken: list[str] = []
    for life in range(LIVES):
        with served_apart(firehose_rig, "firehose", tmp_path) as (client, server):
            if life == 0:
                for name, more in (("plain", {}), ("upper", processing)):
                    client.create_delivery_stream(
                        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=BUCKET | hints | more
                    )
            writers = [
                threading.Thread(target=put, args=(client, life, writer, taken), name=f"writer {writer}")
                for writer in range(WRITERS)
            ]
            for one in writers:
                one.start()
            enough = len(taken) + random.randint(1, SHARE)
            eventually(lambda: len(taken) >= enough, "some of them")  # noqa: B023
            os.kill(server.pid, signal.SIGKILL)
            for one in writers:
                one.join()

    with served_apart(firehose_rig, "firehose", tmp_path):
        for stream in ("plain", "upper"):
            eventually(lambda: set(taken) <= set(delivered(tmp_path, stream)), f"all records of {stream}")  # noqa: B023
    assert len(taken) > 100
