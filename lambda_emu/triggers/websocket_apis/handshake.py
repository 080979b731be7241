"""The request that a WebSocket begins with, and its answer (RFC 6455, 4.2). No I/O."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hashlib import sha1

from lambda_emu.http.message import Head
from lambda_emu.triggers.websocket_apis.refusals import BadHandshake, NoUpgrade

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION = b"13"
PROTOCOL = "Sec-WebSocket-Protocol"


def accept_key(head: Head) -> str:
    """NoUpgrade: it asks for none. BadHandshake: not by the rules."""
    key = head.get(b"sec-websocket-key")
    if key is None or b"upgrade" not in (head.get(b"connection") or b"").lower():
        raise NoUpgrade("A WebSocket API is asked by clients of WebSocket: `ws://…`.")
    if head.method != b"GET" or head.version != "1.1" or head.get(b"sec-websocket-version") != VERSION:
        raise BadHandshake("A WebSocket begins with GET by HTTP/1.1, and has version 13.")
    try:
        is_key = len(b64decode(key, validate=True)) == 16
    except binascii.Error:
        is_key = False
    if not is_key:
        raise BadHandshake("Sec-WebSocket-Key is not 16 bytes in base64.")
    return b64encode(sha1(key + GUID, usedforsecurity=False).digest()).decode("ascii")


def answer_headers(accept: str, said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """said: headers of the back end, of which the client is told its choice of a subprotocol alone."""
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]
    return headers + [(PROTOCOL, value) for name, value in said if name.lower() == PROTOCOL.lower()][:1]
