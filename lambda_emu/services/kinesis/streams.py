"""Every stream of a server: what is put into it, what is read of it, and what becomes of it. On the loop.

What is told follows the journal or the commit. `docs/decisions/streams.md`.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.journal.commits import Commits
from lambda_emu.services.journal.journal import Journal
from lambda_emu.services.kinesis import table
from lambda_emu.services.kinesis.changes import KEEPING, Change
from lambda_emu.services.kinesis.errors import KinesisError, KinesisFailure, NoSuchStream
from lambda_emu.services.kinesis.rates import Rates
from lambda_emu.services.kinesis.stream import Record, Shard, Stream, StreamRecord
from lambda_emu.services.kinesis.table import NUMBERS, Row, SavedStreams
from lambda_emu.store import Store

HELD_BYTES = 64 << 20
"""Of records, over all streams; what is older is read from disk."""
TRIM_S = 60.0
"""So often at most a stream that is put to is rid of what it does not keep any more."""
EVER_MS = 1 << 60

Done = Callable[[KinesisError | None], None]
Heard = Callable[[Collection[str]], None]


class Put(NamedTuple):
    """A record that is to be put, and where it goes."""

    shard: Shard
    key: str
    data: bytes


class Page(NamedTuple):
    """Records in their order. next: the number that is read next. behind_ms: how far that is behind."""

    records: Sequence[Record]
    next: int
    behind_ms: int


class Subscribed(Protocol):
    """Who is sent the records of a shard. begun_s: when, of the monotonic clock."""

    begun_s: float

    def end(self) -> None: ...


PutTold = Callable[[KinesisError | None, Sequence[Record]], None]
PageTold = Callable[[KinesisError | None, Page], None]


class Streams:
    """rates: how much a shard takes; None: whatever comes. subscriptions: by consumer's ARN and shard's id.

    loop: where all of it is.
    """

    def __init__(
        self, store: Store, loop: Loop, clock: Clock, journal: Journal | None, rates: Rates | None = None
    ) -> None:
        self.rates = rates
        self.subscriptions: dict[tuple[str, int], Subscribed] = {}
        self.loop = loop
        self._clock = clock
        self._commits = Commits(KEEPING, store, loop, clock, journal)
        self._streams: dict[tuple[Scope, str], Stream] = {}
        self._listeners: dict[str, set[Heard]] = {}  # by the stream's ARN
        self._shard_id = 0
        self._gone_ms: dict[tuple[Scope, str], int] = {}  # when the last shard of a stream was made that is deleted
        self._held: deque[Shard] = deque()  # one for each record that is held, the oldest first
        self._held_bytes = 0

    def take_over(self, saved: SavedStreams) -> None:
        """What an earlier run left."""
        self._shard_id = saved.last_id
        for stream in saved.streams:
            self._streams[(stream.record.scope, stream.record.name)] = stream
            self._trim(stream)

    def close(self) -> None:
        """Nothing waits for another any more, and nobody is sent anything."""
        for subscription in list(self.subscriptions.values()):
            subscription.end()
        self._commits.close()

    # -- streams ----------------------------------------------------------------------------------

    def all(self, scope: Scope) -> Sequence[Stream]:
        """In the order of their names."""
        names = sorted(name for its, name in self._streams if its == scope)
        return [self._streams[(scope, name)] for name in names]

    def find(self, scope: Scope, name: str) -> Stream:
        """NoSuchStream."""
        found = self._streams.get((scope, name))
        if found is None:
            raise NoSuchStream(name, scope.account)
        return found

    def knows(self, scope: Scope, name: str) -> bool:
        return (scope, name) in self._streams

    def next_shard_id(self) -> int:
        self._shard_id += 1
        return self._shard_id

    def creation_ms(self, scope: Scope, name: str) -> int:
        """When a stream is made: now, or later, for no sequence number is that of another stream of this name."""
        now_ms = int(self._clock.now_s() * 1000)
        return max(now_ms, self._gone_ms.get((scope, name), 0) + 1000)

    def create(self, record: StreamRecord, told: Done) -> None:
        key = record.scope, record.name
        stream = self._streams[key] = Stream(record)

        def undo(error: KinesisError | None) -> None:
            if error is not None and self._streams.get(key) is stream:
                del self._streams[key]
            told(error)

        self._write(partial(table.put_stream, record=record), undo)

    def change(self, stream: Stream, record: StreamRecord, told: Done) -> None:
        """Make its record this one. A shard that it closes is not told to have ended before that is on disk."""
        before = stream.record
        was_open = list(stream.open_shards)
        stream.change(record)
        closing = [shard for shard in was_open if not shard.is_open]
        for shard in closing:
            shard.settled = False

        def undo(error: KinesisError | None) -> None:
            if error is not None and stream.record is record:
                stream.change(before)
            for shard in closing:
                shard.settled = True
            told(error)
            self._tell(stream)

        self._write(partial(table.put_stream, record=record), undo)

    def delete(self, stream: Stream, told: Done) -> None:
        """What is left of its records on disk goes bit by bit."""
        self._forget(stream)
        record = stream.record

        def deleted(error: KinesisError | None) -> None:
            told(error)
            self._drop([(shard.place(0), shard.place(NUMBERS), EVER_MS) for shard in stream.shards])

        self._write(partial(table.delete_stream, record=record), deleted)
        self._tell(stream)

    def has(self, stream: Stream) -> bool:
        """Whether it was not deleted meanwhile."""
        return self._streams.get((stream.record.scope, stream.record.name)) is stream

    def clear(self) -> None:
        """Forget every stream of every account."""
        gone = list(self._streams.values())
        for stream in gone:
            self._forget(stream)
        self._write(table.clear, lambda _: None)
        for stream in gone:
            self._tell(stream)

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget the streams of one account."""
        for stream in [one for one in self._streams.values() if one.record.account == account]:
            self.delete(stream, lambda _: None)
        told()

    # -- records ----------------------------------------------------------------------------------

    def put(self, stream: Stream, puts: Sequence[Put], told: PutTold) -> None:
        """All of them or none, in their order."""
        now_ms = int(self._clock.now_s() * 1000)
        records: list[Record] = []
        rows: list[Row] = []
        for shard, key, data in puts:
            shard.last += 1
            shard.at_ms = max(shard.at_ms, now_ms)  # whoever sets the machine's clock back changes no order
            records.append(Record(shard.last, shard.at_ms, key, data))
            rows.append((shard.place(shard.last), shard.at_ms, key, data))

        def kept(error: KinesisError | None, _: object) -> None:
            if error is None and not all(stream.has(one.shard) for one in puts):
                error = KinesisFailure()  # the shards that were to come could not be kept
            if error is None:
                for one, record in zip(puts, records, strict=True):
                    self._keep(one.shard, record)
            told(error, records)
            self._tell(stream, {put.shard.record.name for put in puts})

        self._commits.put(Change(rows), kept, ordered=True)
        if self._clock.monotonic_s() - stream.trimmed_s > TRIM_S:
            self._trim(stream)

    def read(self, stream: Stream, shard: Shard, number: int, limit: int, most_bytes: int, told: PageTold) -> None:
        """Records from this number on, one at least if there is any."""
        now_ms = int(self._clock.now_s() * 1000)
        oldest_ms = stream.oldest_ms(now_ms)
        number = max(number, 1)  # the first record's; where reading begins may be said as 0

        def found(error: KinesisError | None, page: tuple[Sequence[Record], Record | None] | None) -> None:
            records, following = page or ((), None)
            after = records[-1].number + 1 if records else beyond
            told(error, Page(records, after, 0 if following is None else max(now_ms - following.at_ms, 0)))

        beyond = number
        if number > shard.unheld:
            found(None, shard.held(number, oldest_ms, limit, most_bytes))
        else:
            beyond = max(number, shard.unheld + 1)
            first, last = shard.place(number), shard.place(NUMBERS)
            step = partial(table.read, first=first, last=last, oldest_ms=oldest_ms, limit=limit, most_bytes=most_bytes)
            self._commits.ask(step, found)

    def number_at(self, shard: Shard, at_ms: int, told: Callable[[KinesisError | None, int], None]) -> None:
        """That of the first record that came then or later; none did: of the next that comes."""
        held = shard.held_since(at_ms)
        beyond = shard.last + 1 if held is None else held.number

        def found(error: KinesisError | None, number: int | None) -> None:
            told(error, beyond if number is None else number)

        if shard.unheld == 0:
            found(None, None)
        else:
            first, last = shard.place(0), shard.place(shard.unheld)
            self._commits.ask(partial(table.number_at, first=first, last=last, at_ms=at_ms), found)

    def listen(self, arn: str, told: Heard) -> Callable[[], None]:
        """Call `told` whenever the stream of this ARN may have something to read, or other shards; returns what ends
        that. With the names of the shards that were put to, or with none where it may be any. It may be told for
        nothing, and hears of a stream that is created later too. It must not raise.
        """
        listeners = self._listeners.setdefault(arn, set())
        listeners.add(told)

        def end() -> None:
            listeners.discard(told)
            if not listeners and self._listeners.get(arn) is listeners:
                del self._listeners[arn]

        return end

    # -- inside -----------------------------------------------------------------------------------

    def _forget(self, stream: Stream) -> None:
        record, now_ms = stream.record, self._clock.now_s() * 1000
        del self._streams[(record.scope, record.name)]
        self._gone_ms = {key: at_ms for key, at_ms in self._gone_ms.items() if at_ms + 1000 > now_ms}
        self._gone_ms[(record.scope, record.name)] = max(shard.created_s for shard in record.shards) * 1000

    def _tell(self, stream: Stream, shards: Collection[str] = ()) -> None:
        for told in tuple(self._listeners.get(stream.record.arn, ())):
            told(shards)

    def _keep(self, shard: Shard, record: Record) -> None:
        shard.keep(record)
        self._held.append(shard)
        self._held_bytes += record.size
        while self._held_bytes > HELD_BYTES:
            self._held_bytes -= self._held.popleft().let_go()

    def _trim(self, stream: Stream) -> None:
        """Records that are too old go, all but the last of a shard, by which its numbers grow; so do closed shards."""
        stream.trimmed_s = self._clock.monotonic_s()
        oldest_ms = stream.oldest_ms(int(self._clock.now_s() * 1000))
        shards = stream.record.shards
        left = tuple(one for one in shards if one.closed_ms is None or one.closed_ms >= oldest_ms)
        self._drop([(one.place(0), one.place(max(one.last - 1, 0)), oldest_ms) for one in stream.shards])
        if len(left) < len(shards):
            gone = [one for one in stream.shards if one.record not in left]
            self._drop([(one.place(0), one.place(NUMBERS), EVER_MS) for one in gone])
            self.change(stream, replace(stream.record, shards=left), lambda _: None)

    def _drop(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        """Some at a time, so that others' commits come between."""

        def dropped(error: KinesisError | None, are_left: bool) -> None:
            if error is None and are_left:
                self._drop(ranges)

        self._commits.post(partial(table.drop, ranges=ranges), dropped)

    def _write(self, step: Callable[[sqlite3.Connection], Any], told: Done) -> None:
        self._commits.post(step, lambda error, _: told(error))
