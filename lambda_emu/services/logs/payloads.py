"""What a subscription brings: JSON, packed by gzip. docs/contract/events.md#pushed-events."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from lambda_emu.logs.groups import StoredEvent
from lambda_emu.services.logs.records import LogGroup

MOST_BYTES = 192 * 1024
"""Of messages in one payload, so that a function takes it though it does not shrink; one longer message goes alone."""
MOST_EVENTS = 10_000
LEVEL = 6
CONTROL_MESSAGE = "CWL CONTROL MESSAGE: Checking health of destination {what}."


class Matched(Struct, frozen=True):
    """fields: by their names, where the pattern names words of the event."""

    event: StoredEvent
    fields: dict[str, str] | None = None


def payloads(group: LogGroup, stream: str, filter_name: str, matched: Sequence[Matched]) -> Iterator[bytes]:
    """Of events of one stream, as many as there must be."""
    start = 0
    while start < len(matched):
        end, size = start, 0
        while end < len(matched) and end - start < MOST_EVENTS and (size < MOST_BYTES or end == start):
            size += len(matched[end].event.message)
            if size > MOST_BYTES and end > start:
                break
            end += 1
        said = {
            "messageType": "DATA_MESSAGE",
            "owner": group.account,
            "logGroup": group.name,
            "logStream": stream,
            "subscriptionFilters": [filter_name],
            "logEvents": [_event(one) for one in matched[start:end]],
        }
        yield pack(said)
        start = end


def control_message(what: str, at_ms: int) -> bytes:
    """By which a stream is tried. what: `Kinesis stream`."""
    event = {"id": "", "timestamp": at_ms, "message": CONTROL_MESSAGE.format(what=what)}
    return pack(
        {
            "messageType": "CONTROL_MESSAGE",
            "owner": "CloudwatchLogs",
            "logGroup": "",
            "logStream": "",
            "subscriptionFilters": [],
            "logEvents": [event],
        }
    )


def for_function(payload: bytes) -> bytes:
    """The event of a function."""
    return b'{"awslogs":{"data":"' + b64encode(payload) + b'"}}'


def pack(said: dict[str, Any]) -> bytes:
    return gzip.compress(encode(said), LEVEL, mtime=0)


def _event(one: Matched) -> dict[str, Any]:
    event = {"id": one.event.id, "timestamp": one.event.position.at_ms, "message": one.event.message}
    return event if one.fields is None else {**event, "extractedFields": one.fields}
