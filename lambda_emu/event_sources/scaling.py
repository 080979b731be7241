"""How many batches of a source may be with the function at once. docs/contract/events.md#polling."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

FIRST, MOST = 5, 1250
MORE_PER_S = 300 / 60
HELD_S = 60.0
"""After the function could not take that many, none are added for so long."""
OF_A_POLLER = 10
"""So many invocations are one provisioned poller's."""


class Scaling:
    """Begins with a few, and takes more while all of them are out. Time is handed in, in seconds that only grow."""

    def __init__(self, first: int = 1, most: int = 1) -> None:
        self.change(first, most)

    def change(self, first: int, most: int) -> None:
        """Begin anew within these bounds."""
        self._first = min(first, most)
        self._most = most
        self._limit = float(self._first)
        self._full_s: float | None = None  # when it was last seen that all are out
        self._held_s = -inf

    @property
    def limit(self) -> int:
        """So many now."""
        return int(self._limit)

    @property
    def most(self) -> int:
        """So many ever."""
        return self._most

    def wait_s(self, running: int, now_s: float) -> float:
        """In how many seconds one more may begin; 0: now; infinite: when another ends."""
        if not running and now_s >= self._held_s:
            self._limit = float(self._first)
        if running < int(self._limit):
            self._full_s = None
            return 0.0
        if now_s < self._held_s:
            self._full_s = None
            return self._held_s - now_s
        if self._full_s is not None:
            self._limit = min(self._limit + (now_s - self._full_s) * MORE_PER_S, float(self._most))
        self._full_s = now_s
        if running < int(self._limit):
            return 0.0
        return inf if self._limit >= self._most else (int(self._limit) + 1 - self._limit) / MORE_PER_S

    def try_again(self) -> None:
        """The function may take more than it could."""
        self._held_s = -inf

    def throttled(self, running: int, now_s: float) -> None:
        """The function could not take that many; so many are with it still."""
        self._limit = float(max(running, 1))
        self._full_s = None
        self._held_s = now_s + HELD_S


def of_queue(settings: Mapping[str, Any]) -> tuple[int, int]:
    """How many to begin with and how many at most, by ScalingConfig or ProvisionedPollerConfig."""
    pollers = settings.get("ProvisionedPollerConfig")
    if pollers is not None:
        return pollers["MinimumPollers"] * OF_A_POLLER, pollers["MaximumPollers"] * OF_A_POLLER
    return FIRST, settings.get("ScalingConfig", {}).get("MaximumConcurrency", MOST)
