"""How often a function URL is called: up to ten times a second for each of the function's reserved concurrency."""

from __future__ import annotations

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.model.function.function import Function

A_SECOND = 10
"""Requests for each unit of reserved concurrency."""
MOST_KNOWN = 1024


class Rates:
    """What each function may still be asked: a bucket that fills as fast as it may be emptied, and holds a second's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[FunctionId, tuple[float, float]] = {}  # requests, and when that was so

    def has_room(self, function: Function) -> bool:
        """Take a request of a function with reserved concurrency, unless there have been too many."""
        if not function.reserved_concurrency:
            return True  # it is throttled for that
        most, now_s = float(A_SECOND * function.reserved_concurrency), self._clock.monotonic_s()
        left, at_s = self._left.get(function.id, (most, now_s))
        left = min(most, left + (now_s - at_s) * most)
        if len(self._left) >= MOST_KNOWN:
            self._left.clear()
        self._left[function.id] = left - 1 if left >= 1 else left, now_s
        return left >= 1
