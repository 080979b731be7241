"""metrics.db: a row for each minute of each series. It is made when there is something to keep; sqlite3.Error.

docs/decisions/metrics.md has how long rows are kept, and how many.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock

from lambda_emu.arn import Scope
from lambda_emu.metrics.points import MINUTE_S, Dimensions, Point, Series
from lambda_emu.metrics.statistics import Statistics

log = logging.getLogger(__name__)

KEPT_MINUTES = 15 * 24 * 60
MOST_ROWS, MOST_BYTES = 1_000_000, 256 * 1024 * 1024
"""A row takes some 100 bytes, and up to a few thousand where its values are spread."""
TRIM_TO = 0.9
LOOK_EVERY_S = 3600
KNOWN_SERIES = 20_000
SCHEMA_VERSION = 1
SCHEMA = f"""
BEGIN;
CREATE TABLE series (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    dimensions TEXT NOT NULL,  -- JSON: pairs in the order of their names
    unit TEXT NOT NULL,
    UNIQUE (account, region, namespace, name, dimensions, unit)
);
CREATE TABLE point (
    series INTEGER NOT NULL, minute INTEGER NOT NULL, count REAL NOT NULL, sum REAL NOT NULL, min REAL NOT NULL,
    max REAL NOT NULL,
    spread BLOB,  -- as Statistics packs it
    PRIMARY KEY (series, minute)
) WITHOUT ROWID;
CREATE INDEX point_minute ON point (minute);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
FIND_SERIES = """
SELECT id FROM series
WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ? AND unit = ?
"""
FIND_NEWEST = "SELECT coalesce(max(minute), -1) FROM point WHERE series = ?"
FIND_POINT = "SELECT count, sum, min, max, spread FROM point WHERE series = ? AND minute = ?"
READ = """
SELECT minute, unit, count, sum, min, max, spread FROM series JOIN point ON point.series = series.id
WHERE account = ? AND region = ? AND namespace = ? AND name = ? AND dimensions = ? AND minute >= ? AND minute < ?
ORDER BY minute
"""
LIST = """
SELECT DISTINCT namespace, name, dimensions FROM series
WHERE account = ? AND region = ? AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
    AND EXISTS (SELECT 1 FROM point WHERE point.series = series.id AND point.minute >= ?5)
ORDER BY namespace, name, dimensions
"""


class MetricFile:
    """Used by any thread, by one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()  # guards all below: one statement at a time
        self._db: sqlite3.Connection | None = None
        self._known: dict[Series, int] = {}
        self._newest: dict[int, int] = {}  # the last minute that was written, by the number of the series
        self._rows = 0
        self._look_s = 0.0

    def write(self, points: Sequence[Point], now_s: float) -> None:
        """Add these to what there is of their minutes, all of them or none."""
        with self._lock:
            db, rows_before = self._open(), self._rows
            try:
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    rows = [self._row(db, point) for point in combine(points)]
                    db.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            except sqlite3.Error:
                self._forget_known()  # some may not have come to be
                self._rows = rows_before
                raise
            if now_s >= self._look_s or self._fullness(db) > 1:
                self._look_s = now_s + LOOK_EVERY_S
                self._prune(db, int(now_s // MINUTE_S))

    def read(
        self, scope: Scope, namespace: str, name: str, dimensions: Dimensions, minutes: range
    ) -> Iterator[tuple[int, str, Statistics]]:
        """What there is of a metric: minute, unit, values; the earliest first."""
        key = (scope.account, scope.region, namespace, name, json.dumps(dimensions))
        for minute, unit, *figures in self._rows_of(READ, (*key, minutes.start, minutes.stop)):
            yield minute, unit, Statistics.unpack(*figures)

    def metrics(
        self, scope: Scope, namespace: str | None, name: str | None, since_minute: int
    ) -> Iterator[tuple[str, str, Dimensions]]:
        """Namespace, name and dimensions of all that had a value since then, in this order."""
        asked = (scope.account, scope.region, namespace, name, since_minute)
        for found_namespace, found_name, dimensions in self._rows_of(LIST, asked):
            yield found_namespace, found_name, tuple((key, value) for key, value in json.loads(dimensions))

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            if self._exists():
                with self._open() as db:
                    db.execute("DELETE FROM point")
                    db.execute("DELETE FROM series")
                self._forget_known()
                self._rows = 0

    def empty(self, account: str) -> None:
        """Forget what is of one account."""
        with self._lock:
            if self._exists():
                with self._open() as db:
                    of_it = "series IN (SELECT id FROM series WHERE account = ?)"
                    self._rows -= db.execute(f"DELETE FROM point WHERE {of_it}", (account,)).rowcount
                    db.execute("DELETE FROM series WHERE account = ?", (account,))
                self._forget_known()

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()

    def _rows_of(self, query: str, given: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock:
            return self._open().execute(query, given).fetchall() if self._exists() else []

    def _exists(self) -> bool:
        return self._db is not None or self._path.exists()

    # -- rows -------------------------------------------------------------------------------------

    def _row(self, db: sqlite3.Connection, point: Point) -> tuple[int | float | bytes | None, ...]:
        """A point with what there is of its minute; none is where a series has come to a new minute."""
        id, minute, values = self._id(db, point.series), point.minute, point.statistics
        if id not in self._newest:
            self._newest[id] = db.execute(FIND_NEWEST, (id,)).fetchone()[0]
        found = None
        if minute <= self._newest[id]:
            found = db.execute(FIND_POINT, (id, minute)).fetchone()
        else:
            self._newest[id] = minute
        if found is None:
            self._rows += 1
        else:
            values = together(Statistics.unpack(*found), values, point.is_peak)
        return id, minute, values.count, values.sum, values.min, values.max, values.pack()

    def _id(self, db: sqlite3.Connection, series: Series) -> int:
        id = self._known.get(series)
        if id is not None:
            return id
        row = (*_scope(series.scope), series.namespace, series.name, json.dumps(series.dimensions), series.unit)
        found = db.execute(FIND_SERIES, row).fetchone()
        if found is None:
            db.execute("INSERT INTO series VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)
            found = db.execute(FIND_SERIES, row).fetchone()
        if len(self._known) >= KNOWN_SERIES:
            self._forget_known()
        self._known[series] = int(found[0])
        return self._known[series]

    def _forget_known(self) -> None:
        self._known.clear()
        self._newest.clear()

    def _prune(self, db: sqlite3.Connection, this_minute: int) -> None:
        """What is too old goes, and the oldest of too much."""
        first = this_minute - KEPT_MINUTES
        fullness = self._fullness(db)
        if fullness > 1:
            offset = int(self._rows - self._rows / fullness * TRIM_TO) - 1
            cut = db.execute("SELECT minute FROM point ORDER BY minute LIMIT 1 OFFSET ?", (offset,)).fetchone()
            first = max(first, cut[0] + 1)
        with db:
            db.execute("BEGIN IMMEDIATE")
            gone = db.execute("DELETE FROM point WHERE minute < ?", (first,)).rowcount
            if gone:
                db.execute("DELETE FROM series WHERE id NOT IN (SELECT series FROM point)")
                self._forget_known()
        self._rows -= gone

    def _fullness(self, db: sqlite3.Connection) -> float:
        """More than 1 where some have to go."""
        pages, free, page_bytes = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return float(max(self._rows / MOST_ROWS, (pages - free) * page_bytes / MOST_BYTES))

    # -- the file ---------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite would, by the umask
            try:
                self._db = _connect(self._path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                log.warning("%s are no metrics of this version: begun anew, the old are in %s.old", *[self._path] * 2)
                for suffix in ("", "-wal", "-shm"):
                    if os.path.exists(f"{self._path}{suffix}"):
                        os.replace(f"{self._path}{suffix}", f"{self._path}.old{suffix}")
                self._db = _connect(self._path)
            self._rows = self._db.execute("SELECT count(*) FROM point").fetchone()[0]
        return self._db


def _connect(path: Path) -> sqlite3.Connection:
    """sqlite3.DatabaseError where it is not one of ours."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            db.executescript(SCHEMA)
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"schema {version}")
    except BaseException:
        db.close()
        raise
    return db


def combine(points: Iterable[Point]) -> Iterable[Point]:
    """One point for all of the same minute and series."""
    found: dict[tuple[Series, int], Point] = {}
    for point in points:
        key = point.series, point.minute
        before = found.get(key)
        if before is None:
            found[key] = point
        else:
            statistics = together(before.statistics, point.statistics, point.is_peak)
            found[key] = point._replace(statistics=statistics)
    return found.values()


def together(one: Statistics, other: Statistics, is_peak: bool) -> Statistics:
    """What there is of a minute in all; neither is changed, for other series may have them too."""
    if is_peak:
        return one if one.max >= other.max else other
    both = Statistics()
    both.merge(one)
    both.merge(other)
    return both


def _scope(scope: Scope) -> tuple[str, str]:
    return scope.account, scope.region
