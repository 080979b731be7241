"""The answer of InvokeWithResponseStream, as events. docs/contract/invoke.md#responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lambda_emu.http.event_stream import event

CHUNK_BYTES = 256 * 1024


def payload_chunks(payload: bytes) -> Iterator[bytes]:
    """A function's answer as PayloadChunk events; none for an empty one."""
    for start in range(0, len(payload), CHUNK_BYTES):
        yield event("PayloadChunk", "application/octet-stream", payload[start : start + CHUNK_BYTES])


def invoke_complete(members: Mapping[str, str | None]) -> bytes:
    """The last event: ErrorCode, ErrorDetails and LogResult, those that are not None."""
    present = {name: value for name, value in members.items() if value is not None}
    return event("InvokeComplete", "application/json", json.dumps(present).encode())
