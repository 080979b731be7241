"""Who gives way in a full log: the functions that fill it most, each its oldest segments, down to one level for all."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

Owner = tuple[str, str, str]
"""Account, region and name of a function."""

ROW_BYTES = 64
"""About what a segment takes besides its text."""

OWNERS_AT_ONCE = 64
"""A round of shrinking looks through the oldest segments once for each."""

MANY_STREAMS = 100
"""So many may be without a segment: looking for them reads all segments."""

SIZES = """
SELECT account, region, function, sum(length(text) + ?) FROM page JOIN stream ON stream.id = page.stream
GROUP BY account, region, function
"""
OLDEST = """
SELECT id FROM (
    SELECT page.id AS id,
        sum(length(text) + :row) OVER (ORDER BY page.id ROWS UNBOUNDED PRECEDING) AS passed
    FROM page JOIN stream ON stream.id = page.stream
    WHERE page.id >= :first AND account = :account AND region = :region AND function = :function
) WHERE passed >= :excess LIMIT 1
"""
"""The segment up to which the oldest of a function make up so many bytes; reads no further than that."""
UP_TO = """
SELECT page.id, length(text) + :row FROM page JOIN stream ON stream.id = page.stream
WHERE page.id BETWEEN :first AND :last AND account = :account AND region = :region AND function = :function
ORDER BY page.id
"""
UNUSED = "SELECT id FROM stream WHERE created_ms IS NULL AND id NOT IN (SELECT stream FROM page)"
OF_STREAMS = """
SELECT page.id, length(text) + ?, stream FROM page
WHERE stream IN (SELECT value FROM json_each(?)) AND at_ms < ? ORDER BY page.id
"""
EVER = 2**62
BY_IDS = "(SELECT value FROM json_each(?))"


def fair_level(sizes: Sequence[int], room: int) -> int:
    """The level to which all may fill, so that together they fit: who is below it keeps everything."""
    left, level = room, 0
    for at, size in enumerate(sorted(sizes)):
        level = left // (len(sizes) - at)
        if size > level:
            return level
        left -= size
    return level


class Room:
    """Knows what each function takes in an open log, and makes room by deleting.

    rows_at_once: the most rows of one transaction, as each page of the file that it touches is in the WAL first.
    before: called before each transaction; what it raises ends the deleting.
    """

    def __init__(self, db: sqlite3.Connection, rows_at_once: int, before: Callable[[], None]) -> None:
        self._db = db
        self._rows_at_once = rows_at_once
        self._before = before
        streams = db.execute("SELECT id, account, region, function FROM stream").fetchall()
        self._owners: dict[int, Owner] = {id: tuple(owner) for id, *owner in streams}
        self._first: dict[Owner, int] = {}  # the least segment it can have: older ones of others are not looked through
        self._sizes = Counter({tuple(owner): size for *owner, size in db.execute(SIZES, (ROW_BYTES,)).fetchall()})

    def add_stream(self, stream: int, owner: Owner) -> None:
        """A stream was made known."""
        self._owners[stream] = owner

    def add(self, stream: int, text: bytes) -> None:
        """A segment was written."""
        self._sizes[self._owners[stream]] += len(text) + ROW_BYTES

    def shrink(self, share: float) -> bool:
        """Delete so much that about this share of the texts is left. False: there is nothing to delete."""
        total = self._sizes.total()
        level = fair_level(list(self._sizes.values()), int(total * share))
        over = [(size - level, owner) for owner, size in self._sizes.items() if size > level]
        for excess, owner in sorted(over, reverse=True)[:OWNERS_AT_ONCE]:
            self._delete_oldest(owner, excess)
        return self._sizes.total() < total

    def delete(self, streams: Sequence[int], before_ms: int | None) -> None:
        """Delete segments of these streams that are older; None: all."""
        limit = (ROW_BYTES, json.dumps(list(streams)), EVER if before_ms is None else before_ms)
        for chunk in self._delete(self._db.execute(OF_STREAMS, limit).fetchall()):
            for _, size, stream in chunk:
                self._sizes[self._owners[stream]] -= size
        for owner in {self._owners[stream] for stream in streams}:
            self._forget_empty(owner)

    def drop_unused(self, used: Collection[int] = ()) -> None:
        """Delete the streams without a segment where there may be many, but none that somebody still writes to."""
        if len(self._owners) < len(used) + MANY_STREAMS:
            return
        self.drop([id for (id,) in self._db.execute(UNUSED).fetchall() if id not in used])

    def drop(self, streams: Sequence[int]) -> None:
        """Delete streams in which nothing is."""
        for start in range(0, len(streams), self._rows_at_once):
            self._before()
            ids = streams[start : start + self._rows_at_once]
            self._db.execute(f"DELETE FROM stream WHERE id IN {BY_IDS}", (json.dumps(ids),))
            for id in ids:
                del self._owners[id]

    def _delete_oldest(self, owner: Owner, excess: int) -> None:
        account, region, function = owner
        named = {"account": account, "region": region, "function": function}
        known = {**named, "row": ROW_BYTES, "first": self._first.get(owner, 0)}
        last = self._db.execute(OLDEST, {**known, "excess": excess}).fetchone()
        if last is None:
            return
        rows = self._db.execute(UP_TO, {**known, "last": last[0]}).fetchall()
        for chunk in self._delete(rows):
            self._sizes[owner] -= sum(size for _, size in chunk)
            self._first[owner] = chunk[-1][0] + 1
        self._forget_empty(owner)

    def _delete(self, rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
        """Segments, each with its id first; gives them back as they are gone."""
        for start in range(0, len(rows), self._rows_at_once):
            chunk = rows[start : start + self._rows_at_once]
            ids = (json.dumps([row[0] for row in chunk]),)
            self._before()
            with self._db:
                self._db.execute("BEGIN")
                self._db.execute(f"DELETE FROM page WHERE id IN {BY_IDS}", ids)
                self._db.execute(f"DELETE FROM report WHERE page IN {BY_IDS}", ids)
            yield chunk

    def _forget_empty(self, owner: Owner) -> None:
        if self._sizes[owner] <= 0:
            del self._sizes[owner]
            self._first.pop(owner, None)
