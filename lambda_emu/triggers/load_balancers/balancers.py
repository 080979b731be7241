"""The load balancers that requests ask for: each read once from its control plane, until something changes there.

On the loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.json import decode

from lambda_emu.triggers.load_balancers.balancer import Balancer, Told, read_balancer
from lambda_emu.triggers.load_balancers.refusals import BalancerFailure

Read = Callable[[str], Awaitable[Told | None]]
"""What the control plane says of a balancer, as read_balancer takes it; None: there is none of this name."""
KEPT = 256
READS = 3
"""Times a balancer is read that changes meanwhile; the last one is good for one request."""


class Balancers:
    """What is known is bounded, also of names that nobody has: strangers choose those."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, Balancer | None] = {}
        self._reading: dict[str, asyncio.Future[Balancer | None]] = {}
        self._changes = 0

    def known(self, name: str) -> Balancer | None:
        """As it is kept now; None: it is to be read, or there is none."""
        return self._known.get(name)

    async def get(self, name: str) -> Balancer | None:
        """None: there is none. Raises what the control plane fails with."""
        if name in self._known:
            return self._known[name]
        reading = self._reading.get(name)
        if reading is None:
            reading = self._reading[name] = asyncio.ensure_future(self._find(name))
            reading.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(reading)

    def forget(self) -> None:
        """Nothing of what is known holds any more."""
        self._changes += 1
        self._reading.clear()
        self._known.clear()

    async def _find(self, name: str) -> Balancer | None:
        balancer = None
        for _ in range(READS):
            before = self._changes
            told = await self._read(name)
            balancer = None if told is None else _balancer(told)
            if self._changes == before:
                while len(self._known) >= KEPT:
                    del self._known[next(iter(self._known))]
                self._known[name] = balancer
                break
        return balancer

    def _ended(self, name: str, reading: asyncio.Future[Any]) -> None:
        if self._reading.get(name) is reading:
            del self._reading[name]
        if not reading.cancelled():
            reading.exception()  # who waits has it


def _balancer(told: Told) -> Balancer:
    """BalancerFailure: it is told in a way that nobody understands."""
    try:
        decode(json.dumps(told).encode())  # what is no text of UTF-8 would break events
        return read_balancer(told)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BalancerFailure(f"The load balancer's configuration makes no sense: {error!r}") from error
