"""What a service keeps by a journal, opened late, with what an earlier run left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.late import LateRoom, Opened, ask_store
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.journal.journal import Journal
    from lambda_emu.services.journal.keeping import Keeping

START_LIMIT_S = 600.0


class Heir(Opened, Protocol):
    """On the loop."""

    def take_over(self, saved: Any) -> None:
        """What an earlier run left."""


H = TypeVar("H", bound=Heir)


class LateHeir(LateRoom[H]):
    def __init__(self, store: Store, loop: Loop, clock: Clock) -> None:
        super().__init__(store, loop)
        self._clock = clock

    def _open_kept(
        self,
        keeping: Keeping[Any, Any],
        make: Callable[[Store, Loop, Clock, Journal | None], H],
        read: Callable[[sqlite3.Connection], Any],
    ) -> H:
        """read: what is taken over, by a step of the store's writer. Not on the loop."""
        journal = keeping.open_journal(self._store.folder)
        made = make(self._store, self._loop, self._clock, journal)

        def step(connection: sqlite3.Connection) -> Any:
            if journal is not None:
                keeping.recover(connection, journal)
            return read(connection)

        saved = ask_store(self._store, step, START_LIMIT_S)
        self._loop.ask(lambda: made.take_over(saved), START_LIMIT_S)
        return made
