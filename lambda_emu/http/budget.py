"""How much memory unfinished requests may take together, and who goes on when it is used up."""

from __future__ import annotations

from typing import Protocol


class MemoryHolder(Protocol):
    """A connection that holds a part of a request."""

    def read_on(self) -> None:
        """There is room again, or it is first in line."""


class MemoryBudget:
    """Bytes of one port. Above the limit only who began first is read; the others wait for those before them.

    So everybody gets on in the end: the first one completes its request, or is hung up on when it stalls.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held: dict[MemoryHolder, int] = {}  # in the order in which they began
        self._waiting: set[MemoryHolder] = set()
        self.used_bytes = 0

    def hold(self, who: MemoryHolder, held_bytes: int) -> None:
        """From now on it holds so much."""
        self.used_bytes += held_bytes - self._held.get(who, 0)
        if held_bytes:
            self._held[who] = held_bytes
        else:
            self._held.pop(who, None)
            self._waiting.discard(who)
        if self._waiting:
            self._wake()

    def may_read(self, who: MemoryHolder) -> bool:
        """Whether it may hold more; if not it hears `read_on` later."""
        if self.used_bytes <= self._limit_bytes or next(iter(self._held)) is who:
            return True
        self._waiting.add(who)
        return False

    def _wake(self) -> None:
        if self.used_bytes <= self._limit_bytes:
            woken, self._waiting = self._waiting, set()
        else:
            woken = {next(iter(self._held))} & self._waiting
            self._waiting -= woken
        for who in woken:
            who.read_on()
