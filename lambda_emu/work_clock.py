"""The time of work: what waits, comes again or is due goes by it, and a user may move it ahead of the machine's.

Two clocks stand side by side. The machine's (`Clock`) is for deadlines, sockets, signatures and whatever is billed, and
nobody moves it. Work has this one, which is as fast and, until somebody moves it, as late. docs/decisions/clock.md.
"""

from __future__ import annotations

import heapq
import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from lambda_emu.clock import TIMER_ERROR_S, Clock, Timer

log = logging.getLogger(__name__)


class Lead(Struct, frozen=True):
    """How many seconds work is ahead of the machine. shown_s: of dates. waited_s: of waits, and never less than before.

    They differ where dates were set back to the machine's: what waited then waits as long as it would have.
    """

    shown_s: float = 0.0
    waited_s: float = 0.0


NO_LEAD = Lead()


class WorkClock(Clock):
    """machine: the clock that this one is ahead of. Timers are set and fire on the loop; readings are anybody's.

    Until it is moved its readings are the machine's own functions, so that nobody pays for it. keep: told how far it is
    ahead before anything is due by that.
    """

    now_s: Callable[[], float]
    monotonic_s: Callable[[], float]
    steady_s: Callable[[], float]

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._order = itertools.count()
        self._pending: set[_WorkTimer] = set()
        self._heap: list[tuple[float, int, _WorkTimer]] | None = None  # of those pending, while it is being moved
        self.keep: Callable[[Lead], None] = lambda _: None
        self.lead = NO_LEAD
        self.take(NO_LEAD)

    @property
    def machine(self) -> Clock:
        return self._machine

    @property
    def ahead_s(self) -> float | None:  # type: ignore[override]
        """None where both clocks show what the machine does."""
        moved_s = self._machine.ahead_s
        return self.lead.shown_s + (moved_s or 0.0) if self.lead.shown_s or moved_s is not None else None

    def take(self, lead: Lead) -> None:
        """From now on it is so far ahead. Before there are timers: those that are pending would not notice."""
        machine, shown_s, waited_s = self._machine, lead.shown_s, lead.waited_s
        self.lead = lead
        self.now_s = (lambda: machine.now_s() + shown_s) if shown_s else machine.now_s
        self.monotonic_s = (lambda: machine.monotonic_s() + waited_s) if waited_s else machine.monotonic_s
        self.steady_s = (lambda: machine.steady_s() + waited_s) if waited_s else machine.steady_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = _WorkTimer(self._pending, callback, self.monotonic_s() + delay_s, next(self._order))
        timer.wait(self._machine, delay_s)
        if self._heap is not None:
            heapq.heappush(self._heap, (timer.due_s, timer.order, timer))
        return timer

    @contextmanager
    def moving(self) -> Iterator[None]:
        """On the loop, around all steps of a way: who waits goes by the machine again when it ends."""
        self._heap = [(timer.due_s, timer.order, timer) for timer in self._pending]
        heapq.heapify(self._heap)
        try:
            yield
        finally:
            self._heap = None
            now_s = self.monotonic_s()
            for timer in self._pending:
                timer.wait(self._machine, max(timer.due_s - now_s, 0.0))

    def step(self, until_s: float) -> bool:
        """Move to the next moment at which something is due, by the monotonic clock, and call what is due then.

        Whether there is such a moment; if there is none until `until_s`, it is that now. While it is `moving`.
        """
        heap = self._heap
        assert heap is not None, "within `moving`"
        while heap and heap[0][2] not in self._pending:
            heapq.heappop(heap)
        if not heap or heap[0][0] > until_s + TIMER_ERROR_S:
            self._go_to(until_s)
            return False
        self._go_to(heap[0][0])
        moment_s, due = max(self.monotonic_s(), heap[0][0]) + TIMER_ERROR_S, list[_WorkTimer]()
        while heap and heap[0][0] <= moment_s:
            due.append(heapq.heappop(heap)[2])
        for timer in due:
            try:
                timer.fire()
            except Exception:  # as the loop does
                log.exception("what was due failed")
        return True

    def set_back(self) -> None:
        """Dates are the machine's again. What waits goes on waiting for as long as it would have."""
        self._take_and_keep(Lead(0.0, self.lead.waited_s))

    def _go_to(self, at_s: float) -> None:
        """Time goes on by itself meanwhile, and never back."""
        by_s = at_s - self.monotonic_s()
        if by_s > 0:
            self._take_and_keep(Lead(self.lead.shown_s + by_s, self.lead.waited_s + by_s))

    def _take_and_keep(self, lead: Lead) -> None:
        self.keep(lead)
        self.take(lead)


class _WorkTimer:
    """One of `pending` until it fires or is cancelled. due_s: by the monotonic clock of work. handle: the machine's."""

    __slots__ = ("_callback", "_pending", "due_s", "handle", "order")

    def __init__(self, pending: set[_WorkTimer], callback: Callable[[], None], due_s: float, order: int) -> None:
        self._pending = pending
        self._callback = callback
        self.due_s = due_s
        self.order = order
        self.handle: Timer | None = None
        pending.add(self)

    def wait(self, machine: Clock, delay_s: float) -> None:
        """Fire by the machine's clock, unless somebody fires it before."""
        if self.handle is not None:
            self.handle.cancel()
        self.handle = machine.call_later(delay_s, self.fire)

    def fire(self) -> None:
        if self in self._pending:
            self.cancel()
            self._callback()

    def cancel(self) -> None:
        self._pending.discard(self)
        if self.handle is not None:
            self.handle.cancel()
            self.handle = None
