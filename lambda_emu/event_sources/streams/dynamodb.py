"""DynamoDB Streams, by its API."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record
from lambda_emu.event_sources.streams.calling import Asking
from lambda_emu.event_sources.streams.mapping import StreamForm
from lambda_emu.event_sources.streams.reading import AFTER, LARGEST_PAGE, Page, Position, ShardInfo, StreamPlace
from lambda_emu.model.timestamps import whole_second
from lambda_emu.services.clients import Call


class TableStream(Asking):
    """calling.StreamApi."""

    def __init__(self, arn: str, call: Call) -> None:
        super().__init__("dynamodbstreams", arn, call)

    def shards(self) -> list[ShardInfo]:
        found: list[ShardInfo] = []
        more: dict[str, Any] = {}
        while True:
            described = self.ask("DescribeStream", {"StreamArn": self.arn, **more})["StreamDescription"]
            for shard in described.get("Shards", ()):
                ended = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
                parents = (shard["ParentShardId"],) if "ParentShardId" in shard else ()
                found.append(ShardInfo(shard["ShardId"], parents, ended))
            if not (last := described.get("LastEvaluatedShardId")):
                return found
            more = {"ExclusiveStartShardId": last}

    def iterator(self, shard: str, position: Position) -> str:
        kind = "AFTER_SEQUENCE_NUMBER" if position.kind == AFTER else position.kind
        wanted = {"StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": kind}
        if position.kind == AFTER:
            wanted["SequenceNumber"] = position.text
        return str(self.ask("GetShardIterator", wanted)["ShardIterator"])

    def page(self, iterator: str, limit: int) -> Page:
        answer = self.ask("GetRecords", {"ShardIterator": iterator, "Limit": min(limit, LARGEST_PAGE)})
        return Page([record_of(one, self.arn) for one in answer.get("Records", ())], answer.get("NextShardIterator"))


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
