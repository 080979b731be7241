"""One HTTP/1.1 connection: bytes in, requests to a handler, answers out in the order of the requests."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import cast

import httptools

from lambda_emu.http.body import Body
from lambda_emu.http.endpoint import MAX_WAITING_BYTES
from lambda_emu.http.exchange import Exchange, MakeProtocol, RequestHandler, Writer
from lambda_emu.http.group import Accepted, Acceptor, Group, Wait
from lambda_emu.http.head_reader import STRIDE_BYTES, HeadReader, HeadTooLarge
from lambda_emu.http.http2.preface import behind_preface
from lambda_emu.http.known_head import KnownHead, known_head
from lambda_emu.http.lingering import UNREAD_LIMIT_BYTES, Lingering
from lambda_emu.http.message import Head
from lambda_emu.http.pipeline import Pipeline

log = logging.getLogger(__name__)

TURN_BYTES = 1 << 16
"""A connection that brings this much at once lets the others have their turn before it is read again."""
SLICE_BYTES = 1 << 14
"""Of what may be thousands of heads or chunks, as no body of known length is, only this much is parsed in a turn."""
MAX_WAITING_REQUESTS = 256


class Connection(HeadReader, Pipeline, asyncio.Protocol):
    """Parses what a client sends and calls the handler, one request at a time; pipelined ones wait their turn.

    Each turn of the loop begins one of them at most, and none while the client does not read its answers: so nobody
    who floods us holds up the others, or fills our memory.
    """

    def __init__(self, handler: RequestHandler, acceptor: Acceptor[Accepted]) -> None:
        HeadReader.__init__(self, acceptor.limits)
        Pipeline.__init__(self, handler, acceptor.newcomers)
        self._acceptor = acceptor
        self._may_begin = True
        self._known_peer: str | None = None
        self._known: KnownHead | None = None
        self._planned: Head | None = None  # may come again: its handler said so

    # -- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._known_peer = self.peer if self._acceptor.knows_peers else None
        self._acceptor.opened(self)

    def data_received(self, data: bytes) -> None:
        size = len(data)
        self.received_bytes += size
        known = self._known
        at_rest = not (self._loose_bytes or self._requests or self._clogged)
        if at_rest and known is not None and size == known.size and data.startswith(known.text):
            self._serve_again(known, data)
        elif size > SLICE_BYTES and self._knows_no_length:
            self._unparsed = data
            self._parse_slice()
        else:
            self._may_begin = True
            self._read(data)
            if self._planned is not None:
                head, self._planned = self._planned, None
                self._known = known_head(head, data) if at_rest and not self._loose_bytes else None
            if size >= TURN_BYTES:
                self._pause()
                asyncio.get_running_loop().call_soon(self.read_on)

    @property
    def _knows_no_length(self) -> bool:
        """What comes may be heads or chunks, not the body of a request that announced how much it is."""
        return self._arriving is None or self._arriving.head.get(b"transfer-encoding") is not None

    def eof_received(self) -> bool:
        """Whether it is kept open, for the answers that are still to come."""
        self._ended = True
        if not self.group.allowance.half_open:
            return False
        if self._loose_bytes:
            self.refuse(400)  # it ended in the middle of a request
        elif self._requests and self._lingering is None:
            self._requests[-1].close_after = True
        return bool(self._requests)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = self._arriving = self._lingering = None
        self._unparsed = b""
        requests, self._requests = self._requests, deque()
        for request in requests:
            request.detach()
            if request.sink is not None:
                request.sink.abort()
                request.sink = None
        self.group.leave(self)
        self._acceptor.closed(self)

    def pause_writing(self) -> None:
        """Answers are whole and bounded, so one may stay in the buffer; the sweep ends a client that never reads."""
        self._clogged = True
        self._pause()

    def resume_writing(self) -> None:
        self._clogged = False
        self.read_on()
        if self._requests:
            self._replay()
            if (stream := self._requests[0].stream) is not None:
                stream.resume()

    # -- what comes in ---------------------------------------------------------------------------

    def _parse_slice(self) -> None:
        """A part of what came; the rest in later turns, and nothing is read before."""
        if not self._unparsed:  # it was hung up on
            return
        size = SLICE_BYTES if self._knows_no_length else len(self._unparsed)
        data, self._unparsed = self._unparsed[:size], self._unparsed[size:]
        if self._unparsed:
            self._pause()
            asyncio.get_running_loop().call_soon(self._parse_slice)
        self._may_begin = True
        self._read(data)
        if not self._unparsed:
            self.read_on()

    def _read(self, data: bytes) -> None:
        self._loose_bytes += len(data)
        if self._counts is not (self._loose_bytes > self._few_bytes):
            self._count(not self._counts)
        if self._counts and self._loose_bytes > STRIDE_BYTES and self._arriving is None:
            data = self._in_strides(data)
        try:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                self._parse_on(data, offer)
        except httptools.HttpParserCallbackError as error:
            self._fail(error)
        except httptools.HttpParserError:
            if not self._is_http2(data):
                self.refuse(400)
        else:
            if self._loose_bytes and self._is_too_large():
                self.refuse(431)
            elif self._loose_bytes or self._held_bytes or self._waiting_bytes:
                self._weigh()

    def _is_http2(self, data: bytes) -> bool:
        """Whether it was the parser's end because another protocol begins, which has the connection now."""
        rest = behind_preface(data, self.received_bytes - len(self._unparsed))
        transport = self._transport
        if rest is None or transport is None or self._lingering is not None:
            return False
        try:
            from lambda_emu.http.http2.connection import take_over  # here: most servers have no such client
        except ImportError:
            log.warning("a client speaks HTTP/2, for which the package h2 is to be installed")
            return False
        rest += self._unparsed
        self.connection_lost(None)
        take_over(transport, self._handler, self._acceptor, rest)
        return True

    def _fail(self, error: Exception) -> None:
        """The parser was stopped by one of ours."""
        if isinstance(error.__context__, HeadTooLarge):
            self.refuse(431)
        else:
            log.error("a request failed inside its handler", exc_info=error)
            self.drop()

    def _weigh(self) -> None:
        """Tell the group how much of unfinished requests is in memory, and whether more may come follows from it."""
        if self._lingering is not None:
            return
        held = self._waiting_bytes
        if self._arriving is None:
            held += self._loose_bytes
        elif self._arriving.sink is not None:
            held += self._arriving.sink.held_bytes
        if held != self._held_bytes:
            self._held_bytes = held
            if not self.group.hold(self, held):
                self.refuse(413)
        if not self._may_read:
            self._pause()

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser.should_upgrade():
            return
        keep_alive = parser.should_keep_alive()
        target = self._target
        version, (fields, names) = parser.get_http_version(), self._end_head()
        head = Head(parser.get_method(), target, fields, version, keep_alive, self._known_peer, names)
        request = Exchange(self, head, not keep_alive)
        if self._may_begin and not self._requests and not self._clogged:
            self._may_begin = False
            self._arriving = request
            self._requests.append(request)
            self._begin(request)
            self._planned = head if head.plan is not None else None
        elif len(self._requests) > MAX_WAITING_REQUESTS:
            self.drop()
        elif self._lingering is None:
            self._enqueue(request)

    def on_body(self, chunk: bytes) -> None:
        self._loose_bytes = 1
        request = self._arriving
        if request is None:  # it comes behind our last answer
            return
        if request.sink is None:
            if request.kept is None:
                request.kept = Body()
            request.kept.add(chunk)
            self._count_waiting(request, len(chunk))
        elif request.sent:  # before the whole body came, which is read so that the client sees the answer
            self._unread_bytes += len(chunk)
            if self._unread_bytes > UNREAD_LIMIT_BYTES:
                self._hang_up()
        else:
            request.sink.body(chunk)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        if len(self._headers) > self._most_fields:
            raise HeadTooLarge
        request, self._arriving = self._arriving, None
        self._loose_bytes = 0
        if request is not None:
            request.complete = True
            if request.sink is not None:
                self._end(request)

    def _serve_again(self, known: KnownHead, data: bytes) -> None:
        """The whole of a request whose head was parsed before."""
        request = Exchange(self, known.head, False)
        self._requests.append(request)
        try:
            request.sink = sink = self._handler(known.head, request)
            if known.size > len(known.text) and not request.sent:
                sink.body(data[len(known.text) :])
            request.complete = True
            self._end(request)
        except Exception as error:  # noqa: BLE001 - as where the parser calls the handler
            self._fail(error)

    def hold(self, held: bool) -> None:
        """Whether whoever takes the body has enough for now; what it holds may have changed."""
        self._on_hold = held
        if held:
            self._pause()
        else:
            self._weigh()
            self.read_on()

    # -- the end ---------------------------------------------------------------------------------

    def refuse(self, status: int) -> None:
        """What comes cannot be served: say so after the answers to what came before, and have the client hang up."""
        if self._lingering is None:
            told = self._drop_arriving()
            self._linger(b"" if told else self._acceptor.refusal(status))

    def _hang_up(self) -> None:
        """The last answer was written: what came behind it is forgotten."""
        self._requests.clear()
        self._arriving, self._waiting_bytes = None, 0
        self._linger(b"")

    def _linger(self, last: bytes) -> None:
        """Serve nothing that still comes. Who is owed no answer is told the last thing now, the others after theirs."""
        if self._transport is None or self._transport.is_closing():
            return
        self._may_begin, self._unparsed, self._known = False, b"", None
        self._loose_bytes = self._held_bytes = 0
        self.group.hold(self, 0)
        self._reads_all = True
        self._lingering = Lingering(self, self._transport, last)
        if not self._requests:
            self._lingering.part(self._ended)

    def switch(self, writer: Writer, head: bytes, make: MakeProtocol) -> bool:
        """As the answer to the one request there is, which is complete; who has sent more behind it is hung up on."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if len(self._requests) > 1 or self._loose_bytes or self._unparsed or self._ended or self._lingering is not None:
            self.drop()
            return False
        transport.write(head)
        self.connection_lost(None)
        protocol = make(self._acceptor)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.resume_reading()
        return True

    def join(self, group: Group) -> bool:
        """Belong to a party from now on. False: it has no room, or the connection is no newcomer any more."""
        if self.group is not self._acceptor.newcomers or not group.join(self):
            return False
        self.group.leave(self)
        self.group = group
        self._held_bytes = 0
        return True

    @property
    def waits_for(self) -> Wait | None:
        """What the client owes us; None: it is our turn."""
        if self._transport is None:
            return None
        if self.unsent_bytes > 0:
            return Wait.READING
        if self._lingering is not None and not self._requests:
            return Wait.HANG_UP
        if self._unparsed or self._on_hold or self._waiting_bytes > MAX_WAITING_BYTES:
            return None
        if self._held_bytes and not self.group.may_read(self):
            return Wait.MEMORY
        if self._loose_bytes:
            return Wait.REQUEST
        if self._requests:
            return None
        return Wait.NEXT if self.received_bytes else Wait.FIRST_BYTE

    @property
    def busy(self) -> bool:
        """Whether the client waits for an answer, or has not got all of one."""
        return bool(self._requests) or self.unsent_bytes > 0

    def finish(self) -> None:
        """Hang up after the request that is being served, or now; what waits behind it is not begun."""
        if self._requests:
            self._requests[0].close_after = True
        else:
            self._hang_up()
