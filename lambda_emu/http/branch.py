"""A listener that one party passed to us, and the connections it brought: who comes by it is that party."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from msgspec import Struct

from lambda_emu.http.connection import Connection
from lambda_emu.http.exchange import RequestHandler
from lambda_emu.http.group import Accepted, Allowance, Group
from lambda_emu.http.listener import UNBOUNDED, PortSettings
from lambda_emu.http.watch import Watch

End = tuple[str, int]


class PassedListener(Struct, frozen=True):
    """A listening socket of one party: who calls there is that party.

    It does not block, and may be closed before it is used, with its party. believes: asked once of each that calls, by
    the two ends, where others can call too.
    """

    socket: socket.socket
    believes: Callable[[End, End], Awaitable[bool]] | None = None

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()
        return f"{host}:{port}"


MOST_TURNED_AWAY = 8
"""Of those too many, how many may stay until they have heard so."""


class Branch:
    """A listener of one party. What comes by it belongs to the party's group from its first byte on."""

    knows_peers = False

    def __init__(
        self, passed: PassedListener, handler: RequestHandler, group: Group, settings: PortSettings, watch: Watch
    ) -> None:
        self.newcomers = group
        self.limits = settings.limits
        self.refusal = settings.refusal
        self._passed = passed
        self._handler = handler
        self._descriptors = settings.descriptors
        self._watch = watch
        self._full = settings.full
        self._turned_away = Group(Allowance(MOST_TURNED_AWAY, UNBOUNDED, oldest_out=True), settings.budget)
        self._asking: set[asyncio.Task[None]] = set()
        self._is_closed = False
        watch.begin()
        loop = asyncio.get_running_loop()
        self._server = asyncio.ensure_future(loop.create_server(self._protocol, sock=passed.socket, backlog=128))

    def close(self) -> None:
        """Stop listening and hang up on all of them, at once."""
        self._is_closed = True
        self._server.add_done_callback(_close_server)
        self._passed.socket.close()
        for asking in self._asking:
            asking.cancel()
        self.newcomers.close()
        self._turned_away.close()

    def opened(self, connection: Accepted) -> None:
        self._watch.add(connection)
        if self._is_closed or connection.descriptor >= self._descriptors:
            connection.drop()
        elif not self.newcomers.join(connection):
            self._turned_away.join(connection)
            connection.refuse(self._full)

    def closed(self, connection: Accepted) -> None:
        self._turned_away.leave(connection)
        self._watch.remove(connection)

    def _protocol(self) -> asyncio.Protocol:
        connection = Connection(self._handler, self)
        if self._passed.believes is None:
            return connection
        return _Suspect(connection, self._passed.believes, self._asking)


def _close_server(starting: asyncio.Task[asyncio.Server]) -> None:
    """It is none if its socket was closed first."""
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()


class _Suspect(asyncio.Protocol):
    """Somebody who is read only when he is believed. Asked about are as many at once as may be let in."""

    def __init__(
        self,
        connection: Connection,
        believes: Callable[[End, End], Awaitable[bool]],
        asking: set[asyncio.Task[None]],
    ) -> None:
        self._connection = connection
        self._believes = believes
        self._asking = asking
        self._transport: asyncio.Transport | None = None
        self._said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        party = self._connection.group
        if len(self._asking) + len(party) >= party.allowance.connections + MOST_TURNED_AWAY:
            self._transport.abort()
            return
        asking = asyncio.ensure_future(self._ask(self._transport))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    def data_received(self, data: bytes) -> None:
        """What he says before; uvloop cannot be kept from reading once."""
        self._said += data
        if self._transport is not None:
            self._transport.pause_reading()

    async def _ask(self, transport: asyncio.Transport) -> None:
        believed = False
        try:
            peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            believed = peer is not None and own is not None and await self._believes(peer, own)
        finally:
            if not believed:
                transport.abort()
        if not believed or transport.is_closing():
            return
        connection = self._connection
        transport.set_protocol(connection)
        connection.connection_made(transport)
        transport.resume_reading()
        if self._said and not transport.is_closing():
            heard_by = cast(asyncio.Protocol, transport.get_protocol())  # another, if it was turned away
            heard_by.data_received(self._said)
