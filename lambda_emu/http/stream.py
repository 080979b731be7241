"""An answer that is sent in pieces, no faster than its client takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from lambda_emu.http.message import Head, head_bytes

HIGH_WATER_BYTES = 256 * 1024
"""With so much unsent the source is to pause."""
TURN_BYTES = 256 * 1024
"""A source that wrote so much is to pause too, until others had their turn: a fast client would keep it writing."""
BODILESS = (204, 304)

Headers = Iterable[tuple[str, str]]


class Source(Protocol):
    """Where the pieces come from. Both are called on the loop."""

    def go_on(self) -> None:
        """There is room again, after a `write` that returned False."""

    def abort(self) -> None:
        """The client is gone before the end; nothing more is taken."""


class Outlet(Protocol):
    """The connection, as a stream needs it."""

    @property
    def has_room(self) -> bool: ...

    def write_piece(self, piece: bytes) -> bool: ...

    def end_stream(self, last: bytes) -> None: ...

    def drop(self) -> None: ...


class Stream:
    """The way an answer's pieces go: counted where the length was said, in chunks where it was not (RFC 9112, 6 and 7).

    A client of HTTP/1.0 knows no chunks: to it the end of the connection is the end of an answer without a length.
    What has no body by its status, or is asked for by HEAD, is begun and ended like any other; its pieces are dropped.
    All of it is called on the loop.
    """

    __slots__ = ("_has_body", "_headers", "_is_chunked", "_left_bytes", "_outlet", "_source", "_status", "_turn_bytes")

    def __init__(self, asked: Head, status: int, headers: Headers, length: int | None, source: Source) -> None:
        """asked: the request's. length: of the whole body; None: it is not known."""
        self._status = status
        self._headers = headers
        self._left_bytes = length
        self._source: Source | None = source
        self._outlet: Outlet | None = None
        self._turn_bytes = 0  # written in this turn of the loop
        self._has_body = asked.method != b"HEAD" and status not in BODILESS
        self._is_chunked = length is None and asked.version == "1.1" and status not in BODILESS

    @property
    def ends_by_closing(self) -> bool:
        return self._has_body and self._left_bytes is None and not self._is_chunked

    def open(self, outlet: Outlet, *, close: bool) -> bytes:
        """From now on pieces are taken, behind the bytes that this returns. close: the connection ends with it."""
        self._outlet = outlet
        framing = []
        if self._left_bytes is not None:
            framing.append(("Content-Length", str(self._left_bytes)))
        elif self._is_chunked:
            framing.append(("Transfer-Encoding", "chunked"))
        return head_bytes(self._status, [*self._headers, *framing], close=close)

    def write(self, piece: bytes) -> bool:
        """Whether more is wanted now; if not, the source hears `go_on` later, or `abort`."""
        if self._outlet is None:
            return False
        if not piece or not self._has_body:
            return True
        if self._left_bytes is not None:
            self._left_bytes -= len(piece)
            assert self._left_bytes >= 0, "an answer is as long as it said"
        has_room = self._outlet.write_piece(b"%x\r\n%b\r\n" % (len(piece), piece) if self._is_chunked else piece)
        if not self._turn_bytes:
            asyncio.get_running_loop().call_soon(self._begin_turn)
        self._turn_bytes += len(piece)
        return has_room and self._turn_bytes < TURN_BYTES

    def _begin_turn(self) -> None:
        """Others had theirs."""
        wrote_bytes, self._turn_bytes = self._turn_bytes, 0
        if wrote_bytes >= TURN_BYTES and self._outlet is not None and self._outlet.has_room:
            self.resume()

    def end(self, trailers: Headers = ()) -> None:
        """All of it was written. Trailers go where there are chunks, and are dropped elsewhere."""
        outlet, self._outlet, self._source = self._outlet, None, None
        if outlet is None:
            return
        if self._has_body and self._left_bytes:
            outlet.drop()  # less came than was said, and so the client shall see
            return
        last = ""
        if self._has_body and self._is_chunked:
            last = "".join(["0\r\n", *(f"{name}: {value}\r\n" for name, value in trailers), "\r\n"])
        outlet.end_stream(last.encode("latin-1", "replace"))

    def break_off(self) -> None:
        """The rest cannot be had: hang up, so that the client does not take what it got for the whole."""
        outlet, self._outlet, self._source = self._outlet, None, None
        if outlet is not None:
            outlet.drop()

    def resume(self) -> None:
        """The client took most of what was written."""
        if self._source is not None:
            self._source.go_on()

    def lose(self) -> None:
        """The connection is gone."""
        source, self._outlet, self._source = self._source, None, None
        if source is not None:
            source.abort()
