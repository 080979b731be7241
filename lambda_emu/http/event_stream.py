"""AWS's event stream encoding: messages of headers and payload, each with two checksums.

docs/contract/invoke.md#responses.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
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
