"""What control planes tell of things that requests name: each is read once, until it changes. On the loop."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec.json import decode

from lambda_emu.clock import Clock

Told = Mapping[str, Any]
T = TypeVar("T")
KEPT = 256
READS = 3
"""Times that one is read which changes meanwhile; the last one is good for one request."""


class Unclear(ValueError):
    """It is told in a way that nobody understands."""


class Known(Generic[T]):
    """What is kept is bounded, also of names that nobody has: strangers choose those."""

    def __init__(self, read: Callable[[str], Awaitable[T | None]], clock: Clock, kept_s: float = math.inf) -> None:
        """read: None: there is none of this name. kept_s: how long one is good, where it may change unseen."""
        self._read = read
        self._clock = clock
        self._kept_s = kept_s
        self._known: dict[str, tuple[T | None, float]] = {}  # with the time from which on it is to be read again
        self._reading: dict[str, asyncio.Future[T | None]] = {}
        self._changes = 0

    def known(self, name: str) -> T | None:
        """As it is kept now; None: it is to be read, or there is none."""
        found = self._known.get(name)
        return None if found is None or found[1] <= self._clock.monotonic_s() else found[0]

    async def get(self, name: str) -> T | None:
        """None: there is none. Raises what it is read with."""
        found = self._known.get(name)
        if found is not None and found[1] > self._clock.monotonic_s():
            return found[0]
        reading = self._reading.get(name)
        if reading is None:
            reading = self._reading[name] = asyncio.ensure_future(self._find(name))
            reading.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(reading)

    def changed(self, name: str) -> None:
        """This one, and whatever was not there may be there now."""
        self._changes += 1
        self._reading.clear()  # who waits there asked before
        self._known.pop(name, None)
        self._known = {name: known for name, known in self._known.items() if known[0] is not None}

    def forget(self) -> None:
        """Nothing of what is known holds any more."""
        self._changes += 1
        self._reading.clear()
        self._known.clear()

    async def _find(self, name: str) -> T | None:
        found = None
        for _ in range(READS):
            before = self._changes
            found = await self._read(name)
            if self._changes == before:
                self._keep(name, found)
                break
        return found

    def _keep(self, name: str, found: T | None) -> None:
        self._known.pop(name, None)
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[name] = found, self._clock.monotonic_s() + self._kept_s

    def _ended(self, name: str, reading: asyncio.Future[Any]) -> None:
        if self._reading.get(name) is reading:
            del self._reading[name]
        if not reading.cancelled():
            reading.exception()  # who waits has it


def understood(told: Told, read: Callable[[Told], T]) -> T:
    """What is read of it. Unclear."""
    try:
        decode(json.dumps(told).encode())  # what is no text of UTF-8 would break events
        return read(told)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unclear(repr(error)) from error
