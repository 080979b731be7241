"""Waiting for something outside, with a deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

PAUSE_S = 0.02


def answers(host: str, port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(condition: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    """Return once the condition holds; TimeoutError naming `what` if it does not within the limit."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} did not come within {limit_s:.0f} s")
        time.sleep(PAUSE_S)
