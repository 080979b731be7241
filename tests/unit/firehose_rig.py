"""Firehose over a real store, served to real clients; buckets are folders, functions are those of the test.

As a program: a server of its own, which runs until it is killed, and delivers after a second.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from ground_rig import ACCOUNT, REGION, ground_in, run_until_killed
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, SteppingClock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.services.firehose import table
from lambda_emu.services.firehose.judging import Answer
from lambda_emu.services.firehose.running import DeliveryContext
from lambda_emu.services.firehose.service import FirehoseService
from lambda_emu.services.firehose.serving import FirehoseServer
from lambda_emu.services.firehose.stream import StreamRecord
from lambda_emu.services.firehose.streams import MOST_WAITING_BYTES, DeliveryStreams
from lambda_emu.services.late import ask_store
from lambda_emu.store import Store

ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
BUCKET = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs"}
NOW_S = 1_800_000_000.0
"""2027-01-15T08:00:00Z, when a test begins."""


class Buckets:
    """A small S3: each object a file. is_away: it answers nobody. asked: how often it was."""

    def __init__(self, folder: Path) -> None:
        self.is_away = False
        self.asked = 0
        self.members: dict[str, Mapping[str, Any]] = {}
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        assert (service, operation) == ("s3", "PutObject")
        self.asked += 1
        if self.is_away:
            raise ConnectionError("S3 is away")
        name = f"{parameters['Bucket']}/{parameters['Key']}"
        self.members[name] = {key: value for key, value in parameters.items() if key != "Body"}
        with NamedTemporaryFile(dir=self._folder.parent, delete=False) as file:  # an object is there whole, or not
            file.write(parameters["Body"].read())
        Path(file.name).rename(self._folder / quote(name, safe=""))
        return {}

    def objects(self) -> dict[str, bytes]:
        """By bucket and key."""
        return {unquote(path.name): path.read_bytes() for path in sorted(self._folder.iterdir())}


@dataclass
class Function:
    """What the test has a function do. events: what it was asked with."""

    does: Callable[[dict[str, Any]], Answer] = lambda _: Answer(b"null")
    events: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, stream: StreamRecord, arn: str, _role: str, event: bytes) -> Answer:
        assert arn == FUNCTION
        self.events.append(json.loads(event))
        return self.does(self.events[-1])


class Watched:
    """A clock as delivery streams have it. timers: theirs that have not fired."""

    def __init__(self, clock: Clock) -> None:
        self.timers: set[Timer] = set()
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        def fire() -> None:
            self.timers.discard(timer)
            callback()

        timer = self._clock.call_later(delay_s, fire)
        self.timers.add(timer)
        return timer


@dataclass(frozen=True)
class Firehose:
    """A served Firehose. client: boto3's. clock: moved by the test."""

    port: int
    client: Any
    clock: SteppingClock
    streams: DeliveryStreams
    buckets: Buckets
    function: Function
    loop: Loop
    store: Store
    watched: Watched

    def create(self, name: str = "s", **destination: Any) -> str:
        """Its ARN. destination: members of its ExtendedS3 beside role and bucket."""
        wanted = BUCKET | destination
        made = self.client.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=wanted)
        return str(made["DeliveryStreamARN"])

    def update(self, name: str = "s", **destination: Any) -> None:
        self.client.update_destination(
            DeliveryStreamName=name,
            CurrentDeliveryStreamVersionId=self.describe(name)["VersionId"],
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate=destination,
        )

    def describe(self, name: str = "s") -> dict[str, Any]:
        return dict(self.client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"])

    def destination(self, name: str = "s") -> dict[str, Any]:
        return dict(self.describe(name)["Destinations"][0]["ExtendedS3DestinationDescription"])

    def put(self, *texts: str, name: str = "s") -> None:
        for text in texts:
            self.client.put_record(DeliveryStreamName=name, Record={"Data": text.encode()})

    def waits(self, name: str = "s") -> int:
        """How many bytes wait in a stream."""
        return self.loop.ask(lambda: self.streams.find(Scope(ACCOUNT, REGION), name).waits, 10)

    def objects(self, count: int) -> dict[str, bytes]:
        """So many, once they are there, by bucket and key."""
        eventually(lambda: len(self.buckets.objects()) >= count, f"{count} objects")
        found = self.buckets.objects()
        assert len(found) == count
        return found

    def after(self, seconds: float, count: int) -> list[bytes]:
        """What so many objects have in them, once so much time was over."""
        self.clock.advance(seconds)
        return list(self.objects(count).values())


def ok(event: dict[str, Any], change: Callable[[bytes], bytes] = bytes.upper) -> Answer:
    """All records are transformed."""
    from base64 import b64decode

    return answered(
        {
            "recordId": one["recordId"],
            "result": "Ok",
            "data": b64encode(change(b64decode(one["data"]))).decode(),
        }
        for one in event["records"]
    )


def answered(records: Any) -> Answer:
    return Answer(json.dumps({"records": list(records)}).encode())


def transform(*others: dict[str, Any], **parameters: str) -> dict[str, Any]:
    """A processing configuration with our function; parameters: of it beside its ARN."""
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    arn = {"ParameterName": "LambdaArn", "ParameterValue": FUNCTION}
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": [arn, *named]}, *others]}


def _no_source(_: object) -> Callable[[], None]:
    pytest.fail("no stream here has a source")


async def _anything(stream: StreamRecord, role: str, action: str, resource: str) -> str | None:  # noqa: ARG001
    """Roles may."""
    return None


@contextmanager
def serving(
    folder: Path, clock: Clock | None = None, most_waiting: int = MOST_WAITING_BYTES, function: Function | None = None
) -> Iterator[Firehose]:
    """Until the block ends."""
    moved: Any = clock
    if clock is None:
        moved = SteppingClock(stands=True)
        moved.set_wall(NOW_S - moved.now_s())
    with ground_in(folder, moved) as ground:
        store, loop, watched = ground.store, ground.loop, Watched(moved)
        buckets, function = Buckets(folder / "buckets"), function or Function()
        context = DeliveryContext(store, loop, cast(Clock, watched), buckets.call, function.ask, _no_source, _anything)
        streams = DeliveryStreams(context, most_waiting)
        left = ask_store(store, table.read_all, 60)
        loop.ask(lambda: streams.take_over(left), 60)
        service = FirehoseService(lambda: FirehoseServer(streams, moved, Scope(ACCOUNT, REGION)))
        with ground.serve(service, "firehose", streams.close) as client:
            yield Firehose(ground.port, client, moved, streams, buckets, function, loop, store, watched)


@pytest.fixture
def firehose(tmp_path: Path) -> Iterator[Firehose]:
    """An empty account of one's own."""
    with serving(tmp_path) as firehose:
        yield firehose


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Clock(), function=Function(ok)) as served:
        run_until_killed(f"http://127.0.0.1:{served.port}")
