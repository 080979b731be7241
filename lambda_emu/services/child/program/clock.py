"""The server's two clocks: of work, which a user may move ahead, and the machine's, which only a test moves.

moto's dates follow the one of work, but for how long credentials are good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

AHEAD = "HTTP_X_LAMBDA_EMU_AHEAD"
"""Key of an environ: how many seconds work is ahead of this machine."""
MACHINE_AHEAD = "HTTP_X_LAMBDA_EMU_MACHINE_AHEAD"
"""The same of the machine's clock, as the server has it; it is left out where that is this machine's own."""
OF_CREDENTIALS = frozenset(("cognitoidentity", "cognitoidp", "sts"))
"""moto's names of services whose dates say until when somebody may ask."""
LOOK_S = 1.0
"""So often who waits looks whether he still should."""
BEGIN_LIMIT_S = 0.5


class ServersClock:
    """As the last request said it, for all threads; and who waits by it."""

    def __init__(self) -> None:
        self._ahead_s = self._machine_ahead_s = 0.0
        self._moved = threading.Condition()  # guards _waits too
        self._waits: dict[object, float] = {}
        self._active: set[threading.Thread] = set()  # have waited, and do what comes then

    def follow(self, environ: Mapping[str, Any]) -> None:
        said = environ.get(AHEAD)
        if said is None:
            return
        self._machine_ahead_s = float(environ.get(MACHINE_AHEAD, 0.0))
        ahead_s = float(said)
        if ahead_s != self._ahead_s:
            with self._moved:
                back_s = min(ahead_s - self._ahead_s, 0.0)  # who waits has as long to wait as he had
                self._waits = {mark: due_s + back_s for mark, due_s in self._waits.items()}
                self._ahead_s = ahead_s
                self._moved.notify_all()

    def now_s(self) -> float:
        """Seconds since the epoch, of work."""
        return time.time() + self._ahead_s

    def machine_s(self) -> float:
        """Seconds since the epoch, of the machine."""
        return time.time() + self._machine_ahead_s

    def of(self, service: str) -> float:
        """By which moto's service of this name dates things."""
        return self.machine_s() if service in OF_CREDENTIALS else self.now_s()

    def wait(self, seconds: float, wanted: Callable[[], bool]) -> None:
        """For so long, or until it is not wanted any more."""
        mark, thread = object(), threading.current_thread()
        with self._moved:
            self._active.discard(thread)
            self._waits[mark] = self.now_s() + seconds
            while (left_s := self._waits[mark] - self.now_s()) > 0 and wanted():
                self._moved.wait(min(left_s, LOOK_S))
            del self._waits[mark]
            self._active.add(thread)
            self._moved.notify_all()

    def begin_due(self) -> int:
        """Returns when who has waited long enough goes on; how many are at it, until they end or wait again."""
        with self._moved:
            self._moved.wait_for(lambda: not self._due(), BEGIN_LIMIT_S)
            self._active = {thread for thread in self._active if thread.is_alive()}
            return len(self._active)

    def next_s(self) -> float | None:
        """When the next one has waited long enough; None: nobody waits."""
        with self._moved:
            return min(self._waits.values(), default=None)

    def _due(self) -> list[object]:
        now_s = self.now_s()
        return [mark for mark, due_s in self._waits.items() if due_s <= now_s]


clock = ServersClock()
