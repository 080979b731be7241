"""PutRecord and PutRecords: what a record may be, which shard it goes to, and what whoever put it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambda_emu.services.kinesis.errors import (
    InvalidArgument,
    KinesisError,
    ThroughputExceeded,
)
from lambda_emu.services.kinesis.keys import TOP, hash_of, read_sequence
from lambda_emu.services.kinesis.members import Entry, PutRecord, PutRecords
from lambda_emu.services.kinesis.request import KinesisRequest
from lambda_emu.services.kinesis.stream import Record, Shard, Stream
from lambda_emu.services.kinesis.streams import Put, Streams
from lambda_emu.services.shapes import ModelViolated, missing, too_long

MOST_BYTES = 10 << 20
"""Of a PutRecords, keys included."""


def put_record(request: KinesisRequest, streams: Streams) -> None:
    asked: PutRecord = request.asked
    stream = request.stream(streams)
    put = _put_of(stream, asked, "", request)
    if asked.sequence_number_for_ordering is not None:
        _check_order(stream, asked.sequence_number_for_ordering, request.now_ms)
    if not _is_taken(streams, put):
        raise ThroughputExceeded(put.shard.record.name, stream.record.name, stream.record.account)

    def told(error: KinesisError | None, records: Sequence[Record]) -> None:
        if error is not None:
            request.fail(error)
        else:
            request.answer(_put_place(put.shard, records[0]) | _encryption(stream))

    streams.put(stream, [put], told)


def put_records(request: KinesisRequest, streams: Streams) -> None:
    """A record whose shard has had enough fails alone; what is wrong with any of them refuses all."""
    asked: PutRecords = request.asked
    stream = request.stream(streams)
    entries = asked.records or []
    puts = [_put_of(stream, one, f"records.{at}.member.", request) for at, one in enumerate(entries, 1)]
    size = sum(len(one.data) + len(one.key.encode()) for one in puts)
    if size > MOST_BYTES:
        raise InvalidArgument(f"Records size exceeds 10 MB limit: {size} bytes.")  # (?)
    taken = [_is_taken(streams, one) for one in puts]

    def told(error: KinesisError | None, records: Sequence[Record]) -> None:
        done = iter(records)
        results = [
            _put_place(put.shard, next(done))
            if its and error is None
            else _failed(stream, put, None if its else put.shard)
            for put, its in zip(puts, taken, strict=True)
        ]
        failed = sum("ErrorCode" in one for one in results)
        request.answer({"FailedRecordCount": failed, "Records": results} | _encryption(stream))

    streams.put(stream, [put for put, its in zip(puts, taken, strict=True) if its], told)


def _failed(stream: Stream, put: Put, full: Shard | None) -> dict[str, Any]:
    """full: the shard that had enough; None: it could not be kept."""
    if full is None:
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal Service Failure."}
    error = ThroughputExceeded(put.shard.record.name, stream.record.name, stream.record.account)
    return {"ErrorCode": error.code, "ErrorMessage": error.text}


def _put_of(stream: Stream, asked: PutRecord | Entry, within: str, request: KinesisRequest) -> Put:
    """KinesisError, ModelViolated."""
    data = asked.data if asked.data is not None else b""
    key = asked.partition_key
    if key is None:
        if stream.record.distribution != "AUTO":
            raise ModelViolated([missing("PartitionKey", within)])
        key = request.clock.new_id()
    most = stream.record.most_kib * 1024
    if len(data) + len(key.encode()) > most and len(data) + len(key) > most:
        raise ModelViolated([too_long(within + "data", data, most)])
    if asked.explicit_hash_key is None:
        hash_key = hash_of(key)
    else:
        hash_key = int(asked.explicit_hash_key)
        if hash_key >= TOP:
            raise InvalidArgument(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                f"{hash_key}"
            )
    return Put(stream.shard_for(hash_key), key, data)


def _is_taken(streams: Streams, put: Put) -> bool:
    return streams.rates is None or streams.rates.takes(put.shard, len(put.data) + len(put.key))


def _check_order(stream: Stream, text: str, now_ms: int) -> None:
    """What comes is always behind what came: so it is enough that the number can have been told."""
    found = read_sequence(text)
    if found is None or found.at_s * 1000 > now_ms:
        raise InvalidArgument(
            f"ExclusiveMinimumSequenceNumber {text} used in PutRecord on stream {stream.record.name} under account "
            f"{stream.record.account} is invalid."
        )


def _put_place(shard: Shard, record: Record) -> dict[str, Any]:
    return {"ShardId": shard.record.name, "SequenceNumber": shard.sequence_of(record)}


def _encryption(stream: Stream) -> dict[str, Any]:
    return {} if stream.record.key_id is None else {"EncryptionType": "KMS"}
