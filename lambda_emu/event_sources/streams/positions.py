"""How far each mapping has come in each shard, on disk before anything behind it is asked for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from math import inf
from typing import Any, NamedTuple

from lambda_emu.destinations.delivery import put
from lambda_emu.event_sources.streams.reading import AFTER, ENDED, Position
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store, WorkItem

COLUMNS = "shard, lane, lanes, kind, text, window"
PUT = f"INSERT OR REPLACE INTO stream_positions (mapping, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"

Wake = Callable[[Sequence[WorkItem]], None]
"""Has deliveries begun that were committed: destinations.Outbox.wake."""


class Checkpoint(NamedTuple):
    """One lane's. window: the tumbling window it is in, as its lane writes it."""

    shard: str
    lane: int
    lanes: int
    position: Position
    window: str | None = None

    @property
    def behind(self) -> float:
        """The sequence number of the last record that it is done with; of a shard that has ended that is any."""
        if self.position.kind == ENDED:
            return inf
        return int(self.position.text) if self.position.kind == AFTER else -1


class Positions:
    """The table of one server. On the loop; sqlite3.Error where nothing can be written or read."""

    def __init__(self, store: Store, loop: Loop, wake: Wake) -> None:
        self._store = store
        self._loop = loop
        self._wake = wake

    async def load(self, mapping: str) -> Sequence[Checkpoint]:
        rows: Sequence[tuple[Any, ...]] = await self._step(partial(_select, mapping=mapping))
        return [
            Checkpoint(shard, lane, lanes, Position(kind, text), window)
            for shard, lane, lanes, kind, text, window in rows
        ]

    async def save(self, mapping: str, checkpoints: Sequence[Checkpoint], then: Sequence[WorkItem] = ()) -> None:
        """All of it or nothing. then: deliveries that follow from it."""
        rows = [(mapping, one.shard, one.lane, one.lanes, *_texts(one.position), one.window) for one in checkpoints]
        await self._step(partial(_insert, rows=rows, work=then))
        if then:
            self._wake(then)

    async def replace(self, mapping: str, shard: str, checkpoints: Sequence[Checkpoint]) -> None:
        """Of one shard, whose lanes are others now."""
        rows = [(mapping, one.shard, one.lane, one.lanes, *_texts(one.position), one.window) for one in checkpoints]
        await self._step(partial(_replace, mapping=mapping, shard=shard, rows=rows))

    async def forget(self, mapping: str, shards: Collection[str]) -> None:
        """Those are not in the stream any more."""
        await self._step(partial(_delete, keys=[(mapping, shard) for shard in shards]))

    def forget_all_of(self, mapping: str) -> None:
        """It is gone; at the next commit."""
        self._store.post(partial(_drop, mappings=[mapping]), lambda *_: None)

    def forget_all_but(self, mappings: Collection[str]) -> None:
        """Of mappings that are gone; at the next commit."""
        self._store.post(partial(_keep, mappings=mappings), lambda *_: None)

    async def _step(self, step: Callable[[sqlite3.Connection], Any]) -> Any:
        done: asyncio.Future[Any] = self._loop.asyncio.create_future()
        self._store.post(step, lambda error, result: self._loop.post(_answer, done, error, result))
        return await done


def _texts(position: Position) -> tuple[str, str]:
    return position.kind, position.text


def _select(connection: sqlite3.Connection, mapping: str) -> list[Any]:
    return connection.execute(f"SELECT {COLUMNS} FROM stream_positions WHERE mapping = ?", (mapping,)).fetchall()


def _insert(connection: sqlite3.Connection, rows: Sequence[Any], work: Sequence[WorkItem] = ()) -> None:
    connection.executemany(PUT, rows)
    put(connection, work)


def _replace(connection: sqlite3.Connection, mapping: str, shard: str, rows: Sequence[Any]) -> None:
    _delete(connection, [(mapping, shard)])
    connection.executemany(PUT, rows)


def _delete(connection: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> None:
    connection.executemany("DELETE FROM stream_positions WHERE mapping = ? AND shard = ?", keys)


def _keep(connection: sqlite3.Connection, mappings: Collection[str]) -> None:
    there = connection.execute("SELECT DISTINCT mapping FROM stream_positions").fetchall()
    _drop(connection, [mapping for (mapping,) in there if mapping not in mappings])


def _drop(connection: sqlite3.Connection, mappings: Collection[str]) -> None:
    connection.executemany("DELETE FROM stream_positions WHERE mapping = ?", [(mapping,) for mapping in mappings])


def _answer(done: asyncio.Future[Any], error: BaseException | None, result: Any) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
