"""A message of a queue as its function is shown it. docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.json import encode

from lambda_emu.event_sources.poller import Record

TRACE = "AWSTraceHeader"


class QueueMessage(NamedTuple):
    """As ReceiveMessage tells of it. system: its attributes; attributes: those that who sent it gave it.

    place: what its transport knows it by, where that is not the handle.
    """

    id: str
    handle: str
    body: str
    md5: str
    system: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, Any]]
    attributes_md5: str | None
    place: Any = None


def record_of(message: QueueMessage, queue_arn: str) -> Record:
    event: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": message.system,
        "messageAttributes": {},
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":", 4)[3],
    }
    if message.attributes:
        event["messageAttributes"] = {name: _attribute(value) for name, value in message.attributes.items()}
        event["md5OfMessageAttributes"] = message.attributes_md5
    return Record(message.id, encode(event), message, message.system.get(TRACE))


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """BinaryValue: base64."""
    content = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        content: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
