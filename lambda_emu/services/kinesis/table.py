"""Streams and their records in SQLite. Every function here is a step of the store's writer, or part of one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.services.kinesis.stream import NUMBER_BITS, Record, Shard, Stream, StreamRecord

Row = tuple[int, int, str, bytes]
"""Of a record: its place, at_ms, key and data."""
NUMBERS = (1 << NUMBER_BITS) - 1
GONE_AT_ONCE = 5_000
_SELECT = (
    "SELECT place, at_ms, key, data FROM kinesis_records WHERE place BETWEEN ? AND ? AND at_ms >= ? ORDER BY place"
)


class SavedStreams(Struct, frozen=True):
    """What an earlier run left. last_id: no shard may have it or a smaller one."""

    streams: Sequence[Stream]
    last_id: int


def read_all(connection: sqlite3.Connection) -> SavedStreams:
    """Records of streams that were deleted when their server died go."""
    texts = connection.execute("SELECT record FROM kinesis_streams ORDER BY account, region, name").fetchall()
    records = [decode(text, type=StreamRecord) for (text,) in texts]
    ids = sorted(shard.id for record in records for shard in record.shards)
    for before, id in zip([-1, *ids], [*ids, (1 << 22)], strict=True):
        range_ = (before + 1) << NUMBER_BITS, (id << NUMBER_BITS) - 1
        connection.execute("DELETE FROM kinesis_records WHERE place BETWEEN ? AND ?", range_)
    streams = [Stream(one, [_shard(connection, shard) for shard in one.shards]) for one in records]
    return SavedStreams(streams, ids[-1] if ids else 0)


def _shard(connection: sqlite3.Connection, record: Any) -> Shard:
    begin = record.id << NUMBER_BITS
    last = "SELECT place, at_ms FROM kinesis_records WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1"
    found = connection.execute(last, (begin, begin | NUMBERS)).fetchone()
    return Shard(record) if found is None else Shard(record, found[0] & NUMBERS, found[1])


def put_stream(connection: sqlite3.Connection, record: StreamRecord) -> None:
    row = record.account, record.region, record.name, encode(record).decode()
    connection.execute("INSERT OR REPLACE INTO kinesis_streams VALUES (?, ?, ?, ?)", row)


def delete_stream(connection: sqlite3.Connection, record: StreamRecord) -> None:
    key = record.account, record.region, record.name
    connection.execute("DELETE FROM kinesis_streams WHERE account = ? AND region = ? AND name = ?", key)


def put(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    connection.executemany("INSERT OR REPLACE INTO kinesis_records VALUES (?, ?, ?, ?)", rows)


def read(
    connection: sqlite3.Connection, first: int, last: int, oldest_ms: int, limit: int, most_bytes: int
) -> tuple[list[Record], Record | None]:
    """Those between two places, and the one that follows them. At least one, if there is any."""
    found: list[Record] = []
    size = 0
    for place, at_ms, key, data in connection.execute(_SELECT + " LIMIT ?", (first, last, oldest_ms, limit + 1)):
        record = Record(place & NUMBERS, at_ms, key, data)
        size += record.size
        if len(found) == limit or (found and size > most_bytes):
            return found, record
        found.append(record)
    return found, None


def number_at(connection: sqlite3.Connection, first: int, last: int, at_ms: int) -> int | None:
    """That of the first between two places that came then or later."""
    found = connection.execute(_SELECT + " LIMIT 1", (first, last, at_ms)).fetchone()
    return None if found is None else found[0] & NUMBERS


def drop(connection: sqlite3.Connection, ranges: Iterable[tuple[int, int, int]]) -> bool:
    """Records between two places that came before a time, some at once; whether more may be left."""
    which = "SELECT place FROM kinesis_records WHERE place BETWEEN ? AND ? AND at_ms < ? LIMIT ?"
    left = GONE_AT_ONCE
    for first, last, before_ms in ranges:
        values = first, last, before_ms, left
        gone = connection.execute(f"DELETE FROM kinesis_records WHERE place IN ({which})", values)
        left -= gone.rowcount
        if left <= 0:
            return True
    return False


def clear(connection: sqlite3.Connection) -> None:
    for table in ("streams", "records"):
        connection.execute(f"DELETE FROM kinesis_{table}")
