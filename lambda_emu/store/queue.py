"""Asynchronous events on disk, from acceptance until they are settled.

One that runs is marked, so that no look finds it again. Payloads lie apart from what a look reads and a mark writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from lambda_emu.arn import FunctionId
from lambda_emu.store.writer import Writer, connect

EVENT = "SELECT request_id, due_s, attempts, accepted_s, record FROM events"

Told = Callable[[BaseException | None], None]
"""Called on the writer's thread once a change is on disk, or with what kept it from there; nothing changed then."""

Taken = Callable[[BaseException | None, Sequence["QueuedEvent"]], None]


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event that was accepted. qualifier, invoked_arn: as the caller named the function. Times: epoch seconds.

    payload: None where it is on disk only.
    """

    request_id: str
    function: FunctionId
    qualifier: str | None
    invoked_arn: str
    payload: bytes | None
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
        self._left: list[tuple[str]] = []  # what an earlier run had taken

    def load(self, connection: sqlite3.Connection) -> None:
        """Before anything is written."""
        self._left = connection.execute("SELECT request_id FROM events WHERE running = 1").fetchall()

    def recover(self, now_s: float, longest_s: float, done: Told) -> None:
        """Give back what an earlier run had taken.

        longest_s: how far from now an event can be due, and none was accepted after now: whatever says otherwise was
        written before the machine's clock went back.
        """

        def give_back(connection: sqlite3.Connection) -> None:
            connection.executemany("UPDATE events SET running = 0 WHERE request_id = ?", self._left)
            latest_s = now_s + longest_s
            connection.execute("UPDATE events SET due_s = ? WHERE due_s > ?", (latest_s, latest_s))
            connection.execute("UPDATE events SET accepted_s = ? WHERE accepted_s > ?", (now_s, now_s))

        self._post(give_back, done)

    def put(self, event: QueuedEvent, done: Told) -> None:
        """Keep an event that whoever puts it runs at once: it counts as taken."""
        row = (event.request_id, event.due_s, event.attempts, event.accepted_s, _record(event))

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, 1)", row)
            connection.execute("INSERT INTO payloads VALUES (?, ?)", (event.request_id, event.payload))

        self._post(insert, done)

    def next_due_s(self) -> float | None:
        """When the first event that does not run is due; None when none waits."""
        with self._lock:
            (due_s,) = self._reader.execute("SELECT min(due_s) FROM events WHERE running = 0").fetchone()
        return None if due_s is None else float(due_s)

    def take(self, now_s: float, limit: int, done: Taken) -> None:
        """Mark events whose time has come, the longest due first, and hand them out without their payloads.

        Each is handed out once, until it is put off or this process ends. done: as `Told`.
        """

        def mark(connection: sqlite3.Connection) -> list[QueuedEvent]:
            due = f"{EVENT} WHERE running = 0 AND due_s <= ? ORDER BY due_s LIMIT ?"
            found = [_event(*row) for row in connection.execute(due, (now_s, limit))]
            ids = [(event.request_id,) for event in found]
            connection.executemany("UPDATE events SET running = 1 WHERE request_id = ?", ids)
            return found

        self._writer.post(mark, lambda error, found: done(error, found or ()))

    def payload(self, request_id: str) -> bytes | None:
        """What an event brings to its function; None if it was forgotten meanwhile. sqlite3.Error."""
        with self._lock:
            row = self._reader.execute("SELECT payload FROM payloads WHERE request_id = ?", (request_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def put_off(self, request_id: str, attempts: int, due_s: float, done: Told) -> None:
        """It does not run any more, and is due later; does not wait."""

        def update(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE events SET running = 0, attempts = ?, due_s = ? WHERE request_id = ?",
                (attempts, due_s, request_id),
            )

        self._post(update, done)

    def hasten(self, request_id: str, due_s: float, done: Told) -> None:
        """It is due earlier, unless it runs already; does not wait."""

        def update(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE events SET due_s = ? WHERE request_id = ? AND running = 0", (due_s, request_id))

        self._post(update, done)

    def finish(self, request_id: str, done: Told) -> None:
        """Forget an event that is settled; does not wait."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM events WHERE request_id = ?", (request_id,))
            connection.execute("DELETE FROM payloads WHERE request_id = ?", (request_id,))

        self._post(delete, done)

    def unsettled(self) -> Sequence[QueuedEvent]:
        """All there are, running or not, without their payloads; for who looks on."""
        with self._lock:
            return [_event(*row) for row in self._reader.execute(f"{EVENT} ORDER BY due_s").fetchall()]

    def clear(self) -> None:
        """Forget every event; waits for the commit. sqlite3.Error."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM events")
            connection.execute("DELETE FROM payloads")

        self._writer.run(delete, lambda _: None)

    def close(self) -> None:
        with self._lock:
            self._reader.close()

    def _post(self, work: Callable[[sqlite3.Connection], None], done: Told) -> None:
        self._writer.post(work, lambda error, _: done(error))


def _record(event: QueuedEvent) -> str:
    id = event.function
    named = [id.account, id.region, id.name, id.partition, event.qualifier, event.invoked_arn]
    return json.dumps([*named, event.trace_id, event.tenant_id])


def _event(request_id: str, due_s: float, attempts: int, accepted_s: float, record: str) -> QueuedEvent:
    """An event as it was put; what its record is too old to have is left at its default."""
    account, region, name, partition, qualifier, invoked_arn, trace_id, *later = json.loads(record)
    id = FunctionId(account, region, name, partition)
    return QueuedEvent(request_id, id, qualifier, invoked_arn, None, trace_id, accepted_s, attempts, due_s, *later)
