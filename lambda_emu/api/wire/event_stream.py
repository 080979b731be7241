"""AWS's event stream encoding: messages of headers and payload, each with two checksums.

docs/contract/invoke.md#responses.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
CHUNK_BYTES = 256 * 1024
STRING = 7  # the type of a header's value; others are not used here


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: total length, headers' length, their CRC, headers, payload, CRC of all before; big-endian."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = b"".join((prelude, struct.pack(">I", crc32(prelude)), head, payload))
    return body + struct.pack(">I", crc32(body))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(f">B{len(key)}sBH{len(text)}s", len(key), key, STRING, len(text), text)


def event(kind: str, content_type: str, payload: bytes) -> bytes:
    """A message that carries one event of the operation's stream."""
    return message({":message-type": "event", ":event-type": kind, ":content-type": content_type}, payload)


def payload_chunks(payload: bytes) -> Iterator[bytes]:
    """A function's answer as PayloadChunk events; none for an empty one."""
    for start in range(0, len(payload), CHUNK_BYTES):
        yield event("PayloadChunk", "application/octet-stream", payload[start : start + CHUNK_BYTES])


def invoke_complete(members: Mapping[str, str | None]) -> bytes:
    """The last event: ErrorCode, ErrorDetails and LogResult, those that are not None."""
    present = {name: value for name, value in members.items() if value is not None}
    return event("InvokeComplete", "application/json", json.dumps(present).encode())
