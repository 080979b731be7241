"""Every delivery stream of a server: what is put into it, and what becomes of it. On the loop.

What is told follows the commit. docs/decisions/delivery-streams.md.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.services.firehose import table
from lambda_emu.services.firehose.errors import (
    FirehoseError,
    HasAnotherSource,
    NoSuchDeliveryStream,
    RecordsTooLarge,
    SlowDown,
)
from lambda_emu.services.firehose.running import DeliveryContext, RunningStream
from lambda_emu.services.firehose.stream import StreamRecord
from lambda_emu.services.firehose.table import NewRow, SavedStreams

log = logging.getLogger(__name__)

MOST_WAITING_BYTES = 1 << 30
"""Of a stream, on disk; what is put while so much waits is refused."""

MOST_BYTES = 4 << 20
"""Of records that are put together, before base64."""

Done = Callable[[FirehoseError | None], None]
PutTold = Callable[[Sequence[FirehoseError | None]], None]


class DeliveryStreams:
    """most_waiting: bytes that may wait in one stream."""

    def __init__(self, context: DeliveryContext, most_waiting: int = MOST_WAITING_BYTES) -> None:
        self._context = context
        self._most_waiting = most_waiting
        self._streams: dict[tuple[Scope, str], RunningStream] = {}
        self._last_id = 0
        self._is_closed = False

    def take_over(self, saved: SavedStreams) -> None:
        """What an earlier run left."""
        self._last_id = saved.last_id
        by_id = {}
        for record in saved.streams:
            running = by_id[record.id] = RunningStream(record, self._context)
            self._streams[(record.scope, record.name)] = running
        for depth in saved.depths:
            by_id[depth.stream].take_over(depth)
        for id, shard, position in saved.positions:
            by_id[id].positions[shard] = position
        for running in by_id.values():
            running.begin()

    def close(self) -> None:
        """Nothing is begun any more; what waits goes on in a later run."""
        self._is_closed = True
        for stream in self._streams.values():
            stream.close()

    # -- streams ----------------------------------------------------------------------------------

    def all(self, scope: Scope) -> Sequence[StreamRecord]:
        """In the order of their names."""
        names = sorted(name for its, name in self._streams if its == scope)
        return [self._streams[(scope, name)].record for name in names]

    def find(self, scope: Scope, name: str) -> RunningStream:
        """NoSuchDeliveryStream."""
        found = self._streams.get((scope, name))
        if found is None:
            raise NoSuchDeliveryStream(name, scope.account)
        return found

    def find_direct(self, scope: Scope, name: str, records: Sequence[bytes]) -> RunningStream:
        """One that these may be put to. FirehoseError."""
        stream = self.find(scope, name)
        if stream.record.source is not None:
            raise HasAnotherSource
        if sum(map(len, records)) > MOST_BYTES:
            raise RecordsTooLarge(MOST_BYTES)
        return stream

    def knows(self, scope: Scope, name: str) -> bool:
        return (scope, name) in self._streams

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def create(self, record: StreamRecord, told: Done) -> None:
        key = record.scope, record.name
        stream = self._streams[key] = RunningStream(record, self._context)

        def undo(error: FirehoseError | None) -> None:
            if error is not None and self._streams.get(key) is stream:
                self._end(stream)
            elif error is None and not self._is_closed:
                stream.begin()
            told(error)

        self._write(partial(table.put_stream, record=record), undo)

    def change(self, stream: RunningStream, record: StreamRecord, told: Done) -> None:
        before = stream.record
        stream.change(record)

        def undo(error: FirehoseError | None) -> None:
            if error is not None and stream.record is record:
                stream.change(before)
            told(error)

        self._write(partial(table.put_stream, record=record), undo)

    def delete(self, stream: RunningStream, told: Done) -> None:
        """What waits in it goes too, on disk bit by bit."""
        self._end(stream)

        def deleted(error: FirehoseError | None) -> None:
            told(error)
            self._drop(stream.record.id)

        self._write(partial(table.delete_stream, id=stream.record.id), deleted)

    def clear(self) -> None:
        """Forget every stream of every account."""
        for stream in list(self._streams.values()):
            self._end(stream)
        self._write(table.clear, lambda _: None)

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget the streams of one account."""
        for stream in [one for one in self._streams.values() if one.record.account == account]:
            self.delete(stream, lambda _: None)
        told()

    # -- records ----------------------------------------------------------------------------------

    def put(self, stream: RunningStream, records: Sequence[bytes], told: PutTold) -> None:
        """Each alone may be refused. Told when those that are not are on disk, with what each of them met."""
        at_ms = int(self._context.clock.now_s() * 1000)
        room = self._most_waiting - stream.waits
        refusals: list[FirehoseError | None] = []
        rows: list[NewRow] = []
        for data in records:
            room -= len(data)
            refusals.append(None if room >= 0 else SlowDown())
            if room >= 0:
                rows += stream.rows_of(data, at_ms, None)

        def kept(error: FirehoseError | None) -> None:
            if error is None and rows and not stream.is_gone:
                stream.add(rows)
            told(refusals if error is None else [error] * len(refusals))

        self._write(partial(table.put, rows=rows), kept)

    # -- inside -----------------------------------------------------------------------------------

    def _end(self, stream: RunningStream) -> None:
        stream.is_gone = True
        stream.close()
        self._streams.pop((stream.record.scope, stream.record.name), None)

    def _drop(self, id: int) -> None:
        """Some at a time, so that others' commits come between."""

        def dropped(error: BaseException | None, are_left: bool) -> None:
            if error is None and are_left and not self._is_closed:
                self._drop(id)

        step = partial(table.drop_some, stream=id)
        self._context.store.post(step, lambda error, left: self._context.loop.post(dropped, error, left))

    def _write(self, step: Callable[[sqlite3.Connection], Any], told: Done) -> None:
        def done(error: BaseException | None) -> None:
            if error is not None:
                log.error("a delivery stream could not be written: %s", error)
            told(None if error is None else SlowDown())

        self._context.store.post(step, lambda error, _: self._context.loop.post(done, error))
