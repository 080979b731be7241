"""Stem cells: started boxes without code, one of which becomes an environment in the time a runtime needs to start.

A box that ran a function's code never serves another function, so each stem is used once and replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.model.function import FunctionVersion
from lambda_emu.pool.deployment import kind_of
from lambda_emu.pool.timers import Timers
from lambda_emu.sandbox.base import Box, Engine, Exit, SandboxError, StemKind, Usage

log = logging.getLogger(__name__)

REFILL_AFTER_S = 0.25
"""Long enough for the environment that took the stem to start its runtime with the machine to itself."""


class Stems:
    """Keeps `count` stems of every kind that was asked for lately. Runs on the loop.

    refills: whether one that is taken is replaced. networks: see `kind_of`.
    """

    def __init__(
        self,
        engine: Engine,
        loop: Loop,
        clock: Clock,
        count: int,
        *,
        refills: bool = True,
        networks: Mapping[str, str] | None = None,
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._clock = clock
        self._count = count
        self._refills = refills
        self._networks = networks or {}
        self._ready: dict[StemKind, deque[Box]] = {}
        self._coming: dict[StemKind, int] = {}
        self._waiting: dict[StemKind, deque[asyncio.Future[Box]]] = {}  # who takes a stem that is coming
        self._used_s: dict[StemKind, float] = {}
        self._later = Timers(clock)
        self._closed = False

    def kind_of(self, version: FunctionVersion) -> StemKind:
        """Which stems a version can use."""
        return kind_of(version, self._networks)

    async def take(self, kind: StemKind) -> Box:
        """A box of this kind: a stem that is there or on its way, or a new one. SandboxError if it cannot be had."""
        ready = self._ready.get(kind)
        if self._refills:
            self._later.call_later(REFILL_AFTER_S, lambda: self.want(kind))
        if ready:
            return ready.popleft()
        waiting = self._waiting.setdefault(kind, deque())
        if self._coming.get(kind, 0) > len(waiting):
            waiting.append(asyncio.get_running_loop().create_future())
            return await waiting[-1]
        return await self._engine.create(kind)

    def want(self, kind: StemKind) -> None:
        """Have stems of this kind ready soon."""
        if self._closed:
            return
        self._used_s[kind] = self._clock.monotonic_s()
        self._fill(kind)

    def _fill(self, kind: StemKind) -> None:
        missing = self._count - len(self._ready.get(kind, ())) - self._coming.get(kind, 0)
        for _ in range(missing):
            self._coming[kind] = self._coming.get(kind, 0) + 1
            self._loop.spawn(self._make(kind), f"a stem of {kind}")

    def reap(self, idle_s: float) -> None:
        """End the stems of kinds nobody asked for within `idle_s`; of the others, replace what was lost."""
        oldest = self._clock.monotonic_s() - idle_s
        for kind in [kind for kind, used_s in self._used_s.items() if used_s <= oldest]:
            del self._used_s[kind]
            for box in self._ready.pop(kind, ()):
                self._loop.spawn(box.destroy(), "the end of a stem")
        for kind in self._used_s:
            self._fill(kind)

    def boxes(self) -> list[tuple[StemKind, Box]]:
        return [(kind, box) for kind, boxes in self._ready.items() for box in boxes]

    def close(self) -> None:
        """End what is there, hand out and make no more."""
        self._closed = True
        self._later.cancel()
        for _, box in self.boxes():
            self._loop.spawn(box.destroy(), "the end of a stem")
        self._ready.clear()

    async def _make(self, kind: StemKind) -> None:
        try:
            box = await self._engine.create(kind)
        except SandboxError as error:
            log.warning("no stem of %s could be made: %s", kind, error)
            if waiting := self._first_waiting(kind):
                waiting.set_exception(error)
            return
        finally:
            self._coming[kind] -= 1
        if waiting := self._first_waiting(kind):
            waiting.set_result(box)
            return
        if self._closed or kind not in self._used_s:
            await box.destroy()
            return
        ready = self._ready.setdefault(kind, deque())
        box.init.listener = _Watch(ready, box, self._loop)
        ready.append(box)

    def _first_waiting(self, kind: StemKind) -> asyncio.Future[Box] | None:
        """Who waits longest and has not given up."""
        waiting = self._waiting.get(kind, deque())
        while waiting:
            first = waiting.popleft()
            if not first.done():
                return first
        return None


class _Watch:
    """Listens to a stem: nothing may come from it but its end."""

    def __init__(self, ready: deque[Box], box: Box, loop: Loop) -> None:
        self._ready = ready
        self._box = box
        self._loop = loop

    def output(self, role: int, data: bytes) -> None: ...

    def synced(self, token: int, usage: Usage) -> None: ...

    def exited(self, exit: Exit) -> None: ...

    def killed(self) -> None: ...

    def lost(self) -> None:
        if self._box in self._ready:
            self._ready.remove(self._box)
        self._loop.spawn(self._box.destroy(), "the end of a lost stem")
