"""A client that has its last answer, or soon will: what it still sends is read and thrown away.

Who closes on bytes that are unread, or still to come, makes the kernel take the answer back.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

UNREAD_LIMIT_BYTES = 100 << 20
"""Of what a client still sends though it has its answer."""


class Parting(Protocol):
    """The connection, which goes on writing what it has still to say."""

    def drop(self) -> None: ...

    def eof_received(self) -> bool: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class Lingering(asyncio.Protocol):
    """Reads in place of the connection. The client is to hang up next; the listener ends one that does not."""

    def __init__(self, connection: Parting, transport: asyncio.Transport, last: bytes) -> None:
        """last: what the client is told beside its answers, if anything."""
        self._connection = connection
        self._transport = transport
        self._last = last
        self._left_bytes = UNREAD_LIMIT_BYTES
        transport.set_protocol(self)
        transport.resume_reading()

    def part(self, ended: bool) -> None:
        """All answers were written: show the client our end. ended: it has shown us its own."""
        if self._last:
            self._transport.write(self._last)
        if ended:
            self._transport.close()
        else:
            self._transport.write_eof()

    def data_received(self, data: bytes) -> None:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._connection.drop()

    def eof_received(self) -> bool:
        return self._connection.eof_received()

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)
