"""Our end of a socket: its number, what lies there, when it is read, and how it ends."""

from __future__ import annotations

import asyncio
import select

from lambda_emu.http.group import Group
from lambda_emu.http.lingering import Lingering

MAX_WAITING_BYTES = 1 << 18


class Endpoint:
    """What a connection knows of its transport, and why it may not read from it now.

    `_unparsed`: what came and is kept for the next turn of the loop. `_waiting_bytes`: of requests behind the one that
    is served. `_held_bytes`: what the group was told. `_clogged`: the client does not read what it was answered.
    `_on_hold`: whoever takes the body cannot keep up. `_reads_all`: whatever comes is read, to be thrown away, and
    `_lingering` takes it, since nothing of it is served any more. `_ended`: the client sends no more.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.received_bytes = 0
        self._streamed_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._unparsed = b""
        self._waiting_bytes = 0
        self._held_bytes = 0
        self._clogged = self._on_hold = self._reads_all = self._ended = False
        self._lingering: Lingering | None = None

    @property
    def descriptor(self) -> int:
        """The number of the socket; -1: there is none any more."""
        found = None if self._transport is None else self._transport.get_extra_info("socket")
        return -1 if found is None else int(found.fileno())

    @property
    def peer(self) -> str | None:
        """The address at the other end; None: it has none."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else None

    @property
    def unsent_bytes(self) -> int:
        """Of answers that the client has not taken."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes that came, and a number that changes by as much as the client takes of its answers."""
        return self.received_bytes, self._streamed_bytes - self.unsent_bytes

    def write_piece(self, piece: bytes) -> bool:
        """Write a piece of an answer. Whether there is room for more."""
        if self._transport is None:
            return False
        self._streamed_bytes += len(piece)
        self._transport.write(piece)
        return self.has_room

    @property
    def has_room(self) -> bool:
        """Whether the client takes what is written."""
        return not self._clogged and self._transport is not None and not self._transport.is_closing()

    @property
    def _may_read(self) -> bool:
        return (
            not self._clogged
            and not self._on_hold
            and not self._unparsed
            and self._waiting_bytes <= MAX_WAITING_BYTES
            and (not self._held_bytes or self.group.may_read(self))
        )

    def read_on(self) -> None:
        """Read again what the client sends, unless another reason not to is left."""
        if self._transport is not None and self._may_read and not self._transport.is_closing():
            self._transport.resume_reading()

    def _pause(self) -> None:
        if self._transport is not None and not self._reads_all and not self._transport.is_closing():
            self._transport.pause_reading()

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
