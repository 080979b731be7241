"""Timers of one owner, who may end all of them at once."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock, Timer


class Timers:
    """Runs on the loop."""

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
