"""The server's two clocks: of work, which a user may move ahead, and the machine's, which only a test moves.

moto's dates follow the one of work, but for how long credentials are good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

AHEAD = "HTTP_X_LAMBDA_EMU_AHEAD"
"""Key of an environ: how many seconds work is ahead of this machine."""
MACHINE_AHEAD = "HTTP_X_LAMBDA_EMU_MACHINE_AHEAD"
"""The same of the machine's clock, as the server has it; it is left out where that is this machine's own."""
OF_CREDENTIALS = frozenset(("cognitoidentity", "cognitoidp", "sts"))
"""moto's names of services whose dates say until when somebody may ask."""
LOOK_S = 1.0
"""So often who waits, and is woken by nobody, looks whether he still should."""
MOST_WAIT_S = 3600.0
"""At once: more than a thread can wait is nothing that one could ask for."""
BEGIN_LIMIT_S = 0.5


class Wait:
    """Of the thread that makes it. due_s: inf, where it ends by something else alone."""

    def __init__(self) -> None:
        self.due_s = inf
        self.woken = threading.Event()
        self.thread = threading.current_thread()
        self.works = False
        """Whether the thread is one of those for which time stands still."""


class ServersClock:
    """As the last request said it, for all threads; and who waits by it, or works while time stands still."""

    def __init__(self) -> None:
        self._ahead_s = self._machine_ahead_s = 0.0
        self._changed = threading.Condition()  # guards all below
        self._waits: set[Wait] = set()
        self._active: set[threading.Thread] = set()

    def follow(self, environ: Mapping[str, Any]) -> None:
        said = environ.get(AHEAD)
        if said is None:
            return
        self._machine_ahead_s = float(environ.get(MACHINE_AHEAD, 0.0))
        ahead_s = float(said)
        if ahead_s != self._ahead_s:
            with self._changed:
                back_s = min(ahead_s - self._ahead_s, 0.0)  # who waits has as long to wait as he had
                self._ahead_s = ahead_s
                for wait in self._waits:
                    wait.due_s += back_s
                    wait.woken.set()

    def now_s(self) -> float:
        """Seconds since the epoch, of work."""
        return time.time() + self._ahead_s

    def machine_s(self) -> float:
        """Seconds since the epoch, of the machine."""
        return time.time() + self._machine_ahead_s

    def of(self, service: str) -> float:
        """By which moto's service of this name dates things."""
        return self.machine_s() if service in OF_CREDENTIALS else self.now_s()

    def begin(self, thread: threading.Thread) -> None:
        """From now on it works whenever it does not wait, until `end`."""
        with self._changed:
            self._active.add(thread)

    def end(self, thread: threading.Thread) -> None:
        with self._changed:
            self._active.discard(thread)

    def wake(self, wait: Wait) -> None:
        """It is not wanted any more. Its thread works from now on, so that nobody finds all of them idle meanwhile."""
        with self._changed:
            if wait.works:
                self._active.add(wait.thread)
            wait.woken.set()

    def wait(self, seconds: float, wanted: Callable[[], bool], woken_by: Wait | None = None) -> None:
        """For so long, or until it is not wanted any more. woken_by: what `wake` is given then; None: nobody wakes."""
        wait, look_s = woken_by or Wait(), LOOK_S if woken_by is None else MOST_WAIT_S
        with self._changed:
            wait.due_s = self.now_s() + seconds
            wait.works = wait.thread in self._active
            self._active.discard(wait.thread)
            self._waits.add(wait)
        try:
            while wanted() and (left_s := wait.due_s - self.now_s()) > 0:
                wait.woken.wait(min(left_s, look_s))
                wait.woken.clear()
        finally:
            with self._changed:
                self._waits.discard(wait)
                if wait.works:
                    self._active.add(wait.thread)
                self._changed.notify_all()

    def begin_due(self) -> int:
        """Returns when who has waited long enough goes on; how many are at it, until they end or wait again."""
        with self._changed:
            self._changed.wait_for(lambda: not self._due(), BEGIN_LIMIT_S)
            return len(self._active)

    def next_s(self) -> float | None:
        """When the next one has waited long enough; None: nobody waits for that."""
        with self._changed:
            next_s = min((wait.due_s for wait in self._waits), default=inf)
            return None if next_s == inf else next_s

    def _due(self) -> list[Wait]:
        now_s = self.now_s()
        return [wait for wait in self._waits if wait.due_s <= now_s]


clock = ServersClock()
