"""The queues of a server, opened by whoever needs them first: most servers have none, and what serves them is large."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.sqs.queues import Queues

LOOK_LIMIT_S = 60.0


class LateQueues:
    """opened: None until somebody needed them."""

    def __init__(self, store: Store, loop: Loop, clock: Clock) -> None:
        self.opened: Queues | None = None
        self._store = store
        self._loop = loop
        self._clock = clock
        self._closed = False
        self._lock = Lock()  # guards the opening; never waited for on the loop

    def open_what_is_left(self) -> None:
        """Of an earlier run: what is under way there goes on. Not on the loop."""
        found: Future[bool] = Future()

        def told(error: BaseException | None, row: Any) -> None:
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(row is not None)

        self._store.post(lambda connection: connection.execute("SELECT 1 FROM sqs_queues LIMIT 1").fetchone(), told)
        if found.result(LOOK_LIMIT_S):
            self.open()

    def open(self) -> Queues:
        """Those that are open, else they are opened: then not on the loop."""
        if self.opened is not None:
            return self.opened
        from lambda_emu.services.sqs.opening import open_queues

        with self._lock:
            if self.opened is None:
                queues = open_queues(self._store, self._loop, self._clock)
                if self._closed:
                    self._loop.ask(queues.close, LOOK_LIMIT_S)
                self.opened = queues
        return self.opened

    def clear(self) -> None:
        """On the loop. Where none were opened there are none."""
        if self.opened is not None:
            self.opened.clear()

    def close(self) -> None:
        """On the loop."""
        self._closed = True
        if self.opened is not None:
            self.opened.close()
