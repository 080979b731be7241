"""A message of a queue as its function is shown it. docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambda_emu.event_sources.poller import Record

TRACE = "AWSTraceHeader"
# In this order, and after them what else there is.
_FIRST = ("ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp")


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """As ReceiveMessage tells of it. system: its attributes; attributes: those that who sent it gave it."""

    id: str
    handle: str
    body: str
    md5: str
    system: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, Any]]
    attributes_md5: str | None


def record_of(message: QueueMessage, queue_arn: str) -> Record:
    event: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": {**{name: message.system[name] for name in _FIRST if name in message.system}, **message.system},
        "messageAttributes": {name: _attribute(value) for name, value in message.attributes.items()},
    }
    if message.attributes:
        event["md5OfMessageAttributes"] = message.attributes_md5
    event["md5OfBody"] = message.md5
    event["eventSource"] = "aws:sqs"
    event["eventSourceARN"] = queue_arn
    event["awsRegion"] = queue_arn.split(":", 4)[3]
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return Record(message.id, event, text.encode(), message, message.system.get(TRACE))


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """BinaryValue: base64."""
    content = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        content: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
