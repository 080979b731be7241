"""A deployment that somebody stops, or whose time is over: nothing more of it is begun, and it is undone."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock
from lambda_emu.project.resources import CannotChange

TOO_LONG = "Stack creation time exceeded the specified timeout. Rollback requested by user."


class Stopped(CannotChange):
    """Of a resource that was waited for."""


def after(limit_s: float, clock: Clock) -> Callable[[], bool]:
    """Whether so much of the time of work is over, from now on."""
    until_s = clock.monotonic_s() + limit_s
    return lambda: clock.monotonic_s() >= until_s


class Stop:
    """is_late: whether its time is over. Any thread may ask for it; it is heard by the thread of the deployment."""

    def __init__(self, is_late: Callable[[], bool] = lambda: False) -> None:
        self.reason: str | None = None  # why it stops; set once, by one assignment
        self.is_cancelled = False
        self._is_late = is_late
        self._is_heard = False

    def ask(self, reason: str) -> None:
        self.is_cancelled = True
        self.reason = self.reason or reason

    def is_asked(self) -> bool:
        """Whether nothing more is to be begun."""
        if self._is_heard:
            return False
        if self.reason is None and self._is_late():
            self.reason = TOO_LONG
        return self.reason is not None

    def check(self) -> None:
        """Stopped."""
        if self.is_asked():
            raise Stopped(str(self.reason))

    def hear(self) -> None:
        """What follows undoes what was done, and nobody stops that."""
        self._is_heard = True
