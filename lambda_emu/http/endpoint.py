"""Our end of a socket: its number, what lies there, and how it ends."""

from __future__ import annotations

import asyncio
import select


class Endpoint:
    """What a connection knows of its transport. `_unparsed`: what came and is kept for the next turn of the loop."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unparsed = b""
        self.received_bytes = 0

    @property
    def descriptor(self) -> int:
        """The number of the socket; -1: there is none any more."""
        found = None if self._transport is None else self._transport.get_extra_info("socket")
        return -1 if found is None else int(found.fileno())

    @property
    def unsent_bytes(self) -> int:
        """Of answers that the client has not taken."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes that came, and bytes of answers that the client has not taken: how far it got with what it owes us."""
        return self.received_bytes, self.unsent_bytes

    def has_unread(self) -> bool:
        """Whether something came that we did not read yet."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Hang up after what was written has gone out."""
        self._unparsed = b""
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """Hang up at once."""
        self._unparsed = b""
        if self._transport is not None:
            self._transport.abort()
