"""The short way for who asks again: what a client says alike in all its requests of a day is read and looked up once.

Whatever is in any way unusual is left to the long way, which says what is wrong with it. Both compute the same.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller
from lambda_emu.signatures.keys import Key
from lambda_emu.signatures.signature import (
    ALGORITHM,
    EMPTY_DIGEST,
    KEPT,
    KEPT_BYTES,
    S3,
    Signed,
    at_s,
    is_plain,
    signing_key,
)

try:
    from _sha256 import sha256 as python_sha256  # type: ignore[import-not-found]
except ImportError:  # of other versions
    python_sha256 = sha256

short_sha256: Callable[[bytes], Any] = python_sha256
"""Of what is short. OpenSSL's takes twice as long where nothing else was done for a while: it is much more code."""
SHORT_BYTES = 2048
SKEW_S = 300
BLOCK_BYTES = 64
"""Of SHA-256, as HMAC has it."""


class Known(Struct, frozen=True):
    """What one client says; where nobody checks, whose it is alone. ends: what is signed behind its headers' values.

    inner, outer: SHA-256 of what HMAC has before a text, and before its digest; hmac.digest makes both each time, and
    where nothing else was done for a while that takes thrice as long.
    """

    caller: Caller
    inner: Any = None
    outer: Any = None
    names: tuple[bytes, ...] = ()
    ends: bytes = b""
    scope: bytes = b""
    expires_s: float = 0


class QuickSigners:
    """is_strict: signatures are checked."""

    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._known: dict[tuple[bytes, bytes | None], Known] = {}  # by a header up to its signature, and its token
        self._paths: set[bytes] = set()  # that are signed as they are sent
        self._times: dict[bytes, int] = {}  # those whose day is that of a scope, in epoch seconds

    def forget(self) -> None:
        self._known.clear()

    def caller(self, asked: Request, now_s: float) -> Caller | None:
        """None: the long way has to find out."""
        head = asked.head
        first = head.first
        authorization = first.get(b"authorization")
        if authorization is None:
            return None
        begin, _, signature = authorization.rpartition(b"Signature=")
        known = self._known.get((begin, first.get(b"x-amz-security-token")))
        if known is None or not self._is_strict:
            return None if known is None else known.caller
        time = first.get(b"x-amz-date", b"")
        made_s = self._times.get(time)
        if (
            made_s is None
            or not made_s - SKEW_S <= now_s <= made_s + SKEW_S
            or now_s > known.expires_s
            or not known.scope.startswith(time[:8])
            or asked.path not in self._paths
            or asked.query
            or asked.body_file is not None
            or len(first) != len(head.headers)
        ):
            return None
        hashed = short_sha256 if len(asked.body) <= SHORT_BYTES else sha256
        digest = hashed(asked.body).hexdigest().encode() if asked.body else EMPTY_DIGEST
        if first.get(b"x-amz-content-sha256", digest) != digest:
            return None
        try:
            values = b"\n".join([name + b":" + first[name] for name in known.names])
        except KeyError:
            return None
        request = b"\n".join((head.method, asked.path, b"", values, known.ends + digest))
        text = b"\n".join((ALGORITHM, time, known.scope, short_sha256(request).hexdigest().encode()))
        inner, outer = known.inner.copy(), known.outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        if not hmac.compare_digest(outer.hexdigest().encode(), signature):
            return None  # also where spaces in values stand for one
        return known.caller

    def keep(self, asked: Request, signed: Signed, caller: Caller, key: Key | None) -> None:
        """It was found to hold, or nobody checks. key: None: of a caller whose key nobody made."""
        begin = signed.begin
        text = asked.head.first.get(b"authorization", b"").rpartition(b"Signature=")[0]
        if signed.in_query or begin.service == S3 or len(text) > KEPT_BYTES or len(asked.path) > KEPT_BYTES:
            return
        if max(len(self._known), len(self._paths), len(self._times)) >= KEPT:
            self._known.clear()
            self._paths.clear()
            self._times.clear()
        named = text, asked.head.first.get(b"x-amz-security-token")
        if key is None:
            self._known[named] = Known(caller)
            return
        ends = b"\n" + begin.joined + b"\n"
        expires_s = float("inf") if key.expires_s is None else key.expires_s
        padded = signing_key(key.secret, begin).ljust(BLOCK_BYTES, b"\0")
        inner, outer = (short_sha256(bytes(each ^ pad for each in padded)) for pad in (0x36, 0x5C))
        self._known[named] = Known(caller, inner, outer, begin.headers, ends, begin.scope, expires_s)
        if is_plain(asked.path):
            self._paths.add(asked.path)
        made_s = at_s(signed)
        if made_s is not None:
            self._times[signed.time] = made_s
