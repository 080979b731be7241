"""GetShardIterator and GetRecords: where a reader begins, what it gets, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.services.kinesis.errors import InvalidArgument, KinesisError, NoSuchShard, NoSuchStream
from lambda_emu.services.kinesis.keys import read_sequence
from lambda_emu.services.kinesis.members import GetRecords, GetShardIterator
from lambda_emu.services.kinesis.request import KinesisRequest, shard_of
from lambda_emu.services.kinesis.stream import Record, Shard, Stream
from lambda_emu.services.kinesis.streams import Page, Streams
from lambda_emu.services.kinesis.tokens import Iterator, read_iterator

LARGEST_PAGE = 10_000
PAGE_BYTES = 10 << 20
LONG_RECORDS, LONG_BYTES = 100, 1 << 16
"""A page of more is not written on the loop."""
BY_NUMBER = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")

Begun = Callable[[KinesisError | None, int], None]


def get_shard_iterator(request: KinesisRequest, streams: Streams) -> None:
    asked: GetShardIterator = request.asked
    stream = request.stream(streams)
    shard = shard_of(stream, asked.shard_id or "")

    def told(error: KinesisError | None, number: int) -> None:
        if error is not None:
            request.fail(error)
        else:
            request.answer({"ShardIterator": str(iterator_at(stream, shard, number, request.now_ms))})

    beginning = Beginning(asked.shard_iterator_type or "", asked.starting_sequence_number, asked.timestamp)
    begin_at(streams, stream, shard, beginning, request.now_ms, told)


def get_records(request: KinesisRequest, streams: Streams) -> None:
    asked: GetRecords = request.asked
    iterator = read_iterator(asked.shard_iterator or "", request.now_ms)
    stream, shard = _at(streams, iterator)

    def told(error: KinesisError | None, page: Page) -> None:
        if error is not None:
            request.fail(error)
            return
        more: dict[str, Any] = {"MillisBehindLatest": page.behind_ms}
        if shard.is_ended and page.next > shard.last:
            more["ChildShards"] = children_of(stream, shard)
        else:
            more["NextShardIterator"] = str(iterator_at(stream, shard, page.next, request.now_ms))
        if is_long(page.records):
            request.answer_page(lambda: {"Records": shown(stream, shard, page.records), **more})
        else:
            request.answer({"Records": shown(stream, shard, page.records), **more})

    streams.read(stream, shard, iterator.number, asked.limit or LARGEST_PAGE, PAGE_BYTES, told)


class Beginning(Struct, frozen=True):
    """What a reader says: its kind, and what that needs."""

    kind: str
    sequence: str | None
    timestamp_s: float | None


def begin_at(streams: Streams, stream: Stream, shard: Shard, beginning: Beginning, now_ms: int, told: Begun) -> None:
    """The number at which a reader begins. KinesisError."""
    kind, sequence, timestamp_s = beginning.kind, beginning.sequence, beginning.timestamp_s
    if (kind in BY_NUMBER) != (sequence is not None):
        raise InvalidArgument(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            f"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and "
            f"{'no' if sequence is None else 'also a'} StartingSequenceNumber."
        )
    if (kind == "AT_TIMESTAMP") != (timestamp_s is not None):
        needs = "needs a Timestamp" if timestamp_s is None else "takes no Timestamp"
        raise InvalidArgument(f"The type of iterator {kind} {needs}.")  # (?)
    if timestamp_s is not None:
        at_ms = int(timestamp_s * 1000)
        if at_ms > now_ms:
            raise InvalidArgument(
                f"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                f"timestampInMillis: {at_ms}, currentTimestampInMillis: {now_ms}"
            )
        streams.number_at(shard, at_ms, told)
    elif sequence is not None:
        told(None, _number_in(stream, shard, sequence) + (kind == "AFTER_SEQUENCE_NUMBER"))
    else:
        told(None, 0 if kind == "TRIM_HORIZON" else shard.last + 1)


def iterator_at(stream: Stream, shard: Shard, number: int, now_ms: int) -> Iterator:
    record = stream.record
    return Iterator(record.account, record.region, record.name, record.created_ms, shard.record.index, number, now_ms)


def is_long(records: Sequence[Record]) -> bool:
    return len(records) > LONG_RECORDS or sum(len(one.data) for one in records) > LONG_BYTES


def shown(stream: Stream, shard: Shard, records: Sequence[Record]) -> list[dict[str, Any]]:
    more = {} if stream.record.key_id is None else {"EncryptionType": "KMS"}
    return [
        {
            "SequenceNumber": shard.sequence_of(one),
            "ApproximateArrivalTimestamp": one.at_ms / 1000,
            "Data": one.data,
            "PartitionKey": one.key,
            **more,
        }
        for one in records
    ]


def children_of(stream: Stream, shard: Shard) -> list[dict[str, Any]]:
    return [
        {
            "ShardId": child.record.name,
            "ParentShards": [parent.record.name for parent in map(stream.find, child.record.parents) if parent],
            "HashKeyRange": {"StartingHashKey": child.record.first, "EndingHashKey": child.record.last},
        }
        for child in stream.children(shard)
    ]


def _at(streams: Streams, iterator: Iterator) -> tuple[Stream, Shard]:
    """NoSuchStream, NoSuchShard."""
    scope = Scope(iterator.account, iterator.region)
    stream = streams.find(scope, iterator.stream)
    if stream.record.created_ms != iterator.created_ms:  # another of the same name
        raise NoSuchStream(iterator.stream, iterator.account)
    shard = stream.find(iterator.shard)
    if shard is None:
        raise NoSuchShard(f"shardId-{iterator.shard:012d}", iterator.stream, iterator.account)
    return stream, shard


def _number_in(stream: Stream, shard: Shard, text: str) -> int:
    """That of the record which a sequence number is of; 0: it is the shard's first. InvalidArgument."""
    record = shard.record
    where = f"shard {record.name} in stream {stream.record.name} under account {stream.record.account}"
    found = read_sequence(text)
    said = f"StartingSequenceNumber {text} used in GetShardIterator on {where} is invalid"
    if found is None:
        raise InvalidArgument(f"{said}.")
    if found.shard != record.index:
        raise InvalidArgument(
            f"Invalid StartingSequenceNumber. It encodes shardId-{found.shard:012d}, while it was used in a call to a "
            f"shard with {record.name}"
        )
    if found.created_s != record.created_s:
        raise InvalidArgument(f"{said} because it did not come from this stream.")
    return min(found.number, shard.last + 1)
