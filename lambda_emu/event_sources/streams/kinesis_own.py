"""Streams of Kinesis that this server has itself: read on the loop, and heard of as soon as something is put."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from lambda_emu.event_sources.poller import SourceUnavailable
from lambda_emu.event_sources.streams.kinesis import FORM, KinesisRecords, stream_arn
from lambda_emu.event_sources.streams.mapping import StreamForm
from lambda_emu.event_sources.streams.reading import (
    AFTER,
    AT_TIMESTAMP,
    ITERATOR,
    SAFETY_POLL_S,
    TRIM_HORIZON,
    IteratorLost,
    Page,
    Position,
    ShardInfo,
    StreamGone,
    StreamReader,
    Wake,
)
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.services.kinesis.errors import KinesisError
from lambda_emu.services.kinesis.keys import read_sequence
from lambda_emu.services.kinesis.request import consumer_of, shard_of, stream_of
from lambda_emu.services.kinesis.stream import Shard, Stream
from lambda_emu.services.kinesis.streams import Page as Read
from lambda_emu.services.kinesis.streams import Streams

T = TypeVar("T")

PAGE_BYTES = 10 << 20


class KinesisReader:
    """reading.StreamReader. An iterator is a shard, when that was made, and a number in it; it is never too old.

    On the loop.
    """

    def __init__(self, arn: str, streams: Streams, role: str) -> None:
        """arn: of the stream, or of a consumer of it. role: the ARN of the one that the function reads with."""
        self.arn = arn
        self._streams = streams
        self._records = KinesisRecords(arn, role)

    async def shards(self) -> Sequence[ShardInfo]:
        stream = self._stream()
        names = {one.record.index: one.record.name for one in stream.shards}
        return [
            ShardInfo(one.record.name, tuple(names[at] for at in one.record.parents if at in names), not one.is_open)
            for one in stream.shards
        ]

    async def iterator(self, shard: str, position: Position) -> str:
        if position.kind == ITERATOR:
            return position.text
        _, found = self._shard(shard)
        return f"{shard}:{found.record.created_s}:{await self._number(found, position)}"

    async def records(self, iterator: str, limit: int) -> Page:
        name, created_s, number = iterator.split(":")
        stream, shard = self._shard(name)
        if int(created_s) != shard.record.created_s:  # of another stream of this name
            raise IteratorLost(trimmed=True)
        found: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        self._streams.read(stream, shard, int(number), limit, PAGE_BYTES, partial(_told, found))
        page = await found
        make = self._records.make
        records = [make(name, shard.sequence_of(one), one.key, one.data, one.at_ms / 1000) for one in page.records]
        is_over = shard.is_ended and page.next > shard.last
        return Page(records, None if is_over else f"{name}:{created_s}:{page.next}")

    async def _number(self, shard: Shard, position: Position) -> int:
        """The first that is read."""
        if position.kind == TRIM_HORIZON:
            return 0
        if position.kind == AFTER:
            sequence = read_sequence(position.text)
            is_its = sequence is not None and sequence.created_s == shard.record.created_s
            return sequence.number + 1 if sequence is not None and is_its else 0
        if position.kind == AT_TIMESTAMP:
            found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._streams.number_at(shard, int(float(position.text) * 1000), partial(_told, found))
            return await found
        return shard.last + 1

    def _stream(self) -> Stream:
        """StreamGone."""
        try:
            if stream_arn(self.arn) != self.arn:
                return consumer_of(self._streams, self.arn)[0]
            return stream_of(self._streams, self.arn)
        except KinesisError as error:
            raise StreamGone(f"Stream not found: {self.arn}") from error

    def _shard(self, name: str) -> tuple[Stream, Shard]:
        """StreamGone."""
        stream = self._stream()
        try:
            return stream, shard_of(stream, name)
        except KinesisError as error:
            raise StreamGone(str(error)) from error


class KinesisStreams:
    """source.StreamKind of those. role_of: the ARN of the role of a mapping's function."""

    form: StreamForm
    poll_s = SAFETY_POLL_S

    def __init__(self, streams: Streams, role_of: Callable[[EventSourceMapping], str]) -> None:
        self.form = FORM
        self._streams = streams
        self._role_of = role_of

    def reader(self, mapping: EventSourceMapping) -> StreamReader:
        return KinesisReader(mapping.source_arn or "", self._streams, self._role_of(mapping))

    def listen(self, arn: str, wake: Wake) -> Callable[[], None]:
        return self._streams.listen(stream_arn(arn), partial(wake, arn))


def _told(found: asyncio.Future[T], error: KinesisError | None, result: T) -> None:
    if found.done():
        return
    if error is not None:
        found.set_exception(SourceUnavailable(str(error)))
    else:
        found.set_result(result)
