"""A kept connection to another server: a request goes out, its answer comes in, no faster than either end takes it."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Protocol, cast

import httptools

HIGH_WATER_BYTES = 256 * 1024


class Receiver(Protocol):
    """Who waits for an answer. All of it is called on the loop."""

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...

    def piece(self, data: bytes) -> None: ...

    def end(self) -> None: ...

    def lost(self) -> None:
        """Nothing more comes, though not all of the answer came."""


class Line(asyncio.Protocol):
    """On the loop. Between two requests it may wait in a pool, if `is_free`."""

    def __init__(self, broken: Callable[[], object] = lambda: None) -> None:
        """broken: told when the other end gave it up, before whoever waits for an answer is."""
        self._broken = broken
        self._is_dropped = False
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._is_head = False
        self._keeps = True
        self._room = asyncio.Event()
        self._room.set()

    @property
    def is_free(self) -> bool:
        """Whether it can be used once more: nobody uses it, and the child did not end it, also if we heard no word."""
        if self._transport is None or self._receiver is not None or not self._keeps or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def send(self, head: bytes, receiver: Receiver, *, is_head: bool) -> None:
        """Begin a request. is_head: its answer has no body, whatever it says."""
        assert self._transport is not None, "an open line"
        self._receiver, self._is_head, self._headers = receiver, is_head, []
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(head)

    async def write(self, piece: bytes) -> None:
        """Of the request's body; returns when there is room for more, or nobody takes any."""
        if self._transport is not None:
            self._transport.write(piece)
            await self._room.wait()

    def hold(self, held: bool) -> None:
        """Whether the answer is to wait."""
        if self._transport is None or self._transport.is_closing():
            return
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def drop(self) -> None:
        """Give it up; whoever waits for an answer is not told."""
        self._receiver, self._is_dropped = None, True
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self.drop()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._lose()
            self.drop()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._room.set()
        if not self._is_dropped:
            self._broken()
        self._lose()

    def _lose(self) -> None:
        receiver, self._receiver, self._parser = self._receiver, None, None
        if receiver is not None:
            receiver.lost()

    # -- httptools --------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._receiver is None or self._parser is None:
            return
        self._keeps = self._parser.should_keep_alive()
        self._receiver.begin(self._parser.get_status_code(), self._headers)
        if self._is_head:
            self._finish()

    def on_body(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.piece(data)

    def on_message_complete(self) -> None:
        self._finish()

    def _finish(self) -> None:
        receiver, self._receiver, self._parser = self._receiver, None, None
        if receiver is not None:
            receiver.end()
