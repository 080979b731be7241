"""Asynchronous events on disk, from acceptance until they are settled."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from lambda_emu.arn import FunctionId
from lambda_emu.store.writer import Writer, connect

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event that was accepted. qualifier, invoked_arn: as the caller named the function. Times: epoch seconds."""

    request_id: str
    function: FunctionId
    qualifier: str | None
    invoked_arn: str
    payload: bytes
    trace_id: str | None
    accepted_s: float
    attempts: int
    due_s: float
    tenant_id: str | None = None


class EventQueue:
    """Writes go to the store's writer and never wait; reads have a connection of their own."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._writer = writer
        self._lock = Lock()  # guards _reader: one statement at a time
        self._reader = connect(path)

    def put(self, event: QueuedEvent, done: Callable[[BaseException | None], None]) -> None:
        """Keep an event; `done` is called on the writer's thread once it is on disk, or with what failed."""
        row = (event.request_id, event.due_s, event.attempts, event.accepted_s, _record(event), event.payload)

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)

        self._writer.post(insert, lambda error, _: done(error))

    def due(self, now_s: float, limit: int) -> Sequence[QueuedEvent]:
        """Events whose time has come, the longest due first."""
        with self._lock:
            rows = self._reader.execute(
                "SELECT * FROM events WHERE due_s <= ? ORDER BY due_s LIMIT ?", (now_s, limit)
            ).fetchall()
        return [_event(*row) for row in rows]

    def next_due_s(self, after_s: float) -> float | None:
        """When the first event after `after_s` is due; None when none is."""
        with self._lock:
            (due_s,) = self._reader.execute("SELECT min(due_s) FROM events WHERE due_s > ?", (after_s,)).fetchone()
        return None if due_s is None else float(due_s)

    def reschedule(self, request_id: str, attempts: int, due_s: float, done: Callable[[], None]) -> None:
        """Try again later; does not wait. done: called on the writer's thread once that is on disk, else never."""

        def update(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE events SET attempts = ?, due_s = ? WHERE request_id = ?", (attempts, due_s, request_id)
            )

        self._writer.post(update, _told(done))

    def finish(self, request_id: str, done: Callable[[], None]) -> None:
        """Forget an event that is settled; does not wait. done: as for `reschedule`."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM events WHERE request_id = ?", (request_id,))

        self._writer.post(delete, _told(done))

    def clear(self) -> None:
        """Forget every event; waits for the commit. sqlite3.Error."""
        self._writer.run(lambda connection: connection.execute("DELETE FROM events"), lambda _: None)

    def close(self) -> None:
        with self._lock:
            self._reader.close()


def _record(event: QueuedEvent) -> str:
    id = event.function
    named = [id.account, id.region, id.name, id.partition, event.qualifier, event.invoked_arn]
    return json.dumps([*named, event.trace_id, event.tenant_id])


def _event(request_id: str, due_s: float, attempts: int, accepted_s: float, record: str, payload: bytes) -> QueuedEvent:
    """An event as it was put; what its record is too old to have is left at its default."""
    account, region, name, partition, qualifier, invoked_arn, trace_id, *later = json.loads(record)
    id = FunctionId(account, region, name, partition)
    return QueuedEvent(request_id, id, qualifier, invoked_arn, payload, trace_id, accepted_s, attempts, due_s, *later)


def _told(done: Callable[[], None]) -> Callable[[BaseException | None, object], None]:
    def told(error: BaseException | None, _: object) -> None:
        if error is None:
            done()
        else:
            log.error("an event's state could not be written; it will run again after a restart: %s", error)

    return told
