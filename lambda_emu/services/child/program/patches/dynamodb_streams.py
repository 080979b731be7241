"""DynamoDB's streams: who polls them is woken, what is a day old goes, and iterators outlive the process."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.patches.dynamodb_expiry import IDENTITY
from lambda_emu.services.child.program.telling import Teller

KEPT = timedelta(hours=24)


def replace_streams(teller: Teller) -> None:
    """moto's shards tell nobody, and keep every record and every iterator for ever."""
    from moto.dynamodb.models import DynamoDBBackend, table
    from moto.dynamodbstreams import models

    shard, backend = table.StreamShard, models.DynamoDBStreamsBackend

    def add(self: Any, old: Any, new: Any) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return  # nothing has changed
        name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        number = _next(self)
        kind = self.table.stream_specification["StreamViewType"]
        made = table.StreamRecord(self.table, kind, name, old, new, number)
        made.record |= {"eventVersion": "1.1", "awsRegion": self.table.region_name}
        if current_request.is_expiry():
            made.record["userIdentity"] = IDENTITY
        self.items.append(made)
        _forget(self, made.record["dynamodb"]["ApproximateCreationDateTime"] - KEPT)
        teller.stream(f"{self.table.table_arn}/stream/{self.table.latest_stream_label}")

    def get(self: Any, start: int, quantity: int) -> list[dict[str, Any]]:
        begin = max(start - _first(self), 0)
        return [one.to_json() for one in self.items[begin : begin + quantity]]

    change = DynamoDBBackend.update_table_streams

    def enable_again(self: Any, changed: Any, wanted: dict[str, Any]) -> None:
        """A stream that was disabled is no more in the way of a new one, as for moto it is."""
        if not (changed.stream_specification or {}).get("StreamEnabled"):
            changed.latest_stream_label = None
        change(self, changed, wanted)

    DynamoDBBackend.update_table_streams = enable_again  # type: ignore[method-assign, assignment]
    shard.add = add  # type: ignore[method-assign]
    shard.get = get  # type: ignore[method-assign]
    backend.get_shard_iterator = _iterator  # type: ignore[assignment]
    backend.get_records = _records  # type: ignore[method-assign]


def _forgotten(shard: Any) -> int:
    """How many records are kept no more."""
    forgotten: int = getattr(shard, "forgotten", 0)
    return forgotten


def _first(shard: Any) -> int:
    """The number of the oldest record that is kept, or of the next one."""
    first: int = shard.starting_sequence_number + _forgotten(shard)
    return first


def _next(shard: Any) -> int:
    return _first(shard) + len(shard.items)


def _forget(shard: Any, until: Any) -> None:
    old = 0
    while shard.items[old].record["dynamodb"]["ApproximateCreationDateTime"] < until:
        old += 1
    if old:
        del shard.items[:old]
        shard.forgotten = _forgotten(shard) + old


class Iterator:
    """Where somebody reads, and nothing that is kept: the name says all of it."""

    def __init__(self, stream_arn: str, number: int) -> None:
        self.stream_arn = stream_arn
        self.number = number

    @property
    def arn(self) -> str:
        name = urlsafe_b64encode(json.dumps([self.stream_arn, self.number]).encode()).decode()
        return f"{self.stream_arn}|1|{name}"

    @classmethod
    def read(cls, arn: str) -> Iterator:
        stream_arn, number = json.loads(urlsafe_b64decode(arn.rpartition("|")[2]))
        return cls(stream_arn, int(number))


def _iterator(
    self: Any, arn: str, shard_id: str, shard_iterator_type: str, sequence_number: str | None = None
) -> Iterator:
    shard = _shard(self, arn)
    if shard.id != shard_id:
        raise _error("ResourceNotFoundException", f"Requested resource not found: Shard: {shard_id}")
    if shard_iterator_type == "TRIM_HORIZON":
        return Iterator(arn, _first(shard))
    if shard_iterator_type == "LATEST":
        return Iterator(arn, _next(shard))
    number = int(sequence_number or 0) + int(shard_iterator_type == "AFTER_SEQUENCE_NUMBER")
    if number < _first(shard) and _forgotten(shard):
        raise _error("TrimmedDataAccessException", "The sequence number is older than what is kept.")
    return Iterator(arn, number)


def _records(self: Any, iterator_arn: str, limit: int) -> dict[str, Any]:
    try:
        iterator = Iterator.read(iterator_arn)
    except ValueError:
        raise _error("ValidationException", "Invalid ShardIterator") from None
    shard = _shard(self, iterator.stream_arn)
    begin = max(iterator.number, _first(shard))
    found = shard.get(begin, limit or 1000)
    return {"NextShardIterator": Iterator(iterator.stream_arn, begin + len(found)).arn, "Records": found}


def _shard(backend: Any, arn: str) -> Any:
    """Of the stream that a table has now."""
    table = backend.dynamodb.tables.get(arn.split(":", 6)[5].split("/")[1])
    if table is None or table.stream_shard is None or not arn.endswith(f"/stream/{table.latest_stream_label}"):
        raise _error("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
    return table.stream_shard


def _error(code: str, text: str) -> Exception:
    from moto.core.exceptions import JsonRESTError

    return JsonRESTError(code, text)
