"""WebSocket (RFC 6455): texts both ways, on a connection that began as one of HTTP/1.1.

Imported with the wsproto library by the first client that asks for it; no other pays for it. Nothing is compressed.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from msgspec import Struct
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from lambda_emu.http.endpoint import Endpoint
from lambda_emu.http.group import Accepted, Acceptor, Wait
from lambda_emu.http.stream import HIGH_WATER_BYTES
from lambda_emu.http.watch import Clock, Timer
from lambda_emu.http.websockets.frames import FrameWalk, text_frame, whole_text

SLICE_BYTES = 1 << 10
"""Of what may be hundreds of frames only this much is looked at in one go: that many empty ones take 5 ms."""
ASCII_PIECE, OTHER_PIECE = 1 << 15, 1 << 13
"""Characters of a text that surely fit in a frame of 32 KB, where all are ASCII and where any may come."""
LONGEST_REASON = 123
"""Bytes."""

NORMAL, GOING_AWAY, UNSUPPORTED, TOO_LARGE, RESTART = 1000, 1001, 1003, 1009, 1012
NO_STATUS, ABNORMAL = 1005, 1006
"""Said of a connection that ended without a close frame, or without a code in it; nobody sends them."""


class SocketLimits(Struct, frozen=True):
    """What one connection may take. unsent_bytes: of what its client does not read."""

    frame_bytes: int
    message_bytes: int
    unsent_bytes: int
    idle_s: float
    life_s: float


class SocketUser(Protocol):
    """Who is told what happens on a connection, on the loop."""

    def message(self, text: str) -> bool:
        """Whether more are wanted now; if not, the socket is told by `hold(False)` when they are."""

    def drained(self) -> None:
        """The client has read most of what it had not."""

    def closed(self, code: int, reason: str) -> None:
        """Once, as soon as it is known that nothing more comes. 1005, 1006: as RFC 6455, 7.4.1 has them."""


class WebSocket(Endpoint, asyncio.Protocol):
    """The server's end of one. On the loop. last_s: when anything came or went, by the clock."""

    def __init__(self, user: SocketUser, limits: SocketLimits, clock: Clock, acceptor: Acceptor[Accepted]) -> None:
        Endpoint.__init__(self, acceptor.newcomers)
        self._user: SocketUser | None = user
        self._limits = limits
        self._clock = clock
        self._acceptor = acceptor
        self._turns = acceptor.newcomers.turns
        self._ws = Connection(ConnectionType.SERVER)
        self._frame_bytes = 0  # of the frame that is coming
        self._message_bytes = 0
        self._parts: list[str] = []
        self._is_midway = False  # in a message
        self._walk = FrameWalk()
        self._is_at_rest = True  # nothing has begun: the next byte is a frame's first
        self._is_in_turn = False
        self._has_more = False  # of frames that came
        self._is_closing = False
        self.last_s = self._until_s = clock.monotonic_s()
        self._until_s += limits.life_s
        self._timer: Timer | None = None

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        self._acceptor.opened(self)
        self._look()

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        self.last_s = self._clock.monotonic_s()
        is_next = self._is_at_rest and not self._is_in_turn and not self._on_hold
        if is_next and (text := whole_text(data)) is not None:
            self._hand_on(text)
            if self._on_hold:
                self._pause()
            return
        self._unparsed += data
        if self._is_in_turn:
            self._pause()
        else:
            self._is_in_turn = True
            self._turns.add(self._receive_slice, self._clock)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._unparsed = b""
        self._parts.clear()
        if self._timer is not None:
            self._timer.cancel()
        self.group.leave(self)
        self._acceptor.closed(self)
        self._tell_closed(ABNORMAL, "")

    def pause_writing(self) -> None:
        self._clogged = True
        self._pause()

    def resume_writing(self) -> None:
        self._clogged = False
        if self._user is not None:
            self._user.drained()
        self._go_on()

    # -- what comes in ----------------------------------------------------------------------------

    def _hand_on(self, text: str) -> None:
        if self._user is not None and not self._user.message(text):
            self._on_hold = True

    def _receive_slice(self) -> None:
        self._is_in_turn = False
        if not self._may_go_on:
            return
        data, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:]
        is_whole, self._is_at_rest = self._walk.ends_with(data), False
        self._ws.receive_data(data)
        self._has_more = False
        for event in self._ws.events():
            self._react(event)
            if not self._may_go_on:
                self._has_more = True
                break
        else:
            self._is_at_rest = is_whole and not self._unparsed and not self._is_midway and not self._is_closing
        self._weigh()
        self._go_on()

    @property
    def _may_go_on(self) -> bool:
        """Whether what came may be looked at now."""
        open_ = self._transport is not None and not self._transport.is_closing()
        return open_ and not self._on_hold and not self._clogged

    def _weigh(self) -> None:
        """Tell the group how much of a message that is not complete is in memory."""
        held = self._message_bytes if self._is_midway else 0
        if held != self._held_bytes:
            self._held_bytes = held
            if not self.group.hold(self, held):
                self.end(TOO_LARGE, "Message too long")

    def _go_on(self) -> None:
        """The rest of what came in the next turn, and nothing is read before."""
        if not self._unparsed and not self._has_more:
            self.read_on()
            return
        self._pause()
        if not self._is_in_turn and self._may_go_on:
            self._is_in_turn = True
            self._turns.add(self._receive_slice, self._clock)

    def _react(self, event: Any) -> None:
        if isinstance(event, TextMessage):
            self._take(event)
        elif isinstance(event, Ping) and not self._is_closing:
            self._write(self._ws.send(event.response()))
        elif isinstance(event, CloseConnection):
            self._see_off(event)
        elif isinstance(event, BytesMessage):
            self.end(UNSUPPORTED, "Unsupported data")

    def _take(self, event: TextMessage) -> None:
        if self._is_closing:
            return
        text = event.data
        size = len(text) if text.isascii() else len(text.encode())
        self._frame_bytes += size
        self._message_bytes += size
        if self._frame_bytes > self._limits.frame_bytes or self._message_bytes > self._limits.message_bytes:
            self.end(TOO_LARGE, "Message too long")
            return
        if event.frame_finished:
            self._frame_bytes = 0
        self._is_midway = not event.message_finished
        if text:
            self._parts.append(text)
        if event.message_finished:
            whole, self._parts, self._message_bytes = "".join(self._parts), [], 0
            self._hand_on(whole)

    def _see_off(self, goodbye: CloseConnection) -> None:
        """The client's close frame, the answer to ours, or what is wrong with a frame that came."""
        code = int(goodbye.code)
        if not self._is_closing:
            self._is_closing = True
            said = CloseReason.NO_STATUS_RCVD if code == NO_STATUS else code
            self._write(self._ws.send(CloseConnection(said, goodbye.reason or None)))
            self._tell_closed(code, goodbye.reason or "")
        self.close()

    # -- what goes out ----------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return not self._is_closing and self._transport is not None and not self._transport.is_closing()

    def has_room_for(self, size: int) -> bool:
        """Whether the client reads what is sent to it. size: of what is to follow, in bytes."""
        return self.unsent_bytes + size <= self._limits.unsent_bytes

    def send(self, text: str) -> None:
        """In frames of 32 KB at most. Nobody hears what is sent after the end."""
        if not self.is_open:
            return
        size = ASCII_PIECE if text.isascii() else OTHER_PIECE
        if len(text) <= size:
            self._write(text_frame(text.encode()))
            self.last_s = self._clock.monotonic_s()
            return
        for at in range(0, len(text) or 1, size):
            is_last = at + size >= len(text)
            self._write(self._ws.send(TextMessage(text[at : at + size], message_finished=is_last)))
        self.last_s = self._clock.monotonic_s()

    def end(self, code: int, reason: str = "") -> None:
        """Say that it is over; the client has a little time to say so too."""
        if not self.is_open:
            return
        self._is_closing, self._is_at_rest = True, False
        self._parts.clear()
        self._is_midway = self._on_hold = False
        self._write(self._ws.send(CloseConnection(code, reason[:LONGEST_REASON] or None)))
        self._tell_closed(code, reason)
        self._go_on()

    def hold(self, held: bool) -> None:
        """Whether what the client sends is to wait."""
        self._on_hold = held
        self._go_on()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self.write_piece(data if isinstance(data, bytes) else bytes(data))

    def _tell_closed(self, code: int, reason: str) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.closed(code, reason)

    def _look(self) -> None:
        """Has it been idle for too long, or lived for too long? Asked when either may be so."""
        now_s, idle_until_s = self._clock.monotonic_s(), self.last_s + self._limits.idle_s
        until_s = min(idle_until_s, self._until_s)
        if now_s >= until_s:
            self._timer = None
            self.end(GOING_AWAY, "Going away")
        else:
            self._timer = self._clock.call_later(until_s - now_s, self._look)

    # -- as its listener sees it ------------------------------------------------------------------

    @property
    def waits_for(self) -> Wait | None:
        """What the client owes us; None: nothing, it may be silent for as long as it is not idle for too long."""
        if self._transport is None:
            return None
        if self.unsent_bytes > 0:
            return Wait.READING
        if self._is_closing:
            return Wait.HANG_UP
        return Wait.REQUEST if self._is_midway and not self._on_hold else None

    @property
    def busy(self) -> bool:
        """Whether what was sent has not gone out yet: nobody waits for an answer here."""
        return self.unsent_bytes > 0

    def refuse(self, status: int) -> None:
        """There is no room for it."""
        self.drop()

    def finish(self) -> None:
        """The server stops."""
        self.end(RESTART, "Service restart")
