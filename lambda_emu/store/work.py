"""Work that must still happen, whatever happens to us: one table for all kinds of it, until each piece is finished.

A step ends by finishing its piece and adding those that follow from it, in one transaction: nothing falls between. What
runs is marked, so that no look finds it again. Payloads lie apart from what a look reads and a mark writes; pieces may
share one, which goes with the last of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from threading import Lock

from msgspec import Struct

from lambda_emu.store.writer import StoreWriter, connect

COLUMNS = "id, kind, due_s, record, attempts, created_s, brought_by"
FORGET = "DELETE FROM work WHERE id = ? RETURNING brought_by"
FORGET_PAYLOAD = "DELETE FROM payloads WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM work WHERE brought_by = ?1)"
PUT_OFF = "UPDATE work SET running = 0, attempts = ?, due_s = ?, record = coalesce(?, record) WHERE id = ?"
PAYLOAD = """
SELECT payloads.payload FROM work JOIN payloads ON payloads.id = coalesce(work.brought_by, work.id) WHERE work.id = ?
"""

Done = Callable[[BaseException | None], None]
"""Called on the writer's thread once a change is on disk, or with what kept it from there; nothing changed then."""

Taken = Callable[[BaseException | None, Sequence["WorkItem"]], None]


class WorkItem(Struct, frozen=True):
    """A piece of work. id: of its own among all kinds. kind: who sees to it. record: what is to be done, in its form.

    due_s, created_s: epoch seconds of whichever clock its kind goes by. attempts: made so far.
    payload: what it brings; None: nothing, or that is on disk only. brought_by: the piece whose payload it shares.
    running: whoever keeps it begins at once, so it counts as taken from the first.
    """

    id: str
    kind: str
    due_s: float
    record: str
    attempts: int = 0
    created_s: float = 0.0
    brought_by: str | None = None
    payload: bytes | None = None
    running: bool = False


class WorkTable:
    """Writes go to the store's writer and never wait; reads have a connection of their own."""

    def __init__(self, path: Path, writer: StoreWriter) -> None:
        self._writer = writer
        self._lock = Lock()  # guards _reader: one statement at a time
        self._reader = connect(path)
        self._left: Sequence[tuple[str, str]] = ()  # what an earlier run had taken, with its kind
        self.left_kinds: Collection[str] = ()  # of all that it left

    def load(self, connection: sqlite3.Connection) -> None:
        """Before anything is written."""
        self._left = connection.execute("SELECT id, kind FROM work WHERE running = 1").fetchall()
        waiting = connection.execute("SELECT DISTINCT kind FROM work WHERE running = 0")
        self.left_kinds = {kind for (kind,) in waiting} | {kind for _, kind in self._left}

    def recover(self, kind: str, now_s: float, longest_s: float, done: Done) -> None:
        """Give back what an earlier run had taken of a kind.

        longest_s: how far from now it can be due, and none was created after now: whatever says otherwise was written
        before the machine's clock went back.
        """

        def give_back(connection: sqlite3.Connection) -> None:
            left = [(id,) for id, its in self._left if its == kind]
            connection.executemany("UPDATE work SET running = 0 WHERE id = ?", left)
            latest_s = now_s + longest_s
            connection.execute("UPDATE work SET due_s = ? WHERE kind = ? AND due_s > ?", (latest_s, kind, latest_s))
            connection.execute("UPDATE work SET created_s = ? WHERE kind = ? AND created_s > ?", (now_s, kind, now_s))

        self._post(give_back, done)

    def add(self, work: WorkItem, done: Done) -> None:
        """Keep a piece of work."""
        self._post(lambda connection: insert(connection, work), done)

    def finish(self, id: str, done: Done, then: Sequence[WorkItem] = ()) -> None:
        """It is done: forget it and keep what follows from it, both or neither. One that is forgotten has no sequel."""

        def step(connection: sqlite3.Connection) -> None:
            found = connection.execute(FORGET, (id,)).fetchone()
            if found is None:
                return
            for work in then:
                insert(connection, work)
            (brought_by,) = found
            if brought_by is None or not _is_there(connection, brought_by):
                connection.execute(FORGET_PAYLOAD, (brought_by or id,))

        self._post(step, done)

    def put_off(self, id: str, attempts: int, due_s: float, done: Done, record: str | None = None) -> None:
        """It does not run any more, and is due later. record: what is to be done from now on; None: as before."""

        def update(connection: sqlite3.Connection) -> None:
            row = (attempts, due_s, record, id)
            connection.execute(PUT_OFF, row)

        self._post(update, done)

    def hasten(self, id: str, due_s: float, done: Done) -> None:
        """It is due earlier, unless it runs already."""

        def update(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE work SET due_s = ? WHERE id = ? AND running = 0", (due_s, id))

        self._post(update, done)

    def next_due_s(self, kind: str) -> float | None:
        """When the first of a kind that does not run is due; None when none waits. sqlite3.Error."""
        first = "SELECT min(due_s) FROM work WHERE kind = ? AND running = 0"
        with self._lock:
            (due_s,) = self._reader.execute(first, (kind,)).fetchone()
        return None if due_s is None else float(due_s)

    def take(self, kind: str, now_s: float, limit: int, done: Taken) -> None:
        """Mark work of a kind whose time has come, the longest due first, and hand it out without its payloads.

        Each is handed out once, until it is put off or this process ends. done: as `Done`.
        """

        def mark(connection: sqlite3.Connection) -> list[WorkItem]:
            due = f"SELECT {COLUMNS} FROM work WHERE kind = ? AND running = 0 AND due_s <= ? ORDER BY due_s LIMIT ?"
            found = [WorkItem(*row) for row in connection.execute(due, (kind, now_s, limit))]
            connection.executemany("UPDATE work SET running = 1 WHERE id = ?", [(work.id,) for work in found])
            return found

        self._writer.post(mark, lambda error, found: done(error, found or ()))

    def payload(self, id: str) -> bytes | None:
        """What a piece of work brings; None if it brings nothing, or was forgotten meanwhile. sqlite3.Error."""
        with self._lock:
            row = self._reader.execute(PAYLOAD, (id,)).fetchone()
        return None if row is None else bytes(row[0])

    def all(self, kind: str) -> Sequence[WorkItem]:
        """All there is of a kind, running or not, without payloads; for who looks on."""
        with self._lock:
            rows = self._reader.execute(f"SELECT {COLUMNS} FROM work WHERE kind = ? ORDER BY due_s", (kind,)).fetchall()
        return [WorkItem(*row) for row in rows]

    def clear(self) -> None:
        """Forget all work; waits for the commit. sqlite3.Error."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM work")
            connection.execute("DELETE FROM payloads")

        self._writer.run(delete, lambda _: None)

    def close(self) -> None:
        with self._lock:
            self._reader.close()

    def _post(self, work: Callable[[sqlite3.Connection], None], done: Done) -> None:
        self._writer.post(work, lambda error, _: done(error))


def insert(connection: sqlite3.Connection, work: WorkItem) -> None:
    """Keep a piece of work, in a step of the store's writer that does other things too."""
    row = (work.id, work.kind, work.due_s, work.record, work.attempts, work.created_s, work.brought_by, work.running)
    connection.execute("INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    if work.payload is not None:
        connection.execute("INSERT INTO payloads VALUES (?, ?)", (work.id, work.payload))


def _is_there(connection: sqlite3.Connection, id: str) -> bool:
    return connection.execute("SELECT 1 FROM work WHERE id = ?", (id,)).fetchone() is not None
