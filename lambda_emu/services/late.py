"""What a service of ours knows, opened when somebody first needs it: most servers have none, and it is large."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from lambda_emu.http.loop import Loop
from lambda_emu.store import Store

LIMIT_S = 60.0


class Opened(Protocol):
    """On the loop."""

    def close(self) -> None:
        """Nobody waits any more, nothing is begun any more, and no timer is left."""

    def clear(self) -> None:
        """Forget all of it, of every account; what is written after that stays."""

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget what is of one account, then call `told`."""


R = TypeVar("R", bound=Opened)
T = TypeVar("T")


class LateRoom(Generic[R]):
    """opened: None until somebody needed it. A service says what opens it, and by which query an earlier run left some.

    One that is not open at the end of the start has nothing.
    """

    left = ""
    """A query that finds a row if an earlier run left something."""

    def __init__(self, store: Store, loop: Loop) -> None:
        self.opened: R | None = None
        self._store = store
        self._loop = loop
        self._closed = False
        self._lock = Lock()  # guards the opening; never waited for on the loop

    def open_what_is_left(self) -> None:
        """Of an earlier run: what is under way there goes on. Not on the loop."""
        if ask_store(self._store, self._is_left, LIMIT_S):
            self.open()

    def open(self) -> R:
        """The one that is open, else it is opened: then not on the loop."""
        if self.opened is not None:
            return self.opened
        with self._lock:
            if self.opened is None:
                opened = self._open()
                if self._closed:
                    self._loop.ask(opened.close, LIMIT_S)
                self.opened = opened
        return self.opened

    def clear(self) -> None:
        """On the loop. Where none was opened there is nothing."""
        if self.opened is not None:
            self.opened.clear()

    def empty(self, account: str) -> None:
        """Returns when nothing of the account is there any more. Not on the loop."""
        if self.opened is None:
            return
        emptied: Future[None] = Future()
        self._loop.post(self.opened.empty, account, lambda: emptied.set_result(None))
        emptied.result(LIMIT_S)

    def close(self) -> None:
        """On the loop."""
        self._closed = True
        if self.opened is not None:
            self.opened.close()

    def _open(self) -> R:
        """With what an earlier run left, and with its imports. Not on the loop."""
        raise NotImplementedError

    def _is_left(self, connection: sqlite3.Connection) -> bool:
        return connection.execute(f"{self.left} LIMIT 1").fetchone() is not None


def ask_store(store: Store, step: Callable[[sqlite3.Connection], T], limit_s: float) -> T:
    """What a step of its writer returns. Not on the loop."""
    found: Future[T] = Future()

    def told(error: BaseException | None, result: Any) -> None:
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(result)

    store.post(step, told)
    return found.result(limit_s)
