"""Kinesis over a real store, served to real clients, at a time that a test moves. As a program: until it is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from api_rig import signed
from ground_rig import ACCOUNT, REGION, ground_in, run_until_killed

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.services.kinesis.late import LateStreams
from lambda_emu.services.kinesis.service import StreamService
from lambda_emu.services.kinesis.serving import StreamServer
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.store import Store

ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/"


@dataclass(frozen=True)
class Kinesis:
    """A served Kinesis. client: boto3's. clock: moved by the test."""

    port: int
    client: Any
    clock: SteppingClock
    streams: Streams
    loop: Loop
    store: Store

    def create(self, name: str, shards: int = 1, **wanted: Any) -> str:
        """Its ARN."""
        self.client.create_stream(StreamName=name, ShardCount=shards, **wanted)
        return ARN + name

    def put(self, name: str, *texts: str, key: str = "k") -> list[str]:
        """Their sequence numbers."""
        return [
            self.client.put_record(StreamName=name, Data=text.encode(), PartitionKey=key)["SequenceNumber"]
            for text in texts
        ]

    def iterator(self, name: str, kind: str = "TRIM_HORIZON", shard: int = 0, **wanted: Any) -> str:
        asked = {"StreamName": name, "ShardId": f"shardId-{shard:012d}", "ShardIteratorType": kind, **wanted}
        return str(self.client.get_shard_iterator(**asked)["ShardIterator"])

    def read(self, iterator: str, **wanted: Any) -> dict[str, Any]:
        got: dict[str, Any] = self.client.get_records(ShardIterator=iterator, **wanted)
        return got

    def texts(self, name: str, kind: str = "TRIM_HORIZON", shard: int = 0, **wanted: Any) -> list[str]:
        return texts_of(self.read(self.iterator(name, kind, shard, **wanted)))

    def shards(self, name: str, **wanted: Any) -> list[dict[str, Any]]:
        return list(self.client.list_shards(StreamName=name, **wanted)["Shards"])

    def ask(self, operation: str, body: bytes, kind: str = "application/x-amz-json-1.1") -> tuple[int, bytes]:
        """Status and body of what no SDK would send."""
        headers = {
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "Content-Type": kind,
            "Authorization": signed(ACCOUNT).replace("/lambda/", "/kinesis/"),
        }
        try:
            with urlopen(Request(f"http://127.0.0.1:{self.port}/", body, headers), timeout=10) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()


def texts_of(page: dict[str, Any]) -> list[str]:
    return [one["Data"].decode() for one in page["Records"]]


@contextmanager
def serving(folder: Path, clock: Clock | None = None) -> Iterator[Kinesis]:
    """Until the block ends."""
    moved: Any = clock or SteppingClock(stands=True)
    with ground_in(folder, moved) as ground:
        streams = LateStreams(ground.store, ground.loop, moved).open()
        service = StreamService(lambda: StreamServer(streams, moved, Scope(ACCOUNT, REGION)))
        with ground.serve(service, "kinesis", streams.close) as client:
            yield Kinesis(ground.port, client, moved, streams, ground.loop, ground.store)


@pytest.fixture
def kinesis(tmp_path: Path) -> Iterator[Kinesis]:
    """An empty account of one's own."""
    with serving(tmp_path) as kinesis:
        yield kinesis


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Clock()) as served:
        run_until_killed(f"http://127.0.0.1:{served.port}")
