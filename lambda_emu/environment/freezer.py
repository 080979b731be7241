"""Freezes an environment that is idle, lazily: a busy one never pays for it. Contract: runtime.md 3.2."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock, Timer
from lambda_emu.sandbox.base import Sandbox

FREEZE_AFTER_S = 0.01


class Freezer:
    """Of one environment. Runs on the loop. idle_since_s: when it became idle, None while it is not."""

    __slots__ = ("_clock", "_frozen", "_idle_since_s", "_sandbox", "_timer")

    def __init__(self, sandbox: Sandbox, clock: Clock, idle_since_s: Callable[[], float | None]) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._idle_since_s = idle_since_s
        self._frozen = False
        self._timer: Timer | None = None

    def watch(self) -> None:
        """It may be idle now."""
        if self._timer is None and not self._frozen:
            self._timer = self._clock.call_later(FREEZE_AFTER_S, self._freeze_if_idle)

    def thaw(self) -> None:
        """It is needed."""
        if self._frozen:
            self._frozen = False
            self._sandbox.init.resume()

    def forget(self) -> None:
        """What was frozen has been killed."""
        self._frozen = False

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _freeze_if_idle(self) -> None:
        self._timer = None
        since_s = self._idle_since_s()
        if since_s is None or self._frozen:
            return
        left_s = since_s + FREEZE_AFTER_S - self._clock.monotonic_s()
        if left_s > 0.001:
            self._timer = self._clock.call_later(left_s, self._freeze_if_idle)
        else:
            self._frozen = True
            self._sandbox.init.pause()
