"""Stem cells: started sandboxes without code, one of which becomes an environment in the time a runtime needs to start.

A sandbox that ran a function's code never serves another function, so each stem is used once and replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from lambda_emu.clock import Clock, Timers
from lambda_emu.http.loop import Loop
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.pool.budget import Budget
from lambda_emu.pool.deployment import kind_of
from lambda_emu.pool.early import start_early
from lambda_emu.sandbox.base import Exit, Sandbox, SandboxError, StemKind, Usage

log = logging.getLogger(__name__)

REFILL_AFTER_S = 0.25
"""Long enough for a stem, or for the runtime of the environment that took it, to start with the machine to itself."""
EARLY_AFTER_S = 0.1
"""Where invocations take stems as fast as they come, each starts its runtime once, itself."""


class Stems:
    """Keeps `count` stems of every kind that was asked for lately, as far as there are places. Runs on the loop.

    All kinds together have half of the places at most. refills: whether one that is taken is replaced.
    networks: see `kind_of`.
    """

    def __init__(
        self,
        budget: Budget,
        loop: Loop,
        clock: Clock,
        count: int,
        *,
        refills: bool = True,
        networks: Mapping[str, str] | None = None,
    ) -> None:
        self.budget = budget
        self.on_arrival: Callable[[], None] = lambda: None  # told when there is one more
        self._loop = loop
        self._clock = clock
        self._count = count
        self._refills = refills
        self._networks = networks or {}
        self._ready: dict[StemKind, deque[Sandbox]] = {}
        self._coming: dict[StemKind, int] = {}
        self._waiting: dict[StemKind, deque[asyncio.Future[Sandbox]]] = {}  # who takes a stem that is coming
        self._used_s: dict[StemKind, float] = {}
        self._short: set[StemKind] = set()  # there was no place for all of theirs
        self._told: dict[StemKind, str] = {}  # why none could be made, as it was logged last
        self._later = Timers(clock)
        self._closed = False

    def kind_of(self, version: FunctionVersion) -> StemKind:
        """Which stems a version can use."""
        return kind_of(version, self._networks)

    def take(self, kind: StemKind) -> asyncio.Future[Sandbox] | None:
        """A stem of this kind that is there or on its way, which may fail by SandboxError. None: there is none."""
        ready, waiting = self._ready.get(kind), self._waiting.setdefault(kind, deque())
        taken: asyncio.Future[Sandbox] = self._loop.asyncio.create_future()
        if ready:
            taken.set_result(ready.popleft())
            return taken
        if self._coming.get(kind, 0) > len(waiting):
            waiting.append(taken)
            return taken
        return None

    def refill_later(self, kind: StemKind) -> None:
        """A sandbox of this kind became an environment: have stems for the next ones in a moment."""
        if self._refills:
            self._later.call_later(REFILL_AFTER_S, lambda: self.want(kind))

    def expect(self, kind: StemKind) -> None:
        """Somebody may soon come for one: have the first at once, and the others in a moment."""
        self._want(kind, min(1, self._count))
        self.refill_later(kind)

    def want(self, kind: StemKind) -> None:
        """Have stems of this kind ready soon."""
        self._want(kind, self._count)

    def _want(self, kind: StemKind, count: int) -> None:
        if self._closed:
            return
        self._used_s.pop(kind, None)  # the key says what memory the next ones will probably have
        self._used_s[kind] = self._clock.monotonic_s()
        self._fill(kind, count)

    def _fill(self, kind: StemKind, count: int) -> None:
        taken = len(self._waiting.get(kind, ()))  # of those that are coming
        missing = count - len(self._ready.get(kind, ())) - self._coming.get(kind, 0) + taken
        self._short.discard(kind)
        for _ in range(missing):
            if not self._reserve(kind):
                self._short.add(kind)
                return
            self._coming[kind] = self._coming.get(kind, 0) + 1
            self._loop.spawn(self._make(kind), f"a stem of {kind}")

    def _reserve(self, kind: StemKind) -> bool:
        """Take a place for one; where only the stems' share is used up, one of a kind used longer ago gives way."""
        in_all = sum(map(len, self._ready.values())) + self.coming
        if in_all < self.budget.limit // 2:
            return self.budget.reserve()
        if self.budget.ending == 0:
            self._end_oldest(self._used_s[kind])
        return False

    def refill(self) -> None:
        """There may be places again: the kind used last has them first."""
        if self._closed:
            return
        short = self._short & self._used_s.keys()
        for kind in sorted(short, key=lambda kind: self._used_s[kind], reverse=True):
            self._fill(kind, self._count)
            if kind in self._short:
                return

    def evict(self) -> bool:
        """Begin to end a stem of the kind that was used longest ago; False if there is none."""
        return self._end_oldest(None)

    def _end_oldest(self, before_s: float | None) -> bool:
        """before_s: of a kind last used before then."""
        kinds = [kind for kind, sandboxes in self._ready.items() if sandboxes]
        kind = min(kinds, key=lambda kind: self._used_s.get(kind, 0.0), default=None)
        if kind is None or (before_s is not None and self._used_s.get(kind, 0.0) >= before_s):
            return False
        self._short.add(kind)
        self.budget.end(self._ready[kind].popleft(), "the end of a stem that gave way")
        return True

    def evict_idle(self, idle_s: float) -> None:
        """End the stems of kinds nobody asked for within `idle_s`; of the others, replace what was lost."""
        oldest = self._clock.monotonic_s() - idle_s
        for kind in [kind for kind, used_s in self._used_s.items() if used_s <= oldest]:
            del self._used_s[kind]
            for sandbox in self._ready.pop(kind, ()):
                self.budget.end(sandbox, "the end of a stem")
        for kind in self._used_s:
            self._fill(kind, self._count)

    @property
    def coming(self) -> int:
        """Stems on their way, some of which may have been taken already."""
        return sum(self._coming.values())

    def sandboxes(self) -> list[tuple[StemKind, Sandbox]]:
        return [(kind, sandbox) for kind, sandboxes in self._ready.items() for sandbox in sandboxes]

    def close(self) -> None:
        """End what is there, hand out and make no more."""
        self._closed = True
        self._later.cancel()
        for _, sandbox in self.sandboxes():
            self.budget.end(sandbox, "the end of a stem")
        self._ready.clear()

    async def _make(self, kind: StemKind) -> None:
        try:
            sandbox = await self.budget.create(kind)
        except SandboxError as error:
            self._tell(kind, str(error))
            if waiting := self._first_waiting(kind):
                waiting.set_exception(error)
            return
        finally:
            self._coming[kind] -= 1
        self._told.pop(kind, None)
        if waiting := self._first_waiting(kind):
            waiting.set_result(sandbox)
            return
        if self._closed or kind not in self._used_s:
            self.budget.end(sandbox, "the end of a stem that came too late")
            return
        ready = self._ready.setdefault(kind, deque())
        sandbox.init.listener = _Watch(ready, sandbox, self.budget)
        ready.append(sandbox)
        self._later.call_later(EARLY_AFTER_S, lambda: self._start_early(kind, sandbox))
        self.on_arrival()

    def _start_early(self, kind: StemKind, sandbox: Sandbox) -> None:
        """Have its runtime wait for its function too, if nobody took it in the meantime."""
        program = self.budget.engine.early(kind)
        if program is not None and sandbox in self._ready.get(kind, ()):
            start_early(kind, program, sandbox)

    def _tell(self, kind: StemKind, why: str) -> None:
        """Log why none could be made; not again for the same reason, until one could."""
        if self._told.get(kind) != why:
            self._told[kind] = why
            log.warning("no stem (an environment started ahead) of %s could be made: %s", kind, why)

    def _first_waiting(self, kind: StemKind) -> asyncio.Future[Sandbox] | None:
        """Who waits longest and has not given up."""
        waiting = self._waiting.get(kind, deque())
        while waiting:
            first = waiting.popleft()
            if not first.done():
                return first
        return None


class _Watch:
    """Listens to a stem: nothing may come from it but its end, or that of the runtime that waits in it."""

    def __init__(self, ready: deque[Sandbox], sandbox: Sandbox, budget: Budget) -> None:
        self._ready = ready
        self._sandbox = sandbox
        self._budget = budget

    def output(self, role: int, data: bytes) -> None: ...

    def synced(self, token: int, usage: Usage) -> None: ...

    def exited(self, exit: Exit) -> None:
        self._sandbox.early = None

    def killed(self) -> None: ...

    def lost(self) -> None:
        if self._sandbox in self._ready:
            self._ready.remove(self._sandbox)
        self._budget.end(self._sandbox, "the end of a lost stem")
