"""Queues as an earlier run left them."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.changes import KEEPING
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.table import SavedQueues
from lambda_emu.store import Store

START_LIMIT_S = 600.0


def open_queues(store: Store, loop: Loop, clock: Clock) -> Queues:
    """With what an earlier run left. Not on the loop."""
    journal = KEEPING.open_journal(store.folder)
    queues = Queues(store, loop, clock, journal)
    found: Future[SavedQueues] = Future()

    def read(connection: sqlite3.Connection) -> SavedQueues:
        if journal is not None:
            KEEPING.recover(connection, journal)
        return table.read_all(connection)

    def done(error: BaseException | None, left: SavedQueues) -> None:
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(left)

    store.post(read, done)
    left = found.result(START_LIMIT_S)
    loop.ask(lambda: queues.take_over(left), START_LIMIT_S)
    return queues
