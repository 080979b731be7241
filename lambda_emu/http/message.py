"""What a request says before its body, and how an answer is put in bytes."""

from __future__ import annotations

import http
import time
from collections.abc import Callable, Iterable
from typing import Any

Header = tuple[bytes, bytes]
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te"),
        *(b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
    )
)
"""Headers of one connection: who passes a message on leaves them out."""
REASONS = {status.value: status.phrase for status in http.HTTPStatus}


class Head:
    """Request line and headers; header names are lower case. first: each header's first value.

    names: of the headers, as they came, where that may be another case.
    peer: the address that it came from; None where that says nothing, as inside another network.
    plan: how its handler serves it, made of the head alone, and meaning: what it asks for; the next request that says
    the same on this connection has both again.
    """

    __slots__ = ("first", "headers", "keep_alive", "meaning", "method", "names", "peer", "plan", "target", "version")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: list[Header],
        version: str,
        keep_alive: bool,
        peer: str | None = None,
        names: list[bytes] | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.first = dict(reversed(headers))
        self.version = version
        self.keep_alive = keep_alive
        self.peer = peer
        self.names = names
        self.plan: Any = None
        self.meaning: Any = None

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header, by its lower-case name."""
        return self.first.get(name)

    def size_bytes(self) -> int:
        """About what it takes."""
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers)

    def content_length(self) -> int | None:
        """Announced bytes of the body; None when it is chunked or absent."""
        value = self.first.get(b"content-length")
        return int(value) if value is not None and value.isdigit() else None


def answer_head(status: int, headers: Iterable[tuple[str, str]], length: int, *, close: bool = False) -> bytes:
    """Status line and headers of an answer with a body of `length` bytes."""
    text = f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\n"
    for name, value in headers:
        text += f"{name}: {value}\r\n"
    if status != 204:
        text += f"Content-Length: {length}\r\n"
    if close:
        text += "Connection: close\r\n"
    return (text + "\r\n").encode("latin-1", "replace")


def head_bytes(status: int, headers: Iterable[tuple[str, str]], *, close: bool) -> bytes:
    """Status line and headers of an answer whose headers say themselves how its body is framed."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def http_date(second: int) -> str:
    """`Sun, 06 Nov 1994 08:49:37 GMT`; email.utils says the same, whose import every start would wait for."""
    at = time.gmtime(second)
    day, month = DAYS[at.tm_wday], MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02d} {month} {at.tm_year} {at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT"


class Dates:
    """The Date header, formatted once a second."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._second = -1
        self._text = ""

    def text(self) -> str:
        second = int(self._now_s())
        if second != self._second:
            self._second, self._text = second, http_date(second)
        return self._text
