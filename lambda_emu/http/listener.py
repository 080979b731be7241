"""Listening sockets and the connections they brought; it ends those whose client stopped in the middle."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from lambda_emu.http.connection import Connection, Handler

STALL_LIMIT_S = 60.0


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

    def __init__(self, handler: Handler, doorway: Callable[[asyncio.Protocol], asyncio.Protocol] | None = None) -> None:
        """doorway: wraps a new connection's protocol, to look at its first bytes."""
        self._handler = handler
        self._doorway = doorway
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Connection, int] = {}  # with the activity seen by the last sweep
        self._sweep: asyncio.TimerHandle | None = None

    async def listen(self, bound: socket.socket) -> None:
        """Accept connections on one more address, which `bind` took."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self._protocol, sock=bound, backlog=1024))
        if self._sweep is None:
            self._sweep = loop.call_later(STALL_LIMIT_S, self._end_stalled)

    def stop_accepting(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def finish(self) -> None:
        """Stop listening, hang up on who asks nothing, and on everybody else after his answer."""
        self.stop_accepting()
        for connection in list(self._connections):
            connection.finish()

    @property
    def busy(self) -> bool:
        """Whether anybody still waits for an answer, or for the rest of one."""
        return any(connection.busy for connection in self._connections)

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.stop_accepting()
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._connections):
            connection.close()

    def _protocol(self) -> asyncio.Protocol:
        connection = Connection(self._handler, self._opened, self._closed)
        return connection if self._doorway is None else self._doorway(connection)

    def _opened(self, connection: Connection) -> None:
        self._connections[connection] = -1

    def _closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    def _end_stalled(self) -> None:
        for connection, seen in list(self._connections.items()):
            if connection.stalled_if_unmoved and connection.activity == seen:
                connection.drop()
            else:
                self._connections[connection] = connection.activity
        self._sweep = asyncio.get_running_loop().call_later(STALL_LIMIT_S, self._end_stalled)
