"""A stream as the source of a mapping: every record once and in its order, whatever becomes of shards."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ground_rig import ACCOUNT, REGION
from kinesis_rig import ARN, Kinesis, kinesis
from waiting import eventually

from lambda_emu.event_sources.poller import BatchVerdict, Poller, Record, Result, SourceEnded
from lambda_emu.event_sources.streams.kinesis_own import KinesisStreams
from lambda_emu.event_sources.streams.positions import Positions
from lambda_emu.event_sources.streams.source import Streams
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.refusals import StreamNotFound
from lambda_emu.model.mappings.sources import SourceKind

__all__ = ["kinesis"]
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
HALF = 1 << 127


class Reading:
    """Whoever drives the mapping's pollers: what they fetched, settled at once as having succeeded.

    stuck: a key whose records are with the function for ever.
    """

    def __init__(self, kinesis: Kinesis, streams: Streams, mapping: EventSourceMapping, stuck: str = "") -> None:
        self._stuck = stuck
        self.records: list[Record] = []
        self.events: list[dict[str, Any]] = []
        self.pollers: list[Poller] = []
        self.ended: list[Poller] = []
        self._loop = kinesis.loop
        self.source = streams.open(mapping)
        self._stopped = False
        self._loop.ask(lambda: self.source.start(self._begin), 10)

    @property
    def texts(self) -> list[str]:
        return [b64decode(json.loads(one.json)["kinesis"]["data"]).decode() for one in self.records]

    def stop(self) -> None:
        def stop() -> None:
            self._stopped = True
            self.source.stop()
            for poller in self.pollers:
                poller.interrupt()

        self._loop.ask(stop, 10)

    def _begin(self, poller: Poller, _: object) -> None:
        self.pollers.append(poller)
        self._loop.spawn(self._drive(poller), "a poller of the test")

    async def _drive(self, poller: Poller) -> None:
        while not self._stopped:
            try:
                fetched = await poller.fetch(100, 600.0)
            except SourceEnded:
                self.ended.append(poller)
                return
            if any(record.place.key.decode() == self._stuck for record in fetched.records):
                return
            if fetched.records or fetched.whole:
                self.records += fetched.records
                self.events.append(json.loads(poller.event(fetched.records)))
                await poller.settle(fetched.records, Result(BatchVerdict.OK, "id"))


def mapping_of(position: str = "TRIM_HORIZON", **settings: Any) -> EventSourceMapping:
    return EventSourceMapping(
        uuid="11111111-1111-4111-8111-111111111111",
        kind=SourceKind.KINESIS,
        function_arn=FUNCTION,
        state=MappingState.ENABLED,
        enabled=True,
        last_modified_s=0.0,
        source_arn=ARN + "s",
        settings={"StartingPosition": position, **settings},
    )


def kind_of(kinesis: Kinesis) -> Streams:
    positions = Positions(kinesis.store, kinesis.loop, lambda _: None)
    kind = KinesisStreams(kinesis.streams, lambda _: ROLE)
    return Streams(kind, positions, lambda *_: None, kinesis.loop, kinesis.clock)


@contextmanager
def reading(
    kinesis: Kinesis, mapping: EventSourceMapping, streams: Streams | None = None, stuck: str = ""
) -> Iterator[Reading]:
    found = Reading(kinesis, streams or kind_of(kinesis), mapping, stuck)
    try:
        yield found
    finally:
        found.stop()


def came(found: Reading, *texts: str) -> None:
    eventually(lambda: len(found.texts) >= len(texts), "all records to come")
    assert found.texts == list(texts)


def test_a_function_is_given_what_lambda_would_give_it(kinesis: Kinesis) -> None:
    kinesis.create("s")
    (number,) = kinesis.put("s", "one", key="k")

    with reading(kinesis, mapping_of()) as found:
        came(found, "one")

    assert found.events[0] == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "k",
                    "sequenceNumber": number,
                    "data": "b25l",
                    "approximateArrivalTimestamp": pytest.approx(kinesis.clock.now_s(), abs=0.01),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": ROLE,
                "awsRegion": REGION,
                "eventSourceARN": ARN + "s",
            }
        ]
    }
    seen, data = found.pollers[0].filter_view(found.records[0])
    assert (seen["partitionKey"], data) == ("k", "one")


def test_what_is_put_wakes_the_mapping(kinesis: Kinesis) -> None:
    kinesis.create("s")

    with reading(kinesis, mapping_of()) as found:
        for at in range(20):
            kinesis.put("s", str(at))
        came(found, *map(str, range(20)))


def test_a_mapping_goes_on_where_it_was(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "one")
    with reading(kinesis, mapping_of()) as before:
        came(before, "one")
    kinesis.put("s", "two")

    with reading(kinesis, mapping_of()) as after:
        came(after, "two")


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_key_keeps_its_order_when_its_shard_is_split_and_merged(kinesis: Kinesis, lanes: int) -> None:
    kinesis.create("s", 2)
    keys = ("a", "b", "c", "d", "e")

    with reading(kinesis, mapping_of(ParallelizationFactor=lanes)) as found:
        for step in range(6):
            for key in keys:
                kinesis.put("s", f"{key}{step}", key=key)
            target = (4, 3, 2, 1, 2, 3)[step]
            kinesis.client.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        eventually(lambda: len(found.records) >= 6 * len(keys), "all records to come")

    for key in keys:
        assert [text for text in found.texts if text[0] == key] == [f"{key}{step}" for step in range(6)]


@pytest.mark.parametrize("lanes_later", [4, 2, 1])
def test_a_lane_that_is_not_done_when_its_shard_ends_goes_on_after_a_restart(
    kinesis: Kinesis, lanes_later: int
) -> None:
    """The others are: nothing of theirs comes again, and what is behind the shard waits."""
    kinesis.create("s")
    keys = "abcdefgh"
    for key in keys:
        kinesis.put("s", f"{key}0", key=key)
    kinesis.client.update_shard_count(StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    for key in keys:
        kinesis.put("s", f"{key}1", key=key)
    with reading(kinesis, mapping_of(ParallelizationFactor=4), stuck="a") as before:
        eventually(lambda: len(before.ended) == 3, "the other lanes to end")
    came = {text[0] for text in before.texts}

    with reading(kinesis, mapping_of(ParallelizationFactor=lanes_later)) as after:
        eventually(lambda: len(after.texts) >= 2 * len(keys) - len(came), "the rest")

    assert sorted(before.texts + after.texts) == sorted(f"{key}{step}" for key in keys for step in (0, 1))
    for key in keys:
        assert [text for text in before.texts + after.texts if text[0] == key] == [f"{key}0", f"{key}1"]


def test_a_new_mapping_reads_from_its_creation_on(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "before")
    streams, mapping = kind_of(kinesis), mapping_of("LATEST")
    streams.check(mapping, 3)
    kinesis.put("s", "between")
    kinesis.clock.advance(3600)

    with reading(kinesis, mapping, streams) as found:
        kinesis.put("s", "after")
        came(found, "between", "after")


def test_a_new_mapping_reads_from_a_time_on(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "before")
    kinesis.clock.advance(60)
    now_s = kinesis.clock.now_s()
    kinesis.put("s", "then")

    with reading(kinesis, mapping_of("AT_TIMESTAMP", StartingPositionTimestamp=now_s - 1)) as found:
        came(found, "then")


def test_a_mapping_of_no_stream_is_refused(kinesis: Kinesis) -> None:
    with pytest.raises(StreamNotFound):
        kind_of(kinesis).check(mapping_of(), 3)
