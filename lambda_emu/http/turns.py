"""Work that is cut in slices has a few milliseconds of each turn of the loop, however many want to go on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

TURN_S = 0.004


class Watch(Protocol):
    """What says how long a turn is."""

    def monotonic_s(self) -> float: ...


class Turns:
    """Who waits for his next slice, the longest first. On the loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], None], Watch]] = deque()
        self._is_due = False

    def add(self, go_on: Callable[[], None], clock: Watch) -> None:
        """go_on: does one slice, soon; it may ask for the next one."""
        self._waiting.append((go_on, clock))
        self._set()

    def _set(self) -> None:
        if self._waiting and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_due = False
        began_s: float | None = None
        try:
            for _ in range(len(self._waiting)):
                go_on, clock = self._waiting.popleft()
                began_s = clock.monotonic_s() if began_s is None else began_s
                go_on()
                if clock.monotonic_s() - began_s >= TURN_S:
                    break
        finally:
            self._set()
