"""Time and ids: the only module that asks the machine for either.

Everything that waits does so through `Clock.call_later`, so a test can move time ahead (`SteppingClock.advance`)
instead of waiting. Timers run on the loop that `bind` names; the readings may be taken on any thread.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call; cancelling one that has fired does nothing."""

    def cancel(self) -> None: ...


TIMER_ERROR_S = 0.001
"""A timer may fire so much too early."""


class Clock:
    """The machine's own time, ids and timers."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun_s = time.time() - time.perf_counter()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop on which timers fire. Called once, before the first timer."""
        self._loop = loop

    now_s = staticmethod(time.time)
    """Seconds since the epoch, as the machine says: to be shown, not to wait by, since it may be set."""

    monotonic_s = staticmethod(time.perf_counter)
    """Seconds that never run backwards; for durations and deadlines."""

    ahead_s: float | None = None
    """How far `now_s` is ahead of the machine's time; None: it is the machine's."""

    random = staticmethod(random.random)
    """Evenly distributed in [0, 1)."""

    @property
    def machine(self) -> Clock:
        """The clock that nobody moves: for deadlines, sockets, and whatever must not wait for work."""
        return self

    def steady_s(self) -> float:
        """Seconds since the epoch that no setting of the machine's clock moves: right when this clock was made.

        For what must be due at a time that a later run understands too.
        """
        return self._begun_s + self.monotonic_s()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the loop after `delay_s` seconds. Must be asked on the loop."""
        assert self._loop is not None, "bind the clock to its loop first"
        return self._loop.call_later(delay_s, callback)

    def new_id(self) -> str:
        """A random UUID (RFC 9562, version 4), as AWS uses for request ids and revisions."""
        try:
            return _spare_ids.pop()
        except IndexError:
            _spare_ids.extend(map(_uuid, _tokens()))
            return _uuid(self.new_token())

    def new_token(self) -> str:
        """32 hex digits nobody can guess."""
        try:
            return _spare_tokens.pop()
        except IndexError:
            _spare_tokens.extend(_tokens())
            return os.urandom(16).hex()


def _uuid(digits: str) -> str:
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _tokens() -> list[str]:
    """The kernel is asked for many at once: an invocation needs two of them, and two ids."""
    digits = os.urandom(BLOCK_BYTES).hex()
    return [digits[at : at + 32] for at in range(0, len(digits), 32)]


_spare_tokens: list[str] = []  # random; whoever takes some takes them out, and two threads never take the same
_spare_ids: list[str] = []
os.register_at_fork(after_in_child=_spare_tokens.clear)
os.register_at_fork(after_in_child=_spare_ids.clear)
BLOCK_BYTES = 4096


class Alarm:
    """A timer that is set far more often than it rings, and then costs two attributes: the one that runs stays.

    That one rings too early, and is set anew for the time that is left. Runs on the loop; one call at a time.
    """

    __slots__ = ("_clock", "_due_s", "_fires_s", "_ring", "_timer")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer: Timer | None = None
        self._fires_s = 0.0  # when that does
        self._due_s = 0.0
        self._ring: Callable[[], None] | None = None

    def set(self, due_s: float, ring: Callable[[], None]) -> None:
        """Have `ring` called at this time of the monotonic clock, and nothing else that was set before."""
        self._due_s = due_s
        self._ring = ring
        if self._timer is None:
            self._begin(due_s)
        elif due_s < self._fires_s:
            self._timer.cancel()
            self._begin(due_s)

    def clear(self) -> None:
        """Nothing is to ring."""
        self._ring = None

    def close(self) -> None:
        """Nothing rings any more, and no timer is left."""
        self._ring = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, due_s: float) -> None:
        self._fires_s = due_s
        self._timer = self._clock.call_later(max(due_s - self._clock.monotonic_s(), 0.0), self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._ring is None:
            return
        if self._due_s - self._clock.monotonic_s() > TIMER_ERROR_S:
            self._begin(self._due_s)
        else:
            ring, self._ring = self._ring, None
            ring()


class Timers:
    """Timers of one owner, who may end all of them at once. Runs on the loop."""

    __slots__ = ("_clock", "_pending")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: set[Timer] = set()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        def fire() -> None:
            self._pending.discard(timer)
            callback()

        timer = self._clock.call_later(delay_s, fire)
        self._pending.add(timer)

    def cancel(self) -> None:
        """None of those that are pending will fire."""
        for timer in self._pending:
            timer.cancel()
        self._pending.clear()


class SteppingClock(Clock):
    """Real time that a test can move ahead: `advance` has whatever becomes due happen on the way, each at its time.

    It is the machine's time that moves, and whatever runs meanwhile runs out of it: a function is over its timeout, and
    so are one that begins on the way and an environment on its start, again and again. Who means the time of work alone
    has `Timekeeper.advance`, which waits for them.

    `set_wall` moves what the machine shows alone, as somebody does who sets its clock.

    stands: no time passes but by `advance`, so nothing is over sooner on a machine that is slow. Else small but real:
    timers that no test moves fire when they would on the machine's clock.
    """

    def __init__(self, *, stands: bool = False) -> None:
        super().__init__()
        self._stands_at = (super().now_s(), super().monotonic_s()) if stands else None
        self._ahead_s = 0.0
        self._set_by_s = 0.0
        self._order = itertools.count()
        self._pending: list[tuple[float, int, _SteppingTimer]] = []  # touched on the loop only

    def now_s(self) -> float:
        return (self._stands_at[0] if self._stands_at else super().now_s()) + self._ahead_s + self._set_by_s

    @property
    def ahead_s(self) -> float:  # type: ignore[override]
        return self.now_s() - super().now_s()

    def set_wall(self, by_s: float) -> None:
        """Set the machine's clock by so many seconds, back if negative. Nothing becomes due by it."""
        self._set_by_s += by_s

    def monotonic_s(self) -> float:
        return (self._stands_at[1] if self._stands_at else super().monotonic_s()) + self._ahead_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        assert self._loop is not None, "bind the clock to its loop first"
        timer = _SteppingTimer(callback)
        if self._stands_at is None:
            timer.handle = self._loop.call_later(delay_s, timer.fire)
        heapq.heappush(self._pending, (self.monotonic_s() + delay_s, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move time ahead; returns once every timer that became due has been called. Not from the loop.

        Between two moments the loop has some turns, so that what one leaves for the next turn, as the end of a
        connection is, or a timer that a task sets then, is there in time; so it is when this returns.
        """
        assert self._loop is not None, "bind the clock to its loop first"
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: self._advance(self.monotonic_s() + seconds, done))
        if not done.wait(timeout=30):
            raise TimeoutError("the loop did not take the step within 30 s")

    def _advance(self, until_s: float, done: threading.Event, turns: int = 0) -> None:
        """By one moment at which something is due, then by the next; until then. turns: so many before that."""
        assert self._loop is not None
        if turns:
            self._loop.call_soon(self._advance, until_s, done, turns - 1)
            return
        while self._pending and not self._pending[0][2].is_pending:
            heapq.heappop(self._pending)
        if not self._pending or self._pending[0][0] > until_s:
            self._go_to(until_s)
            self._loop.call_later(TOLD_S, done.set)
            return
        self._go_to(self._pending[0][0])
        due = list[_SteppingTimer]()
        while self._pending and self._pending[0][0] <= self.monotonic_s():
            due.append(heapq.heappop(self._pending)[2])
        for timer in due:
            timer.fire()
        self._loop.call_soon(self._advance, until_s, done, TURNS)

    def _go_to(self, at_s: float) -> None:
        self._ahead_s += max(at_s - self.monotonic_s(), 0.0)


TURNS = 3
TOLD_S = 0.005
"""So long, by the machine, until whoever was hung up on has heard of it."""


class _SteppingTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback
        self.handle: asyncio.TimerHandle | None = None

    @property
    def is_pending(self) -> bool:
        return self._callback is not None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if self.handle is not None:
            self.handle.cancel()
        if callback is not None:
            callback()

    def cancel(self) -> None:
        self._callback = None
        if self.handle is not None:
            self.handle.cancel()
