"""How a running emulator ends: what runs has its grace, then each step its limit, whatever hangs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.sandbox.base import Engine

log = logging.getLogger(__name__)

T = TypeVar("T")

STOP_LIMIT_S = 2.0
STOP_WITHIN_S = 10.0
"""From the word to the end, whatever hangs; what makes us stop seldom waits longer."""
TIDY_S = 5.0
"""What of that is left when the grace is over; a longer grace makes the whole longer."""
ENGINE_LIMIT_S = 6.0
HURRIED_S = 2.0
ENGINE_RESERVE_S = 2.5
"""What the steps after the engine's end may take of the whole; on a machine with much else to do they take 1.5 s."""
STILL_RUNS = "ending: what runs may go on for %d s (--grace-s); Ctrl-C once more ends it now"
LOOK_S = 0.02


def stop_within_s(grace_s: float) -> float:
    """How long it may take to stop."""
    return max(grace_s + TIDY_S, STOP_WITHIN_S)


class Shutdown:
    """The steps that undo a start, the last one first. closing: whether they are being taken. Not on the loop.

    grace_s: how long what runs may go on.
    """

    def __init__(self, loop: Loop, clock: Clock, grace_s: float) -> None:
        self.closing = False
        self._loop = loop
        self._clock = clock
        self._grace_s = grace_s
        self._told_s = 0.0
        self._hurried = False
        self._steps = ExitStack()

    def close(self) -> None:
        """Take the steps; it is over within `stop_within_s`."""
        if not self.closing:
            self.closing = True
            self._told_s = self._clock.monotonic_s()
        self._steps.close()

    def hurry(self) -> None:
        """Let nothing that runs go on any longer. From any thread, and from a signal's handler."""
        self._hurried = True

    # -- steps to be taken ------------------------------------------------------------------------

    def call(self, step: Callable[..., object], *args: object) -> None:
        self._steps.callback(step, *args)

    def tidy(self, step: Callable[[], object]) -> None:
        """A step on the loop; the ones after it are taken too if the loop hangs."""
        self._steps.callback(self._tidy, step)

    def leave(self, entered: AbstractContextManager[T]) -> T:
        """Enter a context now, to leave it then."""
        return self._steps.enter_context(entered)

    def drain(self, busy: Callable[[], bool]) -> None:
        """Wait until nothing is busy, the grace is over, or somebody is in a hurry. busy: asked on the loop."""
        self._steps.callback(self._drain, busy)

    def end_engine(self, engine: Engine) -> None:
        self._steps.callback(self._end_engine, engine)

    # -- taking them ------------------------------------------------------------------------------

    def _tidy(self, step: Callable[[], object]) -> None:
        try:
            self._loop.ask(step, STOP_LIMIT_S)
        except TimeoutError:
            log.error("the loop did not answer in %g s; lambda-emu ends without %s", STOP_LIMIT_S, step)

    def _drain(self, busy: Callable[[], bool]) -> None:
        until_s, said = self._told_s + self._grace_s, False
        while not self._hurried and self._clock.monotonic_s() < until_s and self._is_busy(busy):
            if not said:
                log.warning(STILL_RUNS, self._grace_s)
                said = True
            threading.Event().wait(LOOK_S)

    def _is_busy(self, busy: Callable[[], bool]) -> bool:
        try:
            return self._loop.ask(busy, STOP_LIMIT_S)
        except TimeoutError:
            return False

    def _end_engine(self, engine: Engine) -> None:
        left_s = self._told_s + stop_within_s(self._grace_s) - ENGINE_RESERVE_S - self._clock.monotonic_s()
        limit_s = min(max(left_s, LOOK_S), HURRIED_S if self._hurried else ENGINE_LIMIT_S)
        try:
            self._loop.run(engine.close(), limit_s)
        except TimeoutError:
            log.warning("the engine did not end everything in %.1f s; `lambda-emu prune` ends what is left", limit_s)
