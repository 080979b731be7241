"""Environments that cannot be started before there is a place for them, and what gives way to them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable

from msgspec import Struct

from lambda_emu.clock import Clock, Timer
from lambda_emu.pool.budget import Budget, TooManyEnvironments
from lambda_emu.pool.provisioning import Requester
from lambda_emu.pool.stems import Stems
from lambda_emu.sandbox.base import Sandbox, StemKind

Begin = Callable[[Awaitable[Sandbox]], None]
"""Goes on with a start: its sandbox is there, or comes."""


class Claim(Struct, eq=False):
    """One start that waits. timer: ends the wait."""

    requester: Requester
    kind: StemKind
    begin: Begin
    timer: Timer | None = None


class Claims:
    """First come, first served. Runs on the loop.

    To whoever waits gives way, in this order: a stem, then what `evict` ends.
    """

    def __init__(self, budget: Budget, stems: Stems, clock: Clock) -> None:
        self.queue: deque[Claim] = deque()
        self.evict: Callable[[], bool] = lambda: False  # ends an environment that nobody needs now, if there is one
        self.on_free_place: Callable[[], None] = lambda: None  # told when a place is free and nobody waits for it
        self.on_drop: Callable[[Requester], None] = lambda _: None  # told when a requester waits for one less
        self._budget = budget
        self._stems = stems
        self._clock = clock
        self._waiting: Counter[Requester] = Counter()
        self._serving = False
        budget.on_free_place = self._place_freed
        stems.on_arrival = self.serve

    def start(self, requester: Requester, kind: StemKind, begin: Begin) -> None:
        """Begin now if there is a stem or a place, else when there is one; or tell the requester that there is none."""
        sandbox: Awaitable[Sandbox] | None = self._stems.take(kind)
        if sandbox is None and not self.queue:
            sandbox = self._take_place(kind)
        if sandbox is not None:
            begin(sandbox)
            return
        claim = Claim(requester, kind, begin)
        self.queue.append(claim)
        self._waiting[requester] += 1
        claim.timer = self._clock.call_later(requester.room_wait_s, lambda: self._give_up(claim))
        self.serve()
        foreseeable = self._budget.ending + self._stems.coming
        if not requester.waits_for_room and claim in self.queue and foreseeable < len(self.queue):
            self._give_up(claim)

    def serve(self) -> None:
        """Something may have changed: begin what can begin, and have end what gives way to the rest."""
        if self._serving:
            return
        self._serving = True
        try:
            self._begin_first()
            while self._budget.ending < len(self.queue) and (self._stems.evict() or self.evict()):
                pass
        finally:
            self._serving = False

    def close(self) -> None:
        """Nothing begins any more."""
        while self.queue:
            self._drop(self.queue[0])

    def _place_freed(self) -> None:
        self.serve()
        if not self.queue:
            self.on_free_place()
            self._stems.refill()

    def _begin_first(self) -> None:
        while self.queue:
            claim = self.queue[0]
            if not claim.requester.wants(self._waiting[claim.requester]):
                self._drop(claim)
                continue
            sandbox = self._stems.take(claim.kind) or self._take_place(claim.kind)
            if sandbox is None:
                return
            self._leave(claim)
            claim.begin(sandbox)

    def _take_place(self, kind: StemKind) -> Awaitable[Sandbox] | None:
        return self._budget.create(kind) if self._budget.reserve() else None

    def _give_up(self, claim: Claim) -> None:
        self._leave(claim)
        claim.requester.no_room(TooManyEnvironments(self._budget.limit), self._waiting[claim.requester])
        self.on_drop(claim.requester)

    def _drop(self, claim: Claim) -> None:
        """Who asked for it no longer needs it."""
        self._leave(claim)
        claim.requester.not_started()
        self.on_drop(claim.requester)

    def _leave(self, claim: Claim) -> None:
        self.queue.remove(claim)
        if claim.timer is not None:
            claim.timer.cancel()
        self._waiting[claim.requester] -= 1
        if not self._waiting[claim.requester]:
            del self._waiting[claim.requester]
