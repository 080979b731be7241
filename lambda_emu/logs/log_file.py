"""logs.db: segments of whole lines, and the figures of each REPORT. Used by one thread.

A segment holds what one stream wrote within one millisecond, or one chunk of a flood: rows stay few, and finding the
lines is left to whoever reads. Segment numbers rise in the order of writing, over all streams.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Sequence

from lambda_emu.logs.batch import Batch, Row
from lambda_emu.logs.room import ROW_BYTES, Room

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
    """
    ALTER TABLE page ADD COLUMN ingested_ms INTEGER;
    ALTER TABLE stream ADD COLUMN created_ms INTEGER;
    CREATE INDEX stream_named ON stream (log_group, name);
    """,
)
"""One step a change; one that was released is never edited. A stream from before the second is of no account; of a
segment from before the third nobody knows which lines are the platform's: `batch.Ranges` of them. A segment was called
a page at first, and is in the database. ingested_ms: of events that somebody pushed; created_ms: of a stream that
somebody made."""

SCHEMA_VERSION = len(STEPS)
ROWS_AT_ONCE = (64, 8, 1)
"""Rows a statement inserts. Each statement gives the interpreter away and has to win it back from a busy loop."""

DATABASE_SHARE, WAL_SHARE = 11 / 16, 4 / 16
"""Of the limit; the rest is for the index of the WAL."""

TRIM_TO = 0.9
"""A full file is emptied to this share, so that not every batch has to make room."""

MOST_TRIMS = 16
TOO_MANY_STREAMS = "there are too many log streams; delete some, or raise log_limit_mb"
PUSHED_TO = ":"
"""Before the name of its group it stands for the function of a stream that somebody made; no function is called so."""
NAMED = "account = ? AND region = ? AND log_group = ?"
StreamName = tuple[str, str, str, str]
"""Account, region, group and name."""
STREAM_BYTES = 512
CREATED_SHARE = 1 / 4
"""Of the file, that streams which somebody made may take: they stay though they are empty."""
READERS_MS = 100
"""How long a checkpoint waits for who reads just now."""

OTHER_LIMIT_S = 5.0
"""How long the writer of an earlier server has, which still writes what was on the way when that was killed."""
TRY_AGAIN_S = 0.01

Warn = Callable[[str], None]


class LogFull(sqlite3.OperationalError):
    """What would not fit into the log's limit."""


class LogFile:
    """The file, open for writing, by nobody else. Errors are sqlite3.Error; when it is opened OSError too.

    One of a newer schema is set aside. limit_bytes: of all that it takes on disk, WAL included; held by SQLite itself
    and by what `write` refuses.
    """

    def __init__(self, path: str, limit_bytes: int, warn: Warn) -> None:
        self._warn = warn
        self._wal = path + "-wal"
        self._turn = _wait_for_turn(os.path.dirname(path))
        self._database_bytes = int(limit_bytes * DATABASE_SHARE)
        self._wal_bytes = int(limit_bytes * WAL_SHARE)
        self._db = _open(path, warn)
        self._page_bytes = self._pragma("page_size")
        self._db.execute("PRAGMA secure_delete = OFF")  # else what is deleted goes through the WAL as zeros
        self._db.execute(f"PRAGMA wal_autocheckpoint = {max(1, self._wal_bytes // 2 // self._page_bytes)}")
        rows_at_once = max(1, self._wal_bytes // 4 // self._page_bytes)
        self._room = Room(self._db, rows_at_once, lambda: self._check_wal(rows_at_once * self._page_bytes))
        self._open_streams: set[int] = set()
        self._bound()
        self._next_stream = 1 + self._number("SELECT coalesce(max(id), 0) FROM stream")
        self.next_id = 1 + self._number("SELECT coalesce(max(id), 0) FROM page")

    def add_stream(self, row: Row) -> int:
        """Make the stream known; returns its number. It stays, segment or not, until a batch closes it.

        row: log group, name, function, version, architecture, storage in MB, account, region.
        """
        self._make_room(STREAM_BYTES)
        number = self._next_stream
        self._insert_stream((*row, None))
        self._open_streams.add(number)
        return number

    def create_stream(self, name: StreamName, created_ms: int) -> None:
        """Make one that nobody prints to, if it is not there. It stays. LogFull."""
        if self.find_stream(name) is not None:
            return
        created = self._number("SELECT count(*) FROM stream WHERE created_ms IS NOT NULL")
        if created * STREAM_BYTES >= self._database_bytes * CREATED_SHARE:
            raise LogFull(TOO_MANY_STREAMS)
        self._make_room(STREAM_BYTES)
        account, region, group, stream = name
        self._insert_stream((group, stream, PUSHED_TO + group, "", "", 0, account, region, created_ms))

    def find_stream(self, name: StreamName) -> int | None:
        found = self._db.execute(f"SELECT id FROM stream WHERE {NAMED} AND name = ?", name).fetchone()
        return None if found is None else int(found[0])

    def delete_streams(self, account: str, region: str, group: str, names: Sequence[str] | None) -> set[int]:
        """Delete streams of a group, None: all, with what is in them. Returns which there were."""
        ids = self._ids(account, region, group, names)
        self._room.delete(ids, None)
        self._room.drop(ids)
        self._open_streams.difference_update(ids)
        return set(ids)

    def expire(self, account: str, region: str, group: str, before_ms: int) -> None:
        """Delete what is older in a group."""
        self._room.delete(self._ids(account, region, group, None), before_ms)

    def _ids(self, account: str, region: str, group: str, names: Sequence[str] | None) -> list[int]:
        found = self._db.execute(f"SELECT id, name FROM stream WHERE {NAMED}", (account, region, group)).fetchall()
        return [id for id, name in found if names is None or name in names]

    def _insert_stream(self, row: Row) -> None:
        self._insert("stream", [(self._next_stream, *row)])
        _, _, function, *_, account, region, _ = row
        self._room.add_stream(self._next_stream, (account, region, function))
        self._next_stream += 1

    def write(self, batch: Batch) -> None:
        """Keep the batch, all of it or nothing, once there is room for it. LogFull where none can be made."""
        segments = batch.segments()
        try:
            self._make_room(batch.size + ROW_BYTES * (len(segments) + len(batch.reports)))
            with self._db:
                self._db.execute("BEGIN")
                self._insert("page", segments)
                self._insert("report", batch.reports)
        finally:
            self._open_streams.difference_update(batch.closed)
        self.next_id = batch.next_id
        for _, stream, _, text, *_ in segments:
            self._room.add(stream, text)

    def close(self) -> None:
        self._db.close()
        os.close(self._turn)

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
            self._warn(f"the log stays larger than its limit until the next start: {error}")
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
            return os.stat(self._wal).st_size
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


def prepare(path: str, limit_bytes: int, warn: Warn) -> bool:
    """Make the file or bring it to our schema, so that whoever reads it can. sqlite3.Error, OSError.

    Returns whether it is larger than this limit allows, so that a `LogFile` should bring it down.
    """
    turn = _wait_for_turn(os.path.dirname(path))
    try:
        _open(path, warn).close()
    finally:
        os.close(turn)
    return os.stat(path).st_size > int(limit_bytes * DATABASE_SHARE)


def _wait_for_turn(folder: str) -> int:
    """Until no other process writes logs here; the returned descriptor keeps others waiting. TimeoutError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for _ in range(int(OTHER_LIMIT_S / TRY_AGAIN_S)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(TRY_AGAIN_S)  # noqa: TID251 - nobody tells us when another process ends
    os.close(descriptor)
    raise TimeoutError(f"another process still writes logs in {folder}")


def _open(path: str, warn: Warn) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite would, by the umask: it is its user's alone
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    version = _schema_version(db)
    if version is None or version > SCHEMA_VERSION:
        db.close()
        warn(f"{path} is not a log of this version: it is begun anew, and what was there is in {path}.old")
        _set_aside(path)
        return _open(path, warn)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    if version < SCHEMA_VERSION:
        db.executescript(f"BEGIN; {''.join(STEPS[version:])} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    return db


def _set_aside(path: str) -> None:
    """A newer lambda-emu may want it back, and whoever else wrote it too; the one set aside before goes."""
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.replace(path + suffix, f"{path}.old{suffix}")


def _schema_version(db: sqlite3.Connection) -> int | None:
    """0 for a new file, None for one that is no database."""
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.OperationalError:  # locked, or not to be opened: not ours to replace
        raise
    except sqlite3.DatabaseError:
        return None
