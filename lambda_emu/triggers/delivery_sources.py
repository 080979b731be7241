"""Delivery streams whose source is a stream of Kinesis: its records are read and kept, each shard's in their order."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.event_sources.backoff import Backoff, Nap
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.event_sources.streams.reading import (
    AFTER,
    AT_TIMESTAMP,
    ENDED,
    LARGEST_PAGE,
    TRIM_HORIZON,
    IteratorLost,
    Position,
    ShardInfo,
    StreamReader,
)
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.firehose.lane import NotDone
from lambda_emu.services.firehose.running import RunningStream, SourceRecord
from lambda_emu.services.firehose.streams import MOST_WAITING_BYTES

log = logging.getLogger(__name__)

OPENINGS = Workers("sources of Firehose", 2, 1024)
READS = ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards")
NO_ACCESS = (
    "Kinesis.AccessDenied: Access was denied. Ensure that the access policy on the provided IAM role allows access to "
    "the appropriate Kinesis APIs."
)
FULL_S = 1.0
"""So long nothing is read while too much waits to be delivered."""


class KinesisSource(Struct, frozen=True):
    """One stream of Kinesis. listen: is told what to call when there are records; returns what ends that.

    poll_s: how often one looks nevertheless.
    """

    reader: StreamReader
    listen: Callable[[Callable[[], None]], Callable[[], None]]
    poll_s: float


class SourceReading:
    """Of one delivery stream, from `start` until `stop`. On the loop. open: by ARN and role; blocks."""

    def __init__(
        self, stream: RunningStream, open: Callable[[str, str], KinesisSource], loop: Loop, clock: Clock
    ) -> None:
        self._stream = stream
        self._open = open
        self._loop = loop
        self._nap = Nap(loop, clock)
        self._backoff = Backoff(clock)
        self._iterators: dict[str, str] = {}
        self._trimmed: set[str] = set()  # shards of which what was to come next is not kept any more
        self._stopped = False
        self._is_woken = False

    def start(self) -> None:
        self._loop.spawn(self._run(), f"the source of delivery stream {self._stream.record.name}")

    def stop(self) -> None:
        self._stopped = True
        self._nap.end()

    def _wake(self) -> None:
        self._is_woken = True
        self._backoff.succeeded()
        self._nap.end()

    async def _run(self) -> None:
        source = self._stream.record.source
        assert source is not None, "only such streams are read"
        try:
            opened = await self._loop.work(OPENINGS, self._open, source.arn, source.role)
        except (Full, Closed) as error:
            log.warning("%s is not read for delivery stream %s: %s", source.arn, self._stream.record.name, error)
            return
        unlisten = opened.listen(self._wake)
        try:
            await self._read_on(opened)
        finally:
            unlisten()

    async def _read_on(self, opened: KinesisSource) -> None:
        told = ""
        while not self._stopped:
            self._is_woken = False
            try:
                await self._check_role()
                is_more = await self._read_shards(opened.reader)
            except (SourceUnavailable, NotDone) as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("the source of delivery stream %s: %s", self._stream.record.name, error)
                self._backoff.failed()
                await self._sleep(max(self._backoff.wait_s(), 0.0))
                continue
            told = ""
            self._backoff.succeeded()
            if self._stream.waits > MOST_WAITING_BYTES // 2:
                await self._sleep(FULL_S)
            elif not is_more and not self._is_woken:
                await self._sleep(opened.poll_s)

    async def _check_role(self) -> None:
        """SourceUnavailable, NotDone."""
        source = self._stream.record.source
        assert source is not None
        for action in READS:
            refusal = await self._stream.may(source.role, action, source.arn)
            if refusal is not None:
                raise SourceUnavailable(f"{NO_ACCESS} ({refusal})")

    async def _sleep(self, delay_s: float) -> None:
        if not self._stopped:
            await self._nap.sleep(delay_s)

    async def _read_shards(self, reader: StreamReader) -> bool:
        """Whether there was anything. Parents' records come before their children's."""
        shards: Sequence[ShardInfo] = await reader.shards()
        positions = self._stream.positions
        unfinished = {shard.id for shard in shards if positions.get(shard.id) != ENDED}
        found = False
        for shard in shards:
            if shard.id in unfinished and not unfinished.intersection(shard.parents) and not self._stopped:
                found |= await self._read(reader, shard.id)
        return found

    async def _read(self, reader: StreamReader, shard: str) -> bool:
        try:
            iterator = self._iterators.get(shard) or await reader.iterator(shard, self._position(shard))
            page = await reader.records(iterator, LARGEST_PAGE)
        except IteratorLost as lost:
            self._iterators.pop(shard, None)
            if lost.trimmed:
                self._trimmed.add(shard)
            return True
        if page.records or page.iterator is None:
            position = ENDED if page.iterator is None else str(page.records[-1].id)
            await self._stream.take([*map(partial(_taken, shard), page.records)], shard, position)
        self._trimmed.discard(shard)
        if page.iterator is None:
            self._iterators.pop(shard, None)
            return True
        self._iterators[shard] = page.iterator
        return bool(page.records)

    def _position(self, shard: str) -> Position:
        """Where it is to be read from."""
        if shard in self._trimmed:
            return Position(TRIM_HORIZON)
        sequence = self._stream.positions.get(shard)
        if sequence is not None:
            return Position(AFTER, sequence)
        source = self._stream.record.source
        assert source is not None
        return Position(AT_TIMESTAMP, str(source.begun_s))


def _taken(shard: str, record: Record) -> SourceRecord:
    """What is kept of a record, with what functions are told of it. docs/contract/events.md#firehose."""
    told = json.loads(record.json)["kinesis"]
    at_ms = round(told["approximateArrivalTimestamp"] * 1000)
    origin = {
        "sequenceNumber": told["sequenceNumber"],
        "subsequenceNumber": 0,
        "partitionKey": told["partitionKey"],
        "shardId": shard,
        "approximateArrivalTimestamp": at_ms,
    }
    return SourceRecord(b64decode(told["data"]), at_ms, json.dumps(origin))
