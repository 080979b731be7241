"""Queues as an earlier run left them."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future
from pathlib import Path

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.journal.journal import Journal
from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.changes import ChangeSet
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.table import SavedQueues
from lambda_emu.store import Store

log = logging.getLogger(__name__)

START_LIMIT_S = 600.0


def open_queues(store: Store, loop: Loop, clock: Clock) -> Queues:
    """With what an earlier run left. Not on the loop."""
    journal = _open_journal(store.folder)
    queues = Queues(store, loop, clock, journal)
    found: Future[SavedQueues] = Future()

    def read(connection: sqlite3.Connection) -> SavedQueues:
        if journal is not None:
            _recover(connection, journal)
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


def _open_journal(folder: Path) -> Journal | None:
    try:
        return Journal.open(folder)
    except OSError as error:  # such as a disk without room for one
        log.warning("queues have no journal, so each request waits for its commit: %s", error)
        return None


def _recover(connection: sqlite3.Connection, journal: Journal) -> None:
    """What an earlier run wrote to its journal and died before SQLite had it."""
    change = ChangeSet.of_entries(journal.left(table.taken(connection))).take()
    if change is not None:
        change.apply(connection)
        table.mark(connection, change.marks)
    table.put_taken(connection, journal.last)
