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
from lambda_emu.logs.room import ROW_BYTES, Room
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
    """
    ALTER TABLE page ADD COLUMN platform BLOB;
    """,
)
"""One step a change; one that was released is never edited. A stream from before the second is of no account; of a page
from before the third nobody knows which lines are the platform's: `batch.Ranges` of them."""

SCHEMA_VERSION = len(STEPS)
ROWS_AT_ONCE = (64, 8, 1)
"""Rows a statement inserts. Each statement gives the interpreter away and has to win it back from a busy loop."""

DATABASE_SHARE, WAL_SHARE = 11 / 16, 4 / 16
"""Of the limit; the rest is for the index of the WAL."""

TRIM_TO = 0.9
"""A full file is emptied to this share, so that not every batch has to make room."""

MOST_TRIMS = 16
STREAM_BYTES = 512
READERS_MS = 100
"""How long a checkpoint waits for who reads just now."""


class LogFull(sqlite3.OperationalError):
    """What would not fit into the log's limit."""


class Pages:
    """The file, open for writing. Errors are sqlite3.Error. One of a newer schema is set aside.

    limit_bytes: of all that it takes on disk, WAL included; held by SQLite itself and by what `write` refuses.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._wal = path.with_name(path.name + "-wal")
        self._database_bytes = int(limit_bytes * DATABASE_SHARE)
        self._wal_bytes = int(limit_bytes * WAL_SHARE)
        self._db = _open(path)
        self._page_bytes = self._pragma("page_size")
        self._db.execute("PRAGMA secure_delete = OFF")  # else what is deleted goes through the WAL as zeros
        self._db.execute(f"PRAGMA wal_autocheckpoint = {max(1, self._wal_bytes // 2 // self._page_bytes)}")
        rows_at_once = max(1, self._wal_bytes // 4 // self._page_bytes)
        self._room = Room(self._db, rows_at_once, lambda: self._check_wal(rows_at_once * self._page_bytes))
        self._open_streams: set[int] = set()
        self._bound()
        self._next_stream = 1 + self._number("SELECT coalesce(max(id), 0) FROM stream")
        self.next_id = 1 + self._number("SELECT coalesce(max(id), 0) FROM page")

    def add_stream(self, origin: Origin) -> int:
        """Make the stream known; returns its number. It stays, page or not, until a batch closes it."""
        self._make_room(STREAM_BYTES)
        number = self._next_stream
        id = origin.function
        row = (number, origin.group, origin.name, id.name, origin.version, origin.architecture, origin.storage_mb)
        self._insert("stream", [(*row, id.account, id.region)])
        self._next_stream += 1
        self._open_streams.add(number)
        self._room.add_stream(number, (id.account, id.region, id.name))
        return number

    def write(self, batch: Batch) -> None:
        """Keep the batch, all of it or nothing, once there is room for it. LogFull where none can be made."""
        pages = batch.pages()
        try:
            self._make_room(batch.size + ROW_BYTES * (len(pages) + len(batch.reports)))
            with self._db:
                self._db.execute("BEGIN")
                self._insert("page", pages)
                self._insert("report", batch.reports)
        finally:
            self._open_streams.difference_update(batch.closed)
        self.next_id = batch.next_id
        for _, stream, _, text, _ in pages:
            self._room.add(stream, text)

    def close(self) -> None:
        self._db.close()

    def _bound(self) -> None:
        """Bring a file of a larger limit down to ours, and let SQLite hold it there."""
        self._room.drop_unused()
        if self._pragma("page_count") * self._page_bytes > self._database_bytes:
            self._trim(int(self._database_bytes * TRIM_TO))
            self._compact()
        self._db.execute(f"PRAGMA busy_timeout = {READERS_MS}")
        self._db.execute(f"PRAGMA max_page_count = {self._database_bytes // self._page_bytes}")

    def _compact(self) -> None:
        """Give back what trimming left unused. In WAL mode all of it would go through the WAL."""
        try:
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("VACUUM")
        except sqlite3.OperationalError as error:
            log.warning("the log stays larger than its limit until the next start: %s", error)
        self._db.execute("PRAGMA journal_mode = WAL")

    def _make_room(self, needed_bytes: int) -> None:
        if self._used_bytes() + needed_bytes > self._database_bytes:
            self._trim(int(self._database_bytes * TRIM_TO) - needed_bytes)
            if self._used_bytes() + needed_bytes > self._database_bytes:
                raise LogFull("it does not fit into the limit")
        self._check_wal(needed_bytes)

    def _check_wal(self, needed_bytes: int) -> None:
        """Empty a WAL that has grown, which only somebody can prevent who reads for long."""
        if self._wal_size() + needed_bytes <= self._wal_bytes:
            return
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if needed_bytes > self._wal_bytes:
            raise LogFull("it does not fit into the limit")
        if self._wal_size() + needed_bytes > self._wal_bytes:
            raise LogFull("somebody who reads the log holds on to all of it")

    def _wal_size(self) -> int:
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0

    def _trim(self, target_bytes: int) -> None:
        for _ in range(MOST_TRIMS):
            used = self._used_bytes()
            if used <= target_bytes or not self._room.shrink(max(0, target_bytes) / used):
                break
        self._room.drop_unused(self._open_streams)

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        start = 0
        for count in ROWS_AT_ONCE:
            while len(rows) - start >= count:
                values = [value for row in rows[start : start + count] for value in row]
                marks = f"({', '.join('?' * len(rows[0]))})"
                self._db.execute(f"INSERT INTO {table} VALUES {', '.join([marks] * count)}", values)
                start += count

    def _used_bytes(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._page_bytes

    def _pragma(self, name: str) -> int:
        return self._number(f"PRAGMA {name}")

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def _open(path: Path) -> sqlite3.Connection:
    path.touch(0o600)  # before SQLite would, by the umask: what functions log is its user's alone
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


def _schema_version(db: sqlite3.Connection) -> int | None:
    """0 for a new file, None for one that is no database."""
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:  # locked, or not to be opened: not ours to replace
        raise
    except sqlite3.DatabaseError:
        return None
