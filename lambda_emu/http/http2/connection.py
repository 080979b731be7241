"""HTTP/2 by prior knowledge: the same requests as HTTP/1.1's, many at once on a connection, each with its answer.

Imported with the h2 library by the first connection that begins so; no other pays for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from lambda_emu.http.endpoint import Endpoint
from lambda_emu.http.exchange import RequestHandler
from lambda_emu.http.group import Accepted, Acceptor, Wait
from lambda_emu.http.http2.preface import PREFACE, Frames
from lambda_emu.http.http2.request import Request, head_of
from lambda_emu.http.stream import HIGH_WATER_BYTES

log = logging.getLogger(__name__)

MOST_STREAMS = 100
"""Requests of one connection at once."""
MOST_REQUESTS = 10_000
"""In the life of a connection, of each of which the library remembers something; its client comes again."""
MOST_RESETS = 100
"""So many more of its requests than were answered a client may take back before they are."""
WINDOW_BYTES = 1 << 20
"""Of one body that a client may send before it hears that it was taken."""
ALL_WINDOWS_BYTES = (1 << 31) - 1
"""Of all together: the largest there is, so that a body that waits leaves room for others."""
MOST_UNSENT_BYTES = 64 << 20
"""With so much of answers that its client does not take a connection begins no other request."""
SLICE_BYTES = 1 << 12
"""Of what may be hundreds of frames only this much is looked at in a turn of the loop."""
BEGUN_AT_ONCE = 4
"""Requests, in a turn of the loop."""


class Http2Connection(Endpoint, asyncio.Protocol):
    """Takes the place of a connection of HTTP/1.1 that began with the preface. On the loop."""

    def __init__(self, handler: RequestHandler, acceptor: Acceptor[Accepted]) -> None:
        Endpoint.__init__(self, acceptor.newcomers)
        self._handler = handler
        self._acceptor = acceptor
        self._limits = acceptor.limits
        self._requests: dict[int, Request] = {}
        self._resets = 0  # of requests without an answer, less those that have theirs
        self._events: deque[Event] = deque()  # what is left of the slice that is looked at
        self._given_up: frozenset[int] = frozenset()  # requests that the client took back in it
        self._is_in_turn = False  # whether it is looked at again in the next one
        self._known_peer: str | None = None
        self._frames = Frames()
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        wanted = {
            SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: self._limits.most_bytes,
            SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
        }
        self._h2.local_settings = Settings(client=False, initial_values=wanted)  # told as they are, and not later
        self._h2.decoder.max_header_list_size = self._limits.most_bytes
        self._reactions: Mapping[type, Callable[[Any], None]] = {
            RequestReceived: self._begin,
            DataReceived: self._take,
            StreamEnded: self._complete,
            StreamReset: self._lose,
            ConnectionTerminated: self._see_off,
        }

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        self._known_peer = self.peer if self._acceptor.knows_peers else None
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(ALL_WINDOWS_BYTES - self._h2.inbound_flow_control_window)
        self._h2.receive_data(PREFACE)
        self.write_out()
        self._acceptor.opened(self)

    def data_received(self, data: bytes) -> None:
        """What comes behind the preface."""
        self.received_bytes += len(data)
        self._unparsed += data
        if not self._is_in_turn:
            self._receive_slice()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._unparsed = b""
        for request in list(self._requests.values()):
            request.lose()
        self._requests.clear()
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
    def unsent_bytes(self) -> int:
        """What the client has not made room for is in no buffer of the transport."""
        return super().unsent_bytes + sum(one.unsent_bytes for one in self._requests.values())

    @property
    def moved(self) -> tuple[int, int]:
        return self.received_bytes, self._streamed_bytes - super().unsent_bytes

    @property
    def waits_for(self) -> Wait | None:
        """What only the client can do."""
        if self._clogged:
            return Wait.READING
        if self._is_in_turn:
            return None
        if self._held_bytes and not self.group.may_read(self):
            return Wait.MEMORY
        waits = [one.waits_for for one in self._requests.values()]
        if not waits:
            return Wait.NEXT
        if None in waits:
            return None
        return Wait.READING if Wait.READING in waits else Wait.REQUEST

    def finish(self) -> None:
        """Nothing more is taken; it ends with the last answer."""
        self._ended = True
        if self._transport is not None:
            self._say_goodbye()
        if not self._requests:
            self.close()

    def refuse(self, status: int) -> None:
        """There is no room for it."""
        if self._transport is not None:
            self._say_goodbye(ErrorCodes.ENHANCE_YOUR_CALM)
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
        self._resets = max(self._resets - 1, 0)
        self._requests.pop(number, None)
        self.weigh()
        if self._ended and not self._requests:
            self.close()

    def weigh(self) -> None:
        """Tell the group how much of unfinished requests is in memory, and whether more may come follows from it."""
        held = sum(one.held_bytes for one in self._requests.values())
        if held != self._held_bytes:
            self._held_bytes = held
            if not self.group.hold(self, held):
                self.refuse(413)
        if not self._may_read:
            self._pause()

    # -- what comes in ----------------------------------------------------------------------------

    def _receive_slice(self) -> None:
        """A part of what came; the rest in later turns, and nothing is read before."""
        if self._transport is None or self._transport.is_closing():
            self._events.clear()
            self._unparsed = b""
            return
        if not self._events:
            data, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
            self._parse(data)
        self._react()
        self._is_in_turn = bool(self._events or self._unparsed)
        if self._is_in_turn:
            self._pause()
            asyncio.get_running_loop().call_soon(self._receive_slice)
        else:
            self.read_on()

    def _parse(self, data: bytes) -> None:
        if not self._frames.admits(data):
            self.refuse(400)
            return
        try:
            events = self._h2.receive_data(data)
        except ProtocolError as error:
            log.debug("a client broke the rules of HTTP/2: %s", error)
            self.write_out()  # the library has said goodbye
            self.close()
            return
        self._given_up = frozenset(one.stream_id for one in events if isinstance(one, StreamReset) and one.stream_id)
        self._events.extend(events)

    def _react(self) -> None:
        begun, has_room = 0, False
        try:
            while self._events and begun < BEGUN_AT_ONCE:
                event = self._events.popleft()
                begun += isinstance(event, RequestReceived)
                has_room = has_room or isinstance(event, WindowUpdated)
                if (react := self._reactions.get(type(event))) is not None:
                    react(event)
        except Exception:
            log.exception("a request failed inside its handler")
            self.drop()
            return
        if has_room:
            self._flush()
        self.write_out()

    def _begin(self, event: RequestReceived) -> None:
        number = event.stream_id
        assert number is not None, "one that was received has it"
        if number in self._given_up:
            return
        if self._ended or self.unsent_bytes > MOST_UNSENT_BYTES:
            self._h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            return
        head = head_of(event.headers, self._limits, self._known_peer)
        if head is None:
            self._h2.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)
            return
        request = self._requests[number] = Request(self, number, head)
        request.begin(self._handler)
        if number >= 2 * MOST_REQUESTS:
            self.finish()

    def _take(self, event: DataReceived) -> None:
        number, counted = event.stream_id, event.flow_controlled_length or 0
        assert number is not None, "data that was received has it"
        if (request := self._requests.get(number)) is not None:
            request.body(event.data or b"", counted)
        elif counted:
            self._h2.acknowledge_received_data(counted, number)
        self.weigh()

    def _complete(self, event: StreamEnded) -> None:
        if (request := self._requests.get(event.stream_id or 0)) is not None:
            request.complete_body()

    def _lose(self, event: StreamReset) -> None:
        """Who takes back request after request has work begun that nobody waits for."""
        request = self._requests.pop(event.stream_id or 0, None)
        if request is not None:
            request.lose()
        if request is None or not request.is_begun:
            self._resets += 1
        if self._resets > MOST_RESETS:
            self.refuse(503)

    def _see_off(self, goodbye: ConnectionTerminated) -> None:
        """Who goes in peace asks nothing more, and still waits for his answers: Node's SDK does for each of them."""
        self._ended = True
        if goodbye.error_code != ErrorCodes.NO_ERROR or not self._requests:
            self.close()
        else:
            self._go_on_after_goodbye()

    # -- inside -----------------------------------------------------------------------------------

    def _say_goodbye(self, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        self._h2.close_connection(code)
        self._go_on_after_goodbye()
        self.write_out()

    def _go_on_after_goodbye(self) -> None:
        """The library takes a goodbye for the end of everything; by RFC 9113, 6.8 answers that are owed still come."""
        self._h2.state_machine.state = ConnectionState.SERVER_OPEN

    def _flush(self) -> None:
        for request in list(self._requests.values()):
            request.flush()


def take_over(transport: asyncio.Transport, handler: RequestHandler, acceptor: Acceptor[Accepted], rest: bytes) -> None:
    """From now on the connection is one of HTTP/2. rest: what came behind the preface."""
    connection = Http2Connection(handler, acceptor)
    transport.set_protocol(connection)
    connection.connection_made(transport)
    connection.data_received(rest)
    connection.read_on()  # it may have been paused, with more than a little to parse
