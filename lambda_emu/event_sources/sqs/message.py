"""A message of a queue as its function is shown it. docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.json import decode, encode

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record
from lambda_emu.services.sqs.message import Received, handle_of, md5_of, md5_of_attributes

TRACE = "AWSTraceHeader"
Attributes = Mapping[str, Mapping[str, Any]]
"""What who sent a message gave it, by name: DataType, and StringValue or BinaryValue, which is base64."""


class Messages:
    """Makes records of the messages of one queue."""

    def __init__(self, arn: str) -> None:
        self._source = {"eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": scope_in(arn).region}
        self._end = encode(self._source)[1:].decode()
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
        id, number, receives, (body, attributes, system) = one.id, one.number, one.receives, one.row
        trace = decode(system)[TRACE] if TRACE in system else None
        sequence = f',"SequenceNumber":"{number:020d}"' if self._is_fifo else ""
        text = (
            f'{{"messageId":"{id}","receiptHandle":"{handle_of(one.queue_id, number, receives, id)}",'
            f'"body":{encode(body).decode()},"attributes":{system[:-1]},"SentTimestamp":"{int(one.sent_s * 1000)}",'
            f'"ApproximateReceiveCount":"{receives}",'
            f'"ApproximateFirstReceiveTimestamp":"{int(one.first_s * 1000)}"{sequence}}},'
            f'{_NONE_SHOWN if attributes == "{}" else _shown(attributes)},"md5OfBody":"{md5_of(body)}",{self._end}'
        )
        return Record(id, text.encode(), one, trace)


_NONE: Mapping[str, Any] = {"messageAttributes": {}}
_NONE_SHOWN = '"messageAttributes":{}'


def shown(attributes: Attributes, md5: str | None) -> Mapping[str, Any]:
    """The members that attributes have in the event. md5: SQS's own of them."""
    return {
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        "md5OfMessageAttributes": md5,
    }


def _shown(attributes: str) -> str:
    """The members that attributes have in the event, as JSON without braces."""
    given = decode(attributes)
    return encode(shown(given, md5_of_attributes(given)))[1:-1].decode()


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    content = "binaryValue" if "BinaryValue" in value else "stringValue"
    return {
        content: value.get("BinaryValue", value.get("StringValue")),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
