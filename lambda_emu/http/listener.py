"""Listening sockets and the connections they brought."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from msgspec import Struct, field

from lambda_emu.http.budget import MemoryBudget
from lambda_emu.http.connection import Connection
from lambda_emu.http.exchange import RequestHandler
from lambda_emu.http.group import Accepted, Allowance, Group, Wait
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.message import answer_head
from lambda_emu.http.watch import Clock, Watch

Sniffer = Callable[[asyncio.Protocol], asyncio.Protocol]
TIMEOUTS_S = {
    Wait.FIRST_BYTE: 10.0,
    Wait.REQUEST: 60.0,
    Wait.READING: 60.0,
    Wait.NEXT: 75.0,  # clients give up an idle connection after 60 s at most, and should do so first
    Wait.HANG_UP: 10.0,
    Wait.MEMORY: 30.0,
}
HELD_BYTES = 256 << 20
UNSENT_BYTES = 512 << 20
UNBOUNDED = 1 << 62


def refusal(status: int) -> bytes:
    """An answer that says nothing but its status."""
    return answer_head(status, [], 0, close=True)


class PortSettings(Struct, frozen=True):
    """What a port takes, and from whom.

    newcomers: what those may take who are not known to be somebody's. budget: of all together, known or not.
    unsent_bytes: of answers; beyond it nobody is waited for who takes nothing of his.
    descriptors: sockets with this number or a higher one are turned away, so that some are left for others. Who is
    turned away keeps its own until it has heard why; lingering: so many may, the next ones are just hung up on.
    full: what a party is told that has all connections it may. sniffer: wraps a new connection's protocol, to look at
    its first bytes.
    """

    limits: HeadLimits = field(default_factory=HeadLimits)
    newcomers: Allowance = field(default_factory=lambda: Allowance(UNBOUNDED, UNBOUNDED, TIMEOUTS_S, half_open=True))
    budget: MemoryBudget = field(default_factory=lambda: MemoryBudget(HELD_BYTES))
    unsent_bytes: int = UNSENT_BYTES
    descriptors: int = UNBOUNDED
    lingering: int = 64
    refusal: Callable[[int], bytes] = refusal
    full: int = 503
    sniffer: Sniffer | None = None


def bind(host: str, port: int) -> socket.socket:
    """Take an address without listening yet; the system chooses the port when it is 0. OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Listener:
    """Serves one handler on any number of addresses. All of it runs on the loop."""

    knows_peers = True

    def __init__(self, handler: RequestHandler, clock: Clock, settings: PortSettings | None = None) -> None:
        self.first_s: float | None = None  # when the first connection came
        self._handler = handler
        self._clock = clock
        self._settings = settings or PortSettings()
        self.limits = self._settings.limits
        self.refusal = self._settings.refusal
        self.newcomers = Group(self._settings.newcomers, self._settings.budget)
        self._servers: list[asyncio.Server] = []
        self.watch = Watch(clock, self._settings.unsent_bytes)

    async def listen(self, bound: socket.socket) -> None:
        """Accept connections on one more address, which `bind` took."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self._protocol, sock=bound, backlog=1024))
        self.watch.begin()

    def stop_accepting(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def finish(self) -> None:
        """Stop listening, hang up on who asks nothing, and on everybody else after his answer."""
        self.stop_accepting()
        for connection in self.watch.connections:
            connection.finish()

    @property
    def busy(self) -> bool:
        """Whether anybody still waits for an answer, or for the rest of one."""
        return any(connection.busy for connection in self.watch.connections)

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.stop_accepting()
        self.watch.end()
        for connection in self.watch.connections:
            connection.close()

    def opened(self, connection: Accepted) -> None:
        if self.first_s is None:
            self.first_s = self._clock.monotonic_s()
        self.watch.add(connection)
        if connection.descriptor >= self._settings.descriptors + self._settings.lingering:
            connection.drop()
        elif connection.descriptor >= self._settings.descriptors or not self.newcomers.join(connection):
            connection.refuse(503)

    def closed(self, connection: Accepted) -> None:
        self.watch.remove(connection)

    def _protocol(self) -> asyncio.Protocol:
        connection = Connection(self._handler, self)
        sniffer = self._settings.sniffer
        return connection if sniffer is None else sniffer(connection)
