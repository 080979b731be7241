"""HTTP/2 by prior knowledge: the same requests as HTTP/1.1's, many at once on a connection, each with its answer.

Imported with the h2 library by the first connection that begins so; no other pays for it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from lambda_emu.http.endpoint import Endpoint
from lambda_emu.http.exchange import BodySink, RequestHandler, Writer
from lambda_emu.http.group import Accepted, Acceptor, Group, Wait
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.message import Head, Header
from lambda_emu.http.preface import PREFACE
from lambda_emu.http.stream import HIGH_WATER_BYTES, Stream

log = logging.getLogger(__name__)

MOST_STREAMS = 100
"""Requests of one connection at once."""
WINDOW_BYTES = 1 << 20
"""Of bodies that a client may send before it hears that they were taken."""
BODILESS = frozenset({b"GET", b"HEAD", b"DELETE", b"OPTIONS"})
FRAME_HEAD_BYTES = 9
CONNECTION_HEADERS = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})


class Http2Connection(Endpoint, asyncio.Protocol):
    """Takes the place of a connection of HTTP/1.1 that began with the preface. On the loop."""

    def __init__(self, handler: RequestHandler, acceptor: Acceptor[Accepted]) -> None:
        Endpoint.__init__(self, acceptor.newcomers)
        self._handler = handler
        self._acceptor = acceptor
        self._limits = acceptor.limits
        self._requests: dict[int, Request] = {}
        self._known_peer: str | None = None
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        wanted = {
            SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: self._limits.most_bytes,
            SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
        }
        self._h2.local_settings = Settings(client=False, initial_values=wanted)  # told as they are, and not later

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        self._known_peer = self.peer if self._acceptor.knows_peers else None
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(WINDOW_BYTES)
        self.write_out()
        self._acceptor.opened(self)

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        try:
            events = self._h2.receive_data(data)
        except ProtocolError as error:
            log.debug("a client broke the rules of HTTP/2: %s", error)
            self.write_out()  # the library has said goodbye
            self.close()
            return
        if len(self._h2.incoming_buffer._data) > self._h2.max_inbound_frame_size + FRAME_HEAD_BYTES:
            self.refuse(400)  # it announced a frame larger than any may be, of which the library waits for the end
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._begin(event.stream_id, event.headers)
            elif isinstance(event, DataReceived):
                self._take(event.stream_id, event.data, event.flow_controlled_length)
            elif isinstance(event, StreamEnded):
                if (request := self._requests.get(event.stream_id)) is not None:
                    request.complete_body()
            elif isinstance(event, StreamReset):
                self._lose(event.stream_id)
            elif isinstance(event, WindowUpdated):
                self._flush()
            elif isinstance(event, ConnectionTerminated):
                self._see_off(event)
        self.write_out()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for number in list(self._requests):
            self._lose(number)
        self.group.leave(self)
        self._acceptor.closed(self)

    def pause_writing(self) -> None:
        self._clogged = True
        self._pause()

    def resume_writing(self) -> None:
        self._clogged = False
        self.read_on()
        self._flush()
        self.write_out()

    # -- as its listener sees it ------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        return bool(self._requests)

    @property
    def waits_for(self) -> Wait | None:
        """What only the client can do."""
        if self._clogged:
            return Wait.READING
        if not self._requests:
            return Wait.NEXT
        return Wait.REQUEST if all(not one.is_whole for one in self._requests.values()) else None

    def finish(self) -> None:
        """Nothing more is taken; it ends with the last answer."""
        self._ended = True
        if self._transport is not None:
            self._h2.close_connection()
            self.write_out()
        if not self._requests:
            self.close()

    def refuse(self, status: int) -> None:
        """There is no room for it."""
        self._h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        self.write_out()
        self.close()

    # -- for its requests -------------------------------------------------------------------------

    @property
    def h2(self) -> H2Connection:
        return self._h2

    def write_out(self) -> None:
        if self._transport is not None and (data := self._h2.data_to_send()):
            self._streamed_bytes += len(data)
            self._transport.write(data)

    def done(self, number: int) -> None:
        """A request has its answer."""
        self._requests.pop(number, None)
        self.weigh()
        if self._ended and not self._requests:
            self.close()

    def hold_all(self, held: bool) -> None:
        """Whoever takes a body cannot keep up: nobody's is read meanwhile."""
        self._on_hold = held
        if held:
            self._pause()
        else:
            self.read_on()

    def weigh(self) -> None:
        """Tell the group how much of unfinished requests is in memory."""
        held = sum(one.held_bytes for one in self._requests.values())
        if held != self._held_bytes:
            self._held_bytes = held
            if not self.group.hold(self, held):
                self.drop()

    # -- inside -----------------------------------------------------------------------------------

    def _begin(self, number: int, headers: list[Header]) -> None:
        head = head_of(headers, self._limits, self._known_peer)
        if head is None:
            self._h2.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)
            return
        request = self._requests[number] = Request(self, number, head)
        request.begin(self._handler)

    def _take(self, number: int, data: bytes, counted: int) -> None:
        if (request := self._requests.get(number)) is not None:
            request.body(data)
        if counted:
            self._h2.acknowledge_received_data(counted, number)
        self.weigh()

    def _lose(self, number: int) -> None:
        if (request := self._requests.pop(number, None)) is not None:
            request.lose()

    def _see_off(self, goodbye: ConnectionTerminated) -> None:
        """Who goes in peace asks nothing more, and still waits for his answers: Node's SDK does for each of them."""
        self._ended = True
        if goodbye.error_code != ErrorCodes.NO_ERROR or not self._requests:
            self.close()
        else:  # the library takes it for the end of everything (RFC 9113, 6.8 does not)
            self._h2.state_machine.state = ConnectionState.SERVER_OPEN

    def _flush(self) -> None:
        for request in list(self._requests.values()):
            request.flush()


class Request:
    """exchange.ClientConnection of one request, and stream.Outlet of its answer."""

    def __init__(self, connection: Http2Connection, number: int, head: Head) -> None:
        self.group: Group = connection.group
        self.is_whole = False  # all of its body came
        self._connection = connection
        self._number = number
        self._head = head
        self._writer = Writer(self, close_after=False)
        self._sink: BodySink | None = None
        self._out = bytearray()
        self._ended = False  # all of its answer was written
        self._answer: Stream | None = None
        self._is_over = False

    @property
    def held_bytes(self) -> int:
        return 0 if self._sink is None else self._sink.held_bytes

    def begin(self, handler: RequestHandler) -> None:
        self._sink = handler(self._head, self._writer)

    def body(self, data: bytes) -> None:
        if self._sink is not None and data and not self._writer.sent:
            self._sink.body(data)

    def complete_body(self) -> None:
        self.is_whole = True
        if self._sink is not None and not self._writer.sent:
            self._sink.end()

    def lose(self) -> None:
        """Its client is gone, or does not want it any more."""
        self._is_over = True
        self._writer.detach()
        if self._sink is not None:
            self._sink.abort()

    # -- as its writer sees it --------------------------------------------------------------------

    def write_answer(self, writer: Writer, head: bytes, body: bytes) -> None:
        self._send_head(head)
        self._out += b"" if self._head.method == b"HEAD" else body
        self._ended = True
        self._go_on()

    def begin_stream(self, writer: Writer, stream: Stream) -> None:
        self._answer = stream
        self._send_head(stream.open(self, close=writer.close_after))
        self._go_on()

    def hold(self, held: bool) -> None:
        self._connection.hold_all(held)

    def join(self, group: Group) -> bool:
        """A connection carries requests of many, and stays the newcomers'."""
        return group is self.group

    # -- as its answer's stream sees it -----------------------------------------------------------

    @property
    def has_room(self) -> bool:
        return not self._is_over and len(self._out) < HIGH_WATER_BYTES and self._connection.has_room

    def write_piece(self, piece: bytes) -> bool:
        self._out += piece
        self._go_on()
        return self.has_room

    def end_stream(self, last: bytes) -> None:
        self._out += last
        self._ended = True
        self._go_on()

    def drop(self) -> None:
        """What was said to come does not."""
        if not self._is_over:
            self._is_over = True
            self._connection.h2.reset_stream(self._number, ErrorCodes.INTERNAL_ERROR)
            self._connection.write_out()
            self._connection.done(self._number)

    def flush(self) -> None:
        """As much as the client takes."""
        h2, number = self._connection.h2, self._number
        had_room = self.has_room
        while self._out and not self._is_over and self._connection.has_room:
            size = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size, len(self._out))
            if size <= 0:
                return
            h2.send_data(number, bytes(self._out[:size]))
            del self._out[:size]
            self._connection.write_out()
        if self._ended and not self._out and not self._is_over:
            self._is_over = True
            h2.end_stream(number)
            if not self.is_whole:
                h2.reset_stream(number, ErrorCodes.NO_ERROR)  # the rest of its body is nobody's
            self._connection.write_out()
            self._connection.done(number)
        elif self._answer is not None and not had_room and self.has_room:
            self._answer.resume()

    def _send_head(self, head: bytes) -> None:
        first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        headers: list[Header] = [(b":status", first.split(b" ", 2)[1])]
        for line in lines:
            name, _, value = line.partition(b":")
            if (lower := name.strip().lower()) not in CONNECTION_HEADERS:
                headers.append((lower, value.strip()))
        self._connection.h2.send_headers(self._number, headers)

    def _go_on(self) -> None:
        self.flush()
        self._connection.write_out()


def head_of(headers: list[Header], limits: HeadLimits, peer: str | None) -> Head | None:
    """As one of HTTP/1.1; None: it is none, or has too much."""
    said = {name: value for name, value in headers if name.startswith(b":")}
    fields = [(bytes(name), bytes(value)) for name, value in headers if not name.startswith(b":")]
    method, target = said.get(b":method"), said.get(b":path")
    if method is None or target is None or len(fields) > limits.most_fields:
        return None
    if b":authority" in said and all(name != b"host" for name, _ in fields):
        fields.insert(0, (b"host", bytes(said[b":authority"])))
    if method not in BODILESS and all(name != b"content-length" for name, _ in fields):
        fields.append((b"transfer-encoding", b"chunked"))  # how the rest of the port knows a body of unknown length
    return Head(bytes(method), bytes(target), fields, "2.0", keep_alive=True, peer=peer)


def take_over(transport: asyncio.Transport, handler: RequestHandler, acceptor: Acceptor[Accepted], rest: bytes) -> None:
    """From now on the connection is one of HTTP/2. rest: what came behind the preface."""
    connection = Http2Connection(handler, acceptor)
    transport.set_protocol(connection)
    connection.connection_made(transport)
    connection.data_received(PREFACE + rest)
    connection.read_on()  # it may have been paused, with more than a little to parse
