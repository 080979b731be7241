"""Streams as an earlier run left them."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.kinesis import table
from lambda_emu.services.kinesis.changes import KEEPING
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.kinesis.table import SavedStreams
from lambda_emu.store import Store

START_LIMIT_S = 600.0


def open_streams(store: Store, loop: Loop, clock: Clock) -> Streams:
    """With what an earlier run left. Not on the loop."""
    journal = KEEPING.open_journal(store.folder)
    streams = Streams(store, loop, clock, journal)
    found: Future[SavedStreams] = Future()

    def read(connection: sqlite3.Connection) -> SavedStreams:
        if journal is not None:
            KEEPING.recover(connection, journal)
        return table.read_all(connection)

    def done(error: BaseException | None, left: SavedStreams) -> None:
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(left)

    store.post(read, done)
    left = found.result(START_LIMIT_S)
    loop.ask(lambda: streams.take_over(left), START_LIMIT_S)
    return streams
