"""logs.db: pages of whole lines, and the figures of each REPORT. Used by one thread.

A page holds what one stream wrote within one millisecond, or one chunk of a flood: rows stay few, and finding the
lines is left to whoever reads. Page numbers rise in the order of writing, over all streams.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from lambda_emu.logs.batch import Batch, Row
from lambda_emu.logs.stream import Origin

log = logging.getLogger(__name__)

STEPS = (
    """
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY, log_group TEXT NOT NULL, name TEXT NOT NULL, function TEXT NOT NULL,
        version TEXT NOT NULL, architecture TEXT NOT NULL, storage_mb INTEGER NOT NULL
    );
    CREATE TABLE page (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, at_ms INTEGER NOT NULL, text BLOB NOT NULL);
    CREATE TABLE report (
        page INTEGER NOT NULL, offset INTEGER NOT NULL, request_id TEXT NOT NULL, status TEXT NOT NULL, error_type TEXT,
        duration_ms REAL NOT NULL, billed_ms INTEGER NOT NULL, memory_mb INTEGER NOT NULL, peak_mb INTEGER NOT NULL,
        init_ms REAL, PRIMARY KEY (page, offset)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE stream ADD COLUMN account TEXT NOT NULL DEFAULT '';
    ALTER TABLE stream ADD COLUMN region TEXT NOT NULL DEFAULT '';
    """,
)
"""One step a change; one that was released is never edited. A stream from before the second is of no account."""

SCHEMA_VERSION = len(STEPS)
ROWS_AT_ONCE = (64, 8, 1)
"""Rows a statement inserts. Each statement gives the interpreter away and has to win it back from a busy loop."""

TRIM_TO = 0.9
"""A full file is emptied to this share of its limit, so that not every batch has to trim."""

ROW_BYTES = 16
"""About what a page takes besides its text."""

OLDEST = """
SELECT id FROM (SELECT id, sum(length(text) + ?) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes FROM page)
WHERE bytes >= ? LIMIT 1
"""
"""The page up to which the oldest ones make up so many bytes; reads no further than that."""


class Pages:
    """The file, open for writing. Errors are sqlite3.Error. One of a newer schema is set aside."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._db = _open(path)
        self._page_bytes = self._pragma("page_size")
        self._next_stream = 1 + self._number("SELECT coalesce(max(id), 0) FROM stream")
        self.next_id = 1 + self._number("SELECT coalesce(max(id), 0) FROM page")

    def add_stream(self, origin: Origin) -> int:
        """Make the stream known; returns its number."""
        number = self._next_stream
        id = origin.function
        row = (number, origin.group, origin.name, id.name, origin.version, origin.architecture, origin.storage_mb)
        self._insert("stream", [(*row, id.account, id.region)])
        self._next_stream += 1
        return number

    def write(self, batch: Batch) -> None:
        """Keep the batch, all of it or nothing, then drop the oldest pages that no longer fit."""
        with self._db:
            self._db.execute("BEGIN")
            self._insert("page", batch.pages())
            self._insert("report", batch.reports)
        self.next_id = batch.next_id
        self._trim()

    def close(self) -> None:
        self._db.close()

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        start = 0
        for count in ROWS_AT_ONCE:
            while len(rows) - start >= count:
                values = [value for row in rows[start : start + count] for value in row]
                marks = f"({', '.join('?' * len(rows[0]))})"
                self._db.execute(f"INSERT INTO {table} VALUES {', '.join([marks] * count)}", values)
                start += count

    def _trim(self) -> None:
        if self._used_bytes() <= self._limit_bytes:
            return
        target = int(self._limit_bytes * TRIM_TO)
        while (excess := self._used_bytes() - target) > 0:
            row = self._db.execute(OLDEST, (ROW_BYTES, excess)).fetchone()
            if row is None:
                break
            self._db.execute("DELETE FROM page WHERE id <= ?", row)
        self._db.execute("DELETE FROM report WHERE page < (SELECT coalesce(min(id), 0) FROM page)")

    def _used_bytes(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._page_bytes

    def _pragma(self, name: str) -> int:
        return self._number(f"PRAGMA {name}")

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    version = _schema_version(db)
    if version is None or version > SCHEMA_VERSION:
        db.close()
        log.warning("%s is not a log of this version: it is begun anew, and what was there is in %s.old", path, path)
        _set_aside(path)
        return _open(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    if version < SCHEMA_VERSION:
        db.executescript(f"BEGIN; {''.join(STEPS[version:])} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    return db


def _set_aside(path: Path) -> None:
    """A newer lambda-emu may want it back, and whoever else wrote it too; the one set aside before goes."""
    for suffix in ("", "-wal", "-shm"):
        if (found := path.with_name(path.name + suffix)).exists():
            found.replace(path.with_name(f"{path.name}.old{suffix}"))
    path.touch(0o600)


def _schema_version(db: sqlite3.Connection) -> int | None:
    """0 for a new file, None for one that is no database."""
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:  # locked, or not to be opened: not ours to replace
        raise
    except sqlite3.DatabaseError:
        return None
