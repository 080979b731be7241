"""One HTTP/1.1 connection: bytes in, requests to a handler, answers out in the order of the requests."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from lambda_emu.http.message import Head, Header, answer_head

log = logging.getLogger(__name__)

MAX_HEAD_BYTES = 1 << 20
TURN_BYTES = 1 << 16
"""A connection that brings this much at once lets the others have their turn before it is read again."""
MAX_WAITING_BYTES = 1 << 18
MAX_WAITING_REQUESTS = 256
UNREAD_LIMIT_BYTES = 100 << 20
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Told = Callable[["Connection"], None]


class TooManyWaiting(Exception):
    """A client sends request upon request without waiting for answers."""


class Sink(Protocol):
    """Takes the body of one request. `abort` comes when the client left before its answer, also after `end`."""

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


class Handler(Protocol):
    """Begins a request; the answer may be sent at once or at any later time, on the loop."""

    def __call__(self, head: Head, writer: Writer) -> Sink: ...


class Discard:
    """A sink for bodies nobody needs."""

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


DISCARD = Discard()


class Writer:
    """Where the answer to one request goes. Sending twice is a mistake; sending to a client that left does nothing."""

    __slots__ = ("_connection", "close_after", "sent")

    def __init__(self, connection: Connection, close_after: bool) -> None:
        self._connection: Connection | None = connection
        self.close_after = close_after
        self.sent = False

    def send(self, head: bytes, body: bytes = b"") -> None:
        """Write a whole answer; `head` is complete with its blank line and Content-Length."""
        assert not self.sent, "one request, one answer"
        self.sent = True
        if self._connection is not None:
            self._connection.answered(self, head, body)

    def detach(self) -> None:
        self._connection = None

    @property
    def open(self) -> bool:
        """Whether anybody still waits for the answer."""
        return self._connection is not None and not self.sent


class _Request:
    """A request on its way in; it keeps its body while earlier requests are unanswered."""

    __slots__ = ("chunks", "complete", "head", "sink", "writer")

    def __init__(self, head: Head, writer: Writer) -> None:
        self.head = head
        self.writer = writer
        self.sink: Sink | None = None
        self.chunks: list[bytes] = []
        self.complete = False


class Connection(asyncio.Protocol):
    """Parses what a client sends and calls the handler, one request at a time; pipelined ones wait their turn.

    Each turn of the loop begins one of them at most, and none while the client does not read its answers: so nobody
    who floods us holds up the others, or fills our memory.
    """

    def __init__(self, handler: Handler, opened: Told, closed: Told) -> None:
        self._handler = handler
        self._opened = opened
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[Header] = []
        self._head_bytes = 0
        self._requests: deque[_Request] = deque()  # the first one is being served
        self._arriving: _Request | None = None
        self._waiting_bytes = 0
        self._unread_bytes = 0
        self._may_begin = True
        self._clogged = False  # the client does not read what it was answered
        self.activity = 0  # counts what moved; a sweep that finds it unchanged knows of a stall

    # -- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        self.activity += 1
        self._head_bytes += len(data)
        self._may_begin = True
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, TooManyWaiting):
                log.error("a request failed inside its handler", exc_info=error)
            self.drop()
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            if self._arriving is None and self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431)
            elif self._waiting_bytes > MAX_WAITING_BYTES and self._transport is not None:
                self._transport.pause_reading()
            elif len(data) >= TURN_BYTES and self._transport is not None:
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._read_on)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        requests, self._requests = self._requests, deque()
        for request in requests:
            request.writer.detach()
            if request.sink is not None:
                request.sink.abort()
        self._closed(self)

    def pause_writing(self) -> None:
        """Answers are whole and bounded, so one may stay in the buffer; the sweep ends a client that never reads."""
        self._clogged = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.activity += 1
        self._clogged = False
        self._read_on()
        if self._requests:
            self._replay()

    # -- httptools -------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> None:
        """Upgrades are never taken: a request that offers one, which ends the parser's work, is read without."""
        while data:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                data = self._without_offer() + data[offer.args[0] :]

    def _without_offer(self) -> bytes:
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserError("no proxy")
        lines = [b"%s %s HTTP/%s" % (method, self._target, version)]
        lines += [b"%s: %s" % header for header in self._headers if header[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser.should_upgrade():
            return
        keep_alive = parser.should_keep_alive()
        version = parser.get_http_version()
        head = Head(parser.get_method(), self._target, self._headers, version, keep_alive)
        if len(self._requests) > MAX_WAITING_REQUESTS:
            raise TooManyWaiting
        request = _Request(head, Writer(self, close_after=not keep_alive))
        self._arriving = request
        self._requests.append(request)
        if len(self._requests) > 1 or self._clogged:
            return
        if self._may_begin:
            self._may_begin = False
            self._begin(request)
        else:
            asyncio.get_running_loop().call_soon(self._replay)

    def on_body(self, chunk: bytes) -> None:
        request = self._arriving
        assert request is not None
        if request.sink is None:
            request.chunks.append(chunk)
            self._waiting_bytes += len(chunk)
        elif request.writer.sent:
            self._discard(len(chunk))
        else:
            request.sink.body(chunk)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        request, self._arriving = self._arriving, None
        self._head_bytes = 0
        assert request is not None
        request.complete = True
        if request.sink is not None:
            self._end(request)

    # -- requests --------------------------------------------------------------------------------

    def _begin(self, request: _Request) -> None:
        if not request.complete and request.head.get(b"expect") is not None and self._transport is not None:
            self._transport.write(CONTINUE)
        request.sink = self._handler(request.head, request.writer)

    def _end(self, request: _Request) -> None:
        if request.writer.sent:
            self._next()
        else:
            assert request.sink is not None
            request.sink.end()

    def answered(self, writer: Writer, head: bytes, body: bytes) -> None:
        """Write the answer of the request being served, and go on with the next one."""
        transport = self._transport
        if transport is None:
            return
        self.activity += 1
        if len(body) <= 1 << 16:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        request = self._requests[0]
        assert request.writer is writer
        if request.complete:
            self._next()

    def _next(self) -> None:
        """The first request is complete and answered: drop it, and begin the one behind it."""
        done = self._requests.popleft()
        done.writer.detach()
        self._unread_bytes = 0
        if done.writer.close_after:
            self.close()
        elif self._requests:
            asyncio.get_running_loop().call_soon(self._replay)

    def _replay(self) -> None:
        if not self._requests or self._requests[0].sink is not None or self._transport is None or self._clogged:
            return
        try:
            self._serve(self._requests[0])
        except BaseException:
            self.drop()  # nobody would answer it any more; the loop logs why
            raise

    def _serve(self, request: _Request) -> None:
        """Begin a request that waited, and give it what came of its body."""
        complete, request.complete = request.complete, False  # what follows is as if it came just now
        self._begin(request)
        chunks, request.chunks = request.chunks, []
        for chunk in chunks:
            self._waiting_bytes -= len(chunk)
            if not request.writer.sent:
                assert request.sink is not None
                request.sink.body(chunk)
        self._read_on()
        if complete:
            request.complete = True
            self._end(request)

    def _read_on(self) -> None:
        if self._transport is not None and not self._clogged and self._waiting_bytes <= MAX_WAITING_BYTES:
            self._transport.resume_reading()

    def _discard(self, count: int) -> None:
        """Answered before the whole body came in: read the rest, so the client sees the answer, but not for ever."""
        self._unread_bytes += count
        if self._unread_bytes > UNREAD_LIMIT_BYTES:
            self.close()

    def _refuse(self, status: int) -> None:
        """What came is not HTTP we understand: say so if nothing else is being answered, and hang up."""
        if self._transport is not None:
            if not self._requests:
                self._transport.write(answer_head(status, [], 0, close=True))
            self.close()

    # -- for the listener ------------------------------------------------------------------------

    @property
    def stalled_if_unmoved(self) -> bool:
        """Whether the client owes us something: the rest of a request, or reading its answer."""
        if self._transport is None:
            return False
        partial = self._arriving is not None or (self._head_bytes > 0 and not self._requests)
        may_send = self._waiting_bytes <= MAX_WAITING_BYTES  # else it is us who do not read
        return (partial and may_send) or self._transport.get_write_buffer_size() > 0

    @property
    def busy(self) -> bool:
        """Whether the client waits for an answer, or has not got all of one."""
        return bool(self._requests) or (self._transport is not None and self._transport.get_write_buffer_size() > 0)

    def finish(self) -> None:
        """Hang up after the request that is being served, or now; what waits behind it is not begun."""
        if self._requests:
            self._requests[0].writer.close_after = True
        else:
            self.close()

    def close(self) -> None:
        """Hang up after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()
