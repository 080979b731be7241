"""The short way for who asks again: what a client says alike in all its requests of a day is read and looked up once,
and what it says alike in those of a second is hashed once.

Whatever is in any way unusual is left to the long way, which says what is wrong with it. Both compute the same.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from operator import itemgetter
from typing import Any

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
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
SIGNATURE = 64
"""Its digits, which end a header."""
BEGUN_KEPT, BEGUN_BYTES = 256, 4096
"""Heads whose beginnings are kept, and how large one may be: of those that are signed by whom they say."""
DATE, TOKEN, BODY_DIGEST = b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256"


class Known(Struct, frozen=True):
    """What one client says; where nobody checks, whose it is alone. ends: what is signed behind its headers' values.

    values: of the headers that are signed, which have these names. inner, outer: SHA-256 of what HMAC has before a
    text, and before its digest.
    """

    caller: Caller
    values: Callable[[Mapping[bytes, bytes]], Any] = len
    names: tuple[bytes, ...] = ()
    ends: bytes = b""
    scope: bytes = b""
    inner: Any = None
    outer: Any = None
    expires_s: float = 0


class Begun(Struct, frozen=True):
    """What it says in one second to one path: SHA-256 of all but the body's digest, and of all but the request's.

    caller, values, outer: as Known has them. said: what these values are. from_s, until_s: when that may be asked, in
    epoch seconds.
    """

    caller: Caller
    values: Callable[[Mapping[bytes, bytes]], Any]
    outer: Any
    method: bytes
    token: bytes | None
    said: Any
    from_s: float
    until_s: float
    request: Any
    text: Any


class QuickSigners:
    """is_strict: signatures are checked."""

    def __init__(self, clock: Clock, *, is_strict: bool) -> None:
        self._now_s = clock.now_s
        self._is_strict = is_strict
        self._known: dict[tuple[bytes, bytes | None], Known] = {}  # by a header up to its signature, and its token
        self._begun: dict[tuple[bytes, bytes], Begun] = {}  # by a header up to its signature, and its target
        self._paths: set[bytes] = set()  # that are signed as they are sent

    def forget(self) -> None:
        self._known.clear()
        self._begun.clear()

    def caller(self, asked: Request) -> Caller | None:
        """None: the long way has to find out."""
        head, first = asked.head, asked.head.first
        authorization = first.get(b"authorization")
        if authorization is None:
            return None
        named = authorization[:-SIGNATURE]
        if not self._is_strict:
            known = self._known.get((named, first.get(TOKEN)))
            return None if known is None else known.caller
        place = named, head.target
        kept = begun = self._begun.get(place)
        try:
            if (
                begun is None
                or begun.values(first) != begun.said
                or begun.method != head.method
                or begun.token != first.get(TOKEN)
            ):
                kept, begun = None, self._begin(asked, named)
        except KeyError:  # a header that is signed is not there
            return None
        if (
            begun is None
            or not begun.from_s <= self._now_s() <= begun.until_s
            or asked.body_file is not None
            or len(first) != len(head.headers)
        ):
            return None
        body = asked.body
        hashed = short_sha256 if len(body) <= SHORT_BYTES else sha256
        digest = hexlify(hashed(body).digest()) if body else EMPTY_DIGEST
        if first.get(BODY_DIGEST, digest) != digest:
            return None
        request, text, signature = begun.request.copy(), begun.text.copy(), begun.outer.copy()
        request.update(digest)
        text.update(hexlify(request.digest()))
        signature.update(text.digest())
        if not compare_digest(hexlify(signature.digest()), authorization[-SIGNATURE:]):
            return None  # also where spaces in values stand for one
        if kept is None:
            self._keep_begun(place, begun, head)
        return begun.caller

    def _begin(self, asked: Request, named: bytes) -> Begun | None:
        """named: by whom, and how. KeyError: a header that is signed is not there.

        None: he is not known, its date is not that of the scope, or its path may be signed otherwise than it was sent.
        """
        head, first = asked.head, asked.head.first
        token = first.get(TOKEN)
        known = self._known.get((named, token))
        if known is None:
            return None
        said, time = known.values(first), first[DATE]
        made_s = at_s(time)
        if made_s is None or not known.scope.startswith(time[:8]) or asked.query or asked.path not in self._paths:
            return None
        values = b"\n".join([name + b":" + first[name] for name in known.names])
        request = short_sha256(b"\n".join((head.method, asked.path, b"", values, known.ends)))
        text = known.inner.copy()
        text.update(b"\n".join((ALGORITHM, time, known.scope, b"")))
        from_s, until_s = made_s - SKEW_S, min(made_s + SKEW_S, known.expires_s)
        return Begun(known.caller, known.values, known.outer, head.method, token, said, from_s, until_s, request, text)

    def _keep_begun(self, place: tuple[bytes, bytes], begun: Begun, head: Head) -> None:
        """It was found to hold. What the same client said to the same path a second before is let go."""
        if head.size_bytes() <= BEGUN_BYTES:
            if len(self._begun) >= BEGUN_KEPT:
                self._begun.clear()
            self._begun[place] = begun

    def keep(self, asked: Request, signed: Signed, caller: Caller, key: Key | None) -> None:
        """It was found to hold, or nobody checks. key: None: of a caller whose key nobody made."""
        begin, first = signed.begin, asked.head.first
        authorization = first.get(b"authorization", b"")
        is_last = authorization.endswith(b"Signature=" + signed.signature) and len(signed.signature) == SIGNATURE
        if signed.in_query or begin.service == S3 or not is_last or len(authorization) > KEPT_BYTES:
            return
        if self._is_strict and DATE not in begin.headers:
            return
        if max(len(self._known), len(self._paths)) >= KEPT:
            self.forget()
            self._paths.clear()
        named = authorization[:-SIGNATURE], first.get(TOKEN)
        if named not in self._known:
            self._known[named] = _known(caller, key, signed) if self._is_strict and key is not None else Known(caller)
        if len(asked.path) <= KEPT_BYTES and is_plain(asked.path):
            self._paths.add(asked.path)


def _known(caller: Caller, key: Key, signed: Signed) -> Known:
    begin = signed.begin
    padded = signing_key(key.secret, begin).ljust(BLOCK_BYTES, b"\0")
    inner, outer = (short_sha256(bytes(each ^ pad for each in padded)) for pad in (0x36, 0x5C))
    expires_s = float("inf") if key.expires_s is None else key.expires_s
    ends = b"\n" + begin.joined + b"\n"
    return Known(caller, itemgetter(*begin.headers), begin.headers, ends, begin.scope, inner, outer, expires_s)
