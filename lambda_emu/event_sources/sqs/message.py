"""A message of a queue as its function is shown it. docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.json import decode, encode

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record
from lambda_emu.services.sqs.message import Received, md5_of_attributes

TRACE = "AWSTraceHeader"
Attributes = Mapping[str, Mapping[str, Any]]
"""What who sent a message gave it, by name: DataType, and StringValue or BinaryValue, which is base64."""


class Messages:
    """Makes records of the messages of one queue."""

    def __init__(self, arn: str) -> None:
        self._source = {"eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": scope_in(arn).region}
        self._end = encode(self._source)[1:]
        self._is_fifo = arn.endswith(".fifo")

    def record(
        self, id: str, handle: str, body: str, md5: str, system: Mapping[str, str], place: Any, attributes: Any = None
    ) -> Record:
        """system: what SQS says of it. place: what its transport knows it by. attributes: as `shown`, if any."""
        event = {
            "messageId": id,
            "receiptHandle": handle,
            "body": body,
            "attributes": system,
            **(attributes or _NONE),
            "md5OfBody": md5,
            **self._source,
        }
        return Record(id, encode(event), place, system.get(TRACE))

    def received(self, one: Received) -> Record:
        """The same of a message of our own, put together of the JSON that there is of it."""
        body, attributes, system = one.row
        event = _EVENT % (
            one.id.encode(),
            one.handle.encode(),
            encode(body),
            system[:-1].encode(),
            one.sent_s * 1000,
            one.receives,
            one.first_s * 1000,
            b',"SequenceNumber":"%020d"' % one.number if self._is_fifo else b"",
            _NONE_SHOWN if attributes == "{}" else _shown(attributes),
            one.md5.encode(),
            self._end,
        )
        return Record(one.id, event, one, decode(system)[TRACE] if TRACE in system else None)


_NONE: Mapping[str, Any] = {"messageAttributes": {}}
_NONE_SHOWN = b'"messageAttributes":{}'
_EVENT = (
    b'{"messageId":"%b","receiptHandle":"%b","body":%b,"attributes":%b,"SentTimestamp":"%d",'
    b'"ApproximateReceiveCount":"%d","ApproximateFirstReceiveTimestamp":"%d"%b},%b,"md5OfBody":"%b",%b'
)


def shown(attributes: Attributes, md5: str | None) -> Mapping[str, Any]:
    """The members that attributes have in the event. md5: SQS's own of them."""
    return {
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        "md5OfMessageAttributes": md5,
    }


def _shown(attributes: str) -> bytes:
    """The members that attributes have in the event, as JSON without braces."""
    given = decode(attributes)
    return encode(shown(given, md5_of_attributes(given)))[1:-1]


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    content = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        content: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
