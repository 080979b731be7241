"""Changes that must come to be on disk: while there is no room they are tried again, and none is lost meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 1.0

Change = Callable[[Callable[[BaseException | None], None]], None]
"""Begins one and returns; it tells, on any thread, that it is on disk, or what kept it from there."""


class Persistence:
    """Makes changes until they are made. On the loop. The log is told when it begins to fail, and when it is over."""

    def __init__(self, loop: Loop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._failed: list[tuple[Change, Callable[[], None]]] = []
        self._failing = False
        self._timer: Timer | None = None
        self._stopped = False

    def make(self, change: Change, then: Callable[[], None]) -> None:
        """Begin a change; `then` is called on the loop once it is on disk."""
        change(lambda error: self._loop.post(self._hear, change, then, error))

    def note(self, error: BaseException | None) -> None:
        """How another change of the same file came out."""
        if error is not None and not self._failing and not self._stopped:
            log.error("events: nothing can be written, which is tried again until it can: %s", error)
        elif error is None and self._failing:
            log.warning("events: all is written again")
        self._failing = error is not None

    def stop(self) -> None:
        """Try nothing again any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _hear(self, change: Change, then: Callable[[], None], error: BaseException | None) -> None:
        self.note(error)
        if error is None:
            then()
        elif not self._stopped:
            self._failed.append((change, then))
            if self._timer is None:
                self._timer = self._clock.call_later(AGAIN_AFTER_S, self._try_again)

    def _try_again(self) -> None:
        self._timer = None
        failed, self._failed = self._failed, []
        for change, then in failed:
            self.make(change, then)
