"""Bodies of which each piece is signed (`aws-chunked`), each by the signature before it. No I/O but reading.

`<size in hex>;chunk-signature=<64 hex>CRLF<bytes>CRLF`, the last one of size 0, then trailers with a signature of their
own. The rules: "Transferring payload in multiple chunks" in S3's API reference.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import IO

from lambda_emu.signatures.signature import EMPTY_DIGEST, Signed

SIGNED = b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
WITH_TRAILER = b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KINDS = (SIGNED, WITH_TRAILER, UNSIGNED_WITH_TRAILER)
PIECE_BYTES = 256 * 1024
MOST_LINE_BYTES = 1024
MOST_TRAILERS = 16

_LINE = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})\r\n")


def are_by(key: bytes, signed: Signed, kind: bytes, body: IO[bytes]) -> bool:
    """Whether every piece, and what follows them, was signed by this key; so is not what is cut off.

    kind: as x-amz-content-sha256 names it.
    """
    before, size = signed.signature, 1
    while size:
        line = _LINE.fullmatch(body.readline(MOST_LINE_BYTES))
        if line is None:
            return False
        size = int(line[1], 16)
        found = _digest(body, size)
        if found is None or not _is(key, signed, b"PAYLOAD", (before, EMPTY_DIGEST, found), line[2]):
            return False
        before = line[2]
        if size and body.read(2) != b"\r\n":
            return False
    return kind != WITH_TRAILER or _trailer_is_by(key, signed, before, body)


def _trailer_is_by(key: bytes, signed: Signed, before: bytes, body: IO[bytes]) -> bool:
    told = sha256()
    for _ in range(MOST_TRAILERS):
        name, colon, value = body.readline(MOST_LINE_BYTES).partition(b":")
        if not colon:
            return False
        if name.strip().lower() == b"x-amz-trailer-signature":
            return _is(key, signed, b"TRAILER", (before, told.hexdigest().encode()), value.strip())
        told.update(name.strip().lower() + b":" + value.strip() + b"\n")
    return False


def _is(key: bytes, signed: Signed, what: bytes, parts: tuple[bytes, ...], signature: bytes) -> bool:
    text = b"\n".join((b"AWS4-HMAC-SHA256-" + what, signed.time, signed.begin.scope, *parts))
    return hmac.compare_digest(hmac.digest(key, text, sha256).hex().encode(), signature)


def _digest(body: IO[bytes], size: int) -> bytes | None:
    """Of the next so many bytes; None: there are fewer."""
    found = sha256()
    while size:
        piece = body.read(min(size, PIECE_BYTES))
        if not piece:
            return None
        found.update(piece)
        size -= len(piece)
    return found.hexdigest().encode()
