"""DynamoDB Streams as anybody serves it: shards, iterators and records, asked on workers."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, ParamSpec, TypeVar

from msgspec import Struct

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.clients import Call

P = ParamSpec("P")
T = TypeVar("T")

READS = Workers("reads of streams", 4, 4000)
LARGEST_PAGE = 1000
TRIM_HORIZON, LATEST, AFTER, ITERATOR, ENDED = "TRIM_HORIZON", "LATEST", "AFTER", "ITERATOR", "ENDED"


class StreamGone(SourceUnavailable):
    """There is no such stream, or no such shard."""


class IteratorLost(Exception):
    """It is too old, or says a place that is not kept any more. trimmed: the latter."""

    def __init__(self, trimmed: bool) -> None:
        super().__init__("what it points at is trimmed" if trimmed else "the iterator has expired")
        self.trimmed = trimmed


class ShardInfo(NamedTuple):
    """A shard as its stream describes it. ended: nothing is added to it any more."""

    id: str
    parent: str | None
    ended: bool


class StreamPlace(NamedTuple):
    """Where a record lies, and what keeps its order. at_s: when it came, in seconds since the epoch."""

    sequence: int
    key: bytes
    at_s: float


class Page(NamedTuple):
    """Records in their order, and the iterator behind them; None: the shard has ended."""

    records: Sequence[Record]
    iterator: str | None


class Position(Struct, frozen=True):
    """Where reading goes on. text: a sequence number (AFTER) or an iterator (ITERATOR)."""

    kind: str
    text: str = ""


class StreamReader:
    """One stream. Every method waits for a worker; SourceUnavailable, StreamGone."""

    def __init__(self, arn: str, call: Call, loop: Loop) -> None:
        self.arn = arn
        self._call = call
        self._loop = loop

    async def shards(self) -> Sequence[ShardInfo]:
        return await self._work(shards_of, self._call, self.arn)

    async def iterator(self, shard: str, position: Position) -> str:
        """Or IteratorLost."""
        if position.kind == ITERATOR:
            return position.text
        return await self._work(iterator_of, self._call, self.arn, shard, position)

    async def records(self, iterator: str, limit: int) -> Page:
        """Or IteratorLost."""
        return await self._work(_page, self._call, self.arn, iterator, min(limit, LARGEST_PAGE))

    async def _work(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._loop.work(READS, read, *args, **kwargs)
        except (Full, Closed) as error:
            raise SourceUnavailable(str(error)) from None


def shards_of(call: Call, arn: str) -> list[ShardInfo]:
    """Those that may still be read. Blocks."""
    found: list[ShardInfo] = []
    more: dict[str, Any] = {}
    while True:
        described = _ask(call, arn, "DescribeStream", {"StreamArn": arn, **more})["StreamDescription"]
        for shard in described.get("Shards", ()):
            ended = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
            found.append(ShardInfo(shard["ShardId"], shard.get("ParentShardId"), ended))
        if not (last := described.get("LastEvaluatedShardId")):
            return found
        more = {"ExclusiveStartShardId": last}


def iterator_of(call: Call, arn: str, shard: str, position: Position) -> str:
    """Blocks."""
    kind = "AFTER_SEQUENCE_NUMBER" if position.kind == AFTER else position.kind
    wanted = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind}
    if position.kind == AFTER:
        wanted["SequenceNumber"] = position.text
    return str(_ask(call, arn, "GetShardIterator", wanted)["ShardIterator"])


def _page(call: Call, arn: str, iterator: str, limit: int) -> Page:
    answer = _ask(call, arn, "GetRecords", {"ShardIterator": iterator, "Limit": limit})
    return Page([record_of(one, arn) for one in answer.get("Records", ())], answer.get("NextShardIterator"))


def _ask(call: Call, arn: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    scope = scope_in(arn)
    try:
        return call("dynamodbstreams", operation, parameters, account=scope.account, region=scope.region)
    except Exception as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")  # botocore's, which is not imported here
        if code in ("TrimmedDataAccessException", "ExpiredIteratorException"):
            raise IteratorLost(code.startswith("Trimmed")) from None
        if code == "ResourceNotFoundException":
            raise StreamGone(f"Stream not found: {arn}") from error
        raise SourceUnavailable(f"{operation} of {arn}: {error}") from error


def record_of(found: Mapping[str, Any], arn: str) -> Record:
    """One of GetRecords, as Lambda gives it to a function. docs/contract/events.md#events-of-pollers."""
    change = dict(found["dynamodb"])
    at = change.get("ApproximateCreationDateTime")
    at_s = at.timestamp() if isinstance(at, datetime) else float(at or 0)
    change["ApproximateCreationDateTime"] = int(at_s)
    record = {
        "eventID": found["eventID"],
        "eventName": found["eventName"],
        "eventVersion": found.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": scope_in(arn).region,
        "dynamodb": change,
        "eventSourceARN": arn,
    }
    if (identity := found.get("userIdentity")) is not None:
        record["userIdentity"] = {"type": identity.get("Type"), "principalId": identity.get("PrincipalId")}
    sequence = change["SequenceNumber"]
    key = json.dumps(change.get("Keys", {}), sort_keys=True, default=_as_json).encode()
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False, default=_as_json)
    return Record(sequence, text.encode(), StreamPlace(int(sequence), key, at_s))


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value)} in a record of a stream")
