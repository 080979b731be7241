"""SIGINT and SIGTERM: the first ends what is being started or served in good order, the next cuts its grace short."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

NUMBERS = (signal.SIGINT, signal.SIGTERM)
MARGIN_S = 0.3
LOOK_S = 0.5


def wait_for_signals(over: Callable[[], bool] = lambda: False) -> None:
    """Until one raises, or it is over. In steps: one that another thread was given is handled when this one wakes."""
    while not over():
        threading.Event().wait(LOOK_S)


class Stoppable(Protocol):
    """closing: whether it is being closed already."""

    closing: bool

    def hurry(self) -> None:
        """Close faster. Must not wait: it is called in a signal's handler."""


class _ToldToStop(BaseException):
    """Raised wherever the main thread is, as KeyboardInterrupt is: it may be reading a project, or waiting."""


def exit_when_told(*numbers: signal.Signals, code: int = 0) -> None:
    """End the process at one of these signals, its `finally` blocks done. numbers: none for both."""
    for number in numbers or NUMBERS:
        signal.signal(number, lambda *_: sys.exit(code))


@contextmanager
def until_told_to_stop(served: Stoppable, limit_s: float) -> Iterator[None]:
    """End the block at the first signal. On the main thread.

    limit_s: from that signal on. When it is over and closing has not ended, the process ends as it is, with 1, and says
    where each thread hangs.
    """
    import faulthandler  # here: few commands serve

    told = False

    def handle(_: int, __: FrameType | None) -> None:
        nonlocal told
        first, told = not told, True
        if first:
            faulthandler.dump_traceback_later(limit_s - MARGIN_S, exit=True)  # needs no thread of ours to be alive
        if first and not served.closing:
            raise _ToldToStop
        served.hurry()

    for number in NUMBERS:
        signal.signal(number, handle)
    try:
        yield
    except _ToldToStop:
        return
