"""One buffer, where records of a stream wait, until there are enough of them or the oldest is old enough."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from msgspec import Struct

from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop

log = logging.getLogger(__name__)

FIRST_REST_S, LONGEST_REST_S = 1.0, 30.0


class Hints(NamedTuple):
    """They go when there are so many bytes, or the oldest waits so long."""

    size: int
    interval_s: float


class Went(Struct, frozen=True):
    """What is not there any more. since_s: since when the oldest waits that is left."""

    count: int
    size: int
    since_s: float | None


class NotDone(Exception):
    """They stay, and go another time. The text says why."""


Empty = Callable[[int], Awaitable[Went]]
"""Has some go. Told how often that failed since it last did not. NotDone."""


class Lane:
    """Counts of them; they lie on disk alone. On the loop. about: as a log names it."""

    def __init__(self, about: str, hints: Callable[[], Hints], empty: Empty, loop: Loop, clock: Clock) -> None:
        self.count = 0
        self.size = 0
        self.since_s = 0.0  # steady, of the oldest
        self._about = about
        self._hints = hints
        self._empty = empty
        self._loop = loop
        self._clock = clock
        self._failures = 0  # in a row
        self._rests_until_s = 0.0
        self._timer: Timer | None = None
        self._is_busy = False
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Nothing waits, and nothing goes."""
        return not self.count and not self._is_busy

    def add(self, count: int, size: int, since_s: float) -> None:
        """So many came, and wait since then."""
        if not self.count:
            self.since_s = since_s
        self.count += count
        self.size += size
        self.look()

    def drop(self, went: Went) -> None:
        """These are not there any more."""
        self.count -= went.count
        self.size -= went.size
        if went.since_s is not None:
            self.since_s = went.since_s

    def retry(self) -> None:
        """What kept them may be over."""
        self._rests_until_s = 0.0
        self.look()

    def look(self) -> None:
        """Have them go when it is time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_closed or self._is_busy or not self.count:
            return
        hints, now_s = self._hints(), self._clock.steady_s()
        due_s = now_s if self.size >= hints.size else self.since_s + hints.interval_s
        due_s = max(due_s, self._rests_until_s)
        if due_s <= now_s:
            self._begin()
        else:
            self._timer = self._clock.call_later(due_s - now_s, self.look)

    def close(self) -> None:
        """Nothing is begun any more."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._is_busy = True
        self._loop.spawn(self._go(), self._about)

    async def _go(self) -> None:
        try:
            went = await self._empty(self._failures)
        except Exception as error:  # noqa: BLE001 - told there
            self._rest(error)
        else:
            self._took(went)
        finally:
            self._is_busy = False
        self.look()

    def _took(self, went: Went) -> None:
        if self._failures:
            log.warning("%s goes on", self._about)
        self._failures, self._rests_until_s = 0, 0.0
        self.drop(went)

    def _rest(self, error: Exception) -> None:
        if self._is_closed:
            return
        if not isinstance(error, NotDone):
            log.error("%s failed", self._about, exc_info=error)
        elif not self._failures:
            log.warning("%s: %s; it is tried again", self._about, error)
        rest_s = min(FIRST_REST_S * 2 ** min(self._failures, 10), LONGEST_REST_S)
        self._failures += 1
        self._rests_until_s = self._clock.steady_s() + rest_s
