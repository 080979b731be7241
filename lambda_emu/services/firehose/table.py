"""Delivery streams and their records in SQLite. Every function with a connection is a step of the store's writer.

Reads of records have a connection of their own, on a worker, so that a large object holds up nobody's commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.services.firehose.stream import Buffer, StreamRecord, Waiting

GONE_AT_ONCE = 500
"""Records of a stream that was deleted; each may have a megabyte."""
DONE_AT_ONCE = 20_000
"""Records that were delivered, so that others' commits come between."""
_OF = "stream = ? AND place = ? AND partition = ?"
_INSERT = (
    "INSERT INTO firehose_records (stream, place, partition, at_ms, since_s, size, origin, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class NewRow(NamedTuple):
    """at_ms: when the record came, since the epoch. since_s: since when it waits there, in steady seconds.

    size: of what came, as it is counted. origin: where it comes from, as JSON, if that is to be told.
    """

    stream: int
    buffer: Buffer
    partition: str
    at_ms: int
    since_s: float
    size: int
    origin: str | None
    data: bytes


class Row(NamedTuple):
    """number: never given twice."""

    number: int
    at_ms: int
    size: int
    origin: str | None
    data: bytes


class Depth(Struct, frozen=True):
    """How much waits in one buffer. since_s: since when the oldest does."""

    stream: int
    waiting: Waiting
    count: int
    size: int
    since_s: float


class SavedStreams(Struct, frozen=True):
    """What an earlier run left. positions: stream, shard, and how far that was read. last_id: no new stream may have it
    or a smaller one."""

    streams: Sequence[StreamRecord]
    depths: Sequence[Depth]
    positions: Sequence[tuple[int, str, str]]
    last_id: int


def read_all(connection: sqlite3.Connection) -> SavedStreams:
    """Records of streams that were deleted when their server died go."""
    texts = connection.execute("SELECT record FROM firehose_streams ORDER BY id").fetchall()
    streams = [decode(text, type=StreamRecord) for (text,) in texts]
    found = connection.execute(
        "SELECT stream, place, partition, count(*), sum(size), min(since_s) FROM firehose_records "
        "GROUP BY stream, place, partition"
    ).fetchall()
    last_id = max((*(one.id for one in streams), *(row[0] for row in found)), default=0)
    ids = {one.id for one in streams}
    for lost in {row[0] for row in found} - ids:
        connection.execute("DELETE FROM firehose_records WHERE stream = ?", (lost,))
    positions = connection.execute("SELECT stream, shard, position FROM firehose_positions").fetchall()
    depths = [
        Depth(stream, Waiting(Buffer(buffer), partition), count, size, since_s)
        for stream, buffer, partition, count, size, since_s in found
        if stream in ids
    ]
    return SavedStreams(streams, depths, [one for one in positions if one[0] in ids], last_id)


def put_stream(connection: sqlite3.Connection, record: StreamRecord) -> None:
    row = record.id, record.account, record.region, record.name, encode(record).decode()
    connection.execute("INSERT OR REPLACE INTO firehose_streams VALUES (?, ?, ?, ?, ?)", row)


def delete_stream(connection: sqlite3.Connection, id: int) -> None:
    connection.execute("DELETE FROM firehose_streams WHERE id = ?", (id,))
    connection.execute("DELETE FROM firehose_positions WHERE stream = ?", (id,))


def drop_some(connection: sqlite3.Connection, stream: int) -> bool:
    """Records of a stream that is gone, some at once; whether more may be left."""
    some = "SELECT number FROM firehose_records WHERE stream = ? LIMIT ?"
    gone = connection.execute(f"DELETE FROM firehose_records WHERE number IN ({some})", (stream, GONE_AT_ONCE))
    return gone.rowcount == GONE_AT_ONCE


def put(connection: sqlite3.Connection, rows: Sequence[NewRow]) -> None:
    connection.executemany(_INSERT, rows)


def take(connection: sqlite3.Connection, stream: int, shard: str, position: str, rows: Sequence[NewRow]) -> None:
    """What was read of a shard, and how far that is."""
    put(connection, rows)
    connection.execute("INSERT OR REPLACE INTO firehose_positions VALUES (?, ?, ?)", (stream, shard, position))


def finish(
    connection: sqlite3.Connection, stream: int, waiting: Waiting, last: int, then: Sequence[NewRow] = ()
) -> tuple[float | None, bool]:
    """Forget those of a buffer up to a number, some at once, and keep what came of them.

    Since when the oldest waits that is left, and whether more are to be forgotten.
    """
    key = (stream, *waiting)
    some = f"SELECT number FROM firehose_records WHERE {_OF} AND number <= ? ORDER BY number LIMIT ?"
    gone = connection.execute(f"DELETE FROM firehose_records WHERE number IN ({some})", (*key, last, DONE_AT_ONCE))
    put(connection, then)
    left = f"SELECT since_s FROM firehose_records WHERE {_OF} ORDER BY number LIMIT 1"
    found = connection.execute(left, key).fetchone()
    return None if found is None else float(found[0]), gone.rowcount == DONE_AT_ONCE


def last_before(connection: sqlite3.Connection, stream: int, waiting: Waiting, since_s: float) -> tuple[int, int, int]:
    """The number of the last of a buffer that waits since before then, how many those are, and their size."""
    old = f"SELECT coalesce(max(number), 0), count(*), coalesce(sum(size), 0) FROM firehose_records WHERE {_OF}"
    number, count, size = connection.execute(f"{old} AND since_s < ?", (stream, *waiting, since_s)).fetchone()
    return number, count, size


def clear(connection: sqlite3.Connection) -> None:
    for table in ("streams", "records", "positions"):
        connection.execute(f"DELETE FROM firehose_{table}")


def rows(path: Path, stream: int, waiting: Waiting, most_bytes: int, last: int | None = None) -> Iterator[Row]:
    """Those of a buffer in their order, until there are so many bytes. last: the number of the last that is wanted.

    On a worker. sqlite3.Error.
    """
    select = (
        f"SELECT number, at_ms, size, origin, data FROM firehose_records WHERE {_OF} AND number <= ? ORDER BY number"
    )
    total = 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        found = connection.execute(select, (stream, *waiting, (1 << 62) if last is None else last))
        for row in found:
            yield Row(*row)
            total += row[2]
            if total >= most_bytes:
                return
