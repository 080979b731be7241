"""DynamoDB Streams as anybody serves it: shards, iterators and records, asked on workers."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.event_sources.streams.mapping import StreamForm
from lambda_emu.event_sources.streams.reading import (
    AFTER,
    ITERATOR,
    LARGEST_PAGE,
    POLL_S,
    SAFETY_POLL_S,
    IteratorLost,
    Page,
    Position,
    ShardInfo,
    StreamGone,
    StreamPlace,
    StreamReader,
)
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.timestamps import whole_second
from lambda_emu.services.clients import Call

P = ParamSpec("P")
T = TypeVar("T")

READS = Workers("reads of streams", 4, 4000)


class DynamoReader:
    """reading.StreamReader of a stream of DynamoDB, as anybody serves it. Every method waits for a worker."""

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


class DynamoStreams:
    """source.StreamKind of those. `wake` is for who serves them here; elsewhere nobody calls it."""

    form: StreamForm

    def __init__(self, call: Call, loop: Loop, *, wakes: bool) -> None:
        self.form = FORM
        self.poll_s = SAFETY_POLL_S if wakes else POLL_S
        self._call = call
        self._loop = loop

    def reader(self, mapping: EventSourceMapping) -> StreamReader:
        return DynamoReader(mapping.source_arn or "", self._call, self._loop)

    def listen(self, arn: str, wake: Callable[[str], None]) -> Callable[[], None]:
        """The child wakes all of them: source.Streams.wake."""
        return lambda: None


def shards_of(call: Call, arn: str) -> list[ShardInfo]:
    """Those that may still be read. Blocks."""
    found: list[ShardInfo] = []
    more: dict[str, Any] = {}
    while True:
        described = _ask(call, arn, "DescribeStream", {"StreamArn": arn, **more})["StreamDescription"]
        for shard in described.get("Shards", ()):
            ended = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
            parents = (shard["ParentShardId"],) if "ParentShardId" in shard else ()
            found.append(ShardInfo(shard["ShardId"], parents, ended))
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


FORM = StreamForm("DDBStreamBatchInfo", whole_second, lambda record: (json.loads(record.json), None))
