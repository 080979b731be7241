"""Executions and their histories, in a file that outlives the process: each change is there when a call returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.services.child.program.machines.language.progress import Mark

FILE = "executions.db"
KEPT_S = 90 * 24 * 3600
"""As long as AWS keeps one that is over."""
MOST_KEPT = 100_000
LOOKED = 1000
"""Each time so many were added, what is too old or too much is dropped."""
SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, status TEXT NOT NULL,
    begun_s REAL NOT NULL, said BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS of_machine ON executions (machine, begun_s);
CREATE TABLE IF NOT EXISTS events (
    execution INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE, id INTEGER NOT NULL, event TEXT NOT NULL,
    mark TEXT, PRIMARY KEY (execution, id)) WITHOUT ROWID;
"""
RUNNING, SUCCEEDED, ABORTED = "RUNNING", "SUCCEEDED", "ABORTED"
LOST_CAUSE = "lambda-emu ended while this execution ran; executions are not continued."
OF_STATUS = "(? IS NULL OR status = ?)"
OF_REDRIVEN = "(? IS NULL OR ? = (coalesce(json_extract(CAST(said AS TEXT), '$.redrives'), 0) > 0))"
NEWEST_FIRST = "ORDER BY begun_s DESC, id DESC LIMIT ? OFFSET ?"

Event = Mapping[str, Any]


class Execution(Struct, frozen=True):
    """machine: its ARN without a version. input, output: JSON. Times are epoch seconds, of work.

    redrives: how often it was gone on with, redriven_s: when last. tokens: of clients, with the time of each.
    """

    arn: str
    machine: str
    name: str
    role: str
    definition: str
    input: str
    begun_s: float
    status: str = RUNNING
    ended_s: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    version: str | None = None
    alias: str | None = None
    trace: str | None = None
    redrives: int = 0
    redriven_s: float | None = None
    tokens: tuple[tuple[str, float], ...] = ()


_decode_mark = msgspec.json.Decoder(Mark).decode
_decode = msgspec.json.Decoder(Execution).decode


class ExecutionTable:
    """Used by any thread."""

    def __init__(self, folder: Path | None, now_s: float) -> None:
        """folder: where it is kept; None: in memory. What ran when it was last open is aborted now."""
        self._lock = threading.Lock()  # guards the connection
        file = ":memory:" if folder is None else str(folder / FILE)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.executescript(SCHEMA)
        if not any(name == "mark" for _, name, *_ in self._db.execute("PRAGMA table_info(events)")):
            self._db.execute("ALTER TABLE events ADD COLUMN mark TEXT")  # one of a version before
        self._added = 0
        self._drop_old(now_s)
        self._abort_lost(now_s)

    def add(self, execution: Execution) -> int:
        """Its number here."""
        row = execution.arn, execution.machine, execution.status, execution.begun_s, msgspec.json.encode(execution)
        with self._lock:
            self._added += 1
            if self._added % LOOKED == 0:
                self._drop_old(execution.begun_s)
            made = self._db.execute(
                "INSERT INTO executions (arn, machine, status, begun_s, said) VALUES (?, ?, ?, ?, ?)", row
            )
        assert made.lastrowid is not None
        return made.lastrowid

    def add_event(self, number: int, event: Event, mark: Mark | None, changed: Execution | None = None) -> None:
        """changed: what the execution is by this event."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._write_event(number, event, mark, changed)

    def number_of(self, arn: str) -> tuple[int, int]:
        """Of an execution that is there, and of its last event."""
        number = self._row("SELECT id FROM executions WHERE arn = ?", arn)[0]
        return number, self._row("SELECT max(id) FROM events WHERE execution = ?", number)[0] or 0

    def marked(self, number: int) -> Sequence[tuple[Event, Mark]]:
        """The events that say how far an execution is."""
        found = self._rows(
            "SELECT event, mark FROM events WHERE execution = ? AND mark IS NOT NULL ORDER BY id", number
        )
        return [(json.loads(event), _decode_mark(mark)) for event, mark in found]

    def find(self, arn: str) -> Execution | None:
        row = self._row("SELECT said FROM executions WHERE arn = ?", arn)
        return None if row is None else _decode(row[0])

    def of_machine(
        self, machine: str, status: str | None, redriven: bool | None, count: int, skipped: int
    ) -> Sequence[Execution]:
        """The newest ones first. status: of those alone. redriven: whether they were; None: whichever."""
        found = self._rows(
            f"SELECT said FROM executions WHERE machine = ? AND {OF_STATUS} AND {OF_REDRIVEN} {NEWEST_FIRST}",
            machine,
            *(status, status),
            *(redriven, redriven),
            count,
            skipped,
        )
        return [_decode(said) for (said,) in found]

    def events(self, arn: str, *, newest_first: bool, count: int, skipped: int) -> Sequence[Event]:
        order = "DESC" if newest_first else "ASC"
        found = self._rows(
            "SELECT event FROM events WHERE execution = (SELECT id FROM executions WHERE arn = ?) "
            f"ORDER BY id {order} LIMIT ? OFFSET ?",
            arn,
            count,
            skipped,
        )
        return [json.loads(event) for (event,) in found]

    def forget(self, machine: str) -> None:
        """Of a machine that is deleted."""
        with self._lock:
            self._db.execute("DELETE FROM executions WHERE machine = ?", (machine,))

    def forget_account(self, account: str) -> None:
        with self._lock:
            of_it = "DELETE FROM executions WHERE machine LIKE 'arn:%:states:%:' || ? || ':%'"
            self._db.execute(of_it, (account,))

    def _drop_old(self, now_s: float) -> None:
        """And of the others all but the last ones."""
        self._db.execute("DELETE FROM executions WHERE begun_s < ? AND status != ?", (now_s - KEPT_S, RUNNING))
        self._db.execute(
            "DELETE FROM executions WHERE status != ? AND id <= (SELECT max(id) FROM executions) - ?",
            (RUNNING, MOST_KEPT),
        )

    def _abort_lost(self, now_s: float) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            lost = self._db.execute("SELECT id, said FROM executions WHERE status = ?", (RUNNING,)).fetchall()
            for number, said in lost:
                last = self._db.execute("SELECT max(id) FROM events WHERE execution = ?", (number,)).fetchone()[0]
                event = {
                    "timestamp": now_s,
                    "type": "ExecutionAborted",
                    "id": (last or 0) + 1,
                    "previousEventId": 0,
                    "executionAbortedEventDetails": {"cause": LOST_CAUSE},
                }
                ended = replace(_decode(said), status=ABORTED, ended_s=now_s, cause=LOST_CAUSE)
                self._write_event(number, event, None, ended)

    def _write_event(self, number: int, event: Event, mark: Mark | None, changed: Execution | None) -> None:
        row = number, event["id"], json.dumps(event), None if mark is None else msgspec.json.encode(mark).decode()
        self._db.execute("INSERT INTO events (execution, id, event, mark) VALUES (?, ?, ?, ?)", row)
        if changed is not None:
            said = changed.status, msgspec.json.encode(changed), number
            self._db.execute("UPDATE executions SET status = ?, said = ? WHERE id = ?", said)

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _row(self, query: str, *values: object) -> Any:
        with self._lock:
            return self._db.execute(query, values).fetchone()
