"""A message of a queue as its function is shown it. docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.event_sources.poller import Record

TRACE = "AWSTraceHeader"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# In this order, and after them what else there is.
_FIRST = ("ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp")


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
    """Written out, since a queue may have thousands a second."""
    system = {name: message.system[name] for name in _FIRST if name in message.system}
    system.update(message.system)
    text = (
        f'{{"messageId":{_encode(message.id)},"receiptHandle":{_encode(message.handle)},'
        f'"body":{_encode(message.body)},"attributes":{_encode(system)},{_attributes(message)},'
        f'"md5OfBody":"{message.md5}","eventSource":"aws:sqs","eventSourceARN":"{queue_arn}",'
        f'"awsRegion":"{queue_arn.split(":", 4)[3]}"}}'
    )
    return Record(message.id, text.encode(), message, message.system.get(TRACE))


def _attributes(message: QueueMessage) -> str:
    if not message.attributes:
        return '"messageAttributes":{}'
    shown = {name: _attribute(value) for name, value in message.attributes.items()}
    return f'"messageAttributes":{_encode(shown)},"md5OfMessageAttributes":{_encode(message.attributes_md5)}'


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """BinaryValue: base64."""
    content = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        content: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
