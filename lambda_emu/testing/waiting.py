"""Waiting for what is asked for again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lambda_emu.clock import Clock

FIRST_S, LONGEST_S = 0.002, 0.1


def wait_for(is_there: Callable[[], bool], limit_s: float) -> bool:
    """Whether it was, within limit_s; it is asked at least once."""
    clock, pause_s = Clock(), FIRST_S
    until_s = clock.monotonic_s() + limit_s
    while not is_there():
        if clock.monotonic_s() >= until_s:
            return False
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 2, LONGEST_S)
    return True
