"""What two pieces of work cost, compared: not how long they take, and not beside whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 20
LEAST_S = 0.0001
"""What costs less is too little to compare with: it counts as this."""


def times_as_much(large: Callable[[], float], small: Callable[[], float], enough: float) -> float:
    """How many times one costs as much as the other, each told in seconds by one run of it; the cheapest run counts.

    Others on the machine only ever add: while it is not below what is enough, both are run again, in turns.
    """
    cheapest_large_s, cheapest_small_s = large(), max(small(), LEAST_S)
    for _ in range(ROUNDS):
        if cheapest_large_s < enough * cheapest_small_s:
            break
        cheapest_large_s, cheapest_small_s = (
            min(cheapest_large_s, large()),
            min(cheapest_small_s, max(small(), LEAST_S)),
        )
    return cheapest_large_s / cheapest_small_s


def cpu_s(work: Callable[[], object]) -> float:
    """What it costs this thread, once."""
    begun_s = time.thread_time()
    work()
    return time.thread_time() - begun_s
