"""One life of a server after another, each ended by SIGKILL while callers pour something in."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from own import Served, served

CALLERS = 4


def pour_through_kills(
    folder: Path,
    begin: Callable[[Served], object],
    pour: Callable[[Served, int, list[int]], object],
    enough: int,
    lives_s: tuple[float, float],
) -> tuple[list[int], int]:
    """Which numbers were accepted until there were enough, and how many kills it took.

    begin: what the first life makes. pour: one caller, from a number of his own on, by CALLERS at a time, until the
    server is gone. lives_s: how long one may last, evenly distributed.
    """
    accepted: list[int] = []
    kills, first = 0, 0
    while len(accepted) < enough:
        with served(folder, "process") as lam, ThreadPoolExecutor(CALLERS) as threads:
            if not kills:
                begin(lam)
            for caller in range(CALLERS):
                threads.submit(pour, lam, first + caller, accepted)
            Event().wait(random.uniform(*lives_s))
            lam.process.kill()
            kills += 1
        first += 1_000_000  # no number is sent twice
    return accepted, kills
