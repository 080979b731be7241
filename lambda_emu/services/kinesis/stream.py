"""A stream and its shards: what is kept of them, and what the loop knows of their records."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.kinesis.keys import LAST_NUMBER, sequence_text

NUMBER_BITS = 40
"""Of a record's place on disk; what is before them says its shard."""
HOUR_MS = 3_600_000
COMPACT = 4096
_number = lambda record: record.number  # noqa: E731 - a key for bisect


class Record(Struct, frozen=True, gc=False):
    """number: its place in the shard, from 1 on. at_ms: when it came, in milliseconds since the epoch."""

    number: int
    at_ms: int
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """As limits count it."""
        return len(self.data) + len(self.key)


_LET_GO = Record(0, 0, "", b"")
"""Stands where a record was until the list is made shorter."""


class ShardRecord(Struct, frozen=True):
    """A shard as it is kept. id: of all streams. index: among those of its own. parents: the one it was split from, or
    the two it was merged from. first, last: hash keys, in decimal. closed_ms: since then nothing is added."""

    id: int
    index: int
    first: str
    last: str
    created_s: int
    parents: tuple[int, ...] = ()
    closed_ms: int | None = None

    @property
    def name(self) -> str:
        return shard_name(self.index)


class Consumer(Struct, frozen=True):
    """One that reads by SubscribeToShard."""

    name: str
    created_s: int
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None


class StreamRecord(Struct, frozen=True):
    """A stream as it is kept. created_ms, and times of shards: since the epoch. key_id: of its encryption, if any.

    Its mode, metrics, warm throughput and distribution of records are told as they were set, and change nothing here.
    """

    account: str
    region: str
    name: str
    created_ms: int
    shards: tuple[ShardRecord, ...]
    mode: str = "PROVISIONED"
    retention_h: int = 24
    tags: Mapping[str, str] = field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    key_id: str | None = None
    metrics: tuple[str, ...] = ()
    policy: str | None = None
    most_kib: int = 1024
    warm_mibps: int | None = None
    distribution: str | None = None

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    @property
    def arn(self) -> str:
        return self.scope.arn(f"stream/{self.name}", "kinesis")

    def consumer_arn(self, consumer: Consumer) -> str:
        return f"{self.arn}/consumer/{consumer.name}:{consumer.created_s}"


class Shard:
    """The records of a shard that are in memory: the youngest, without a gap. On the loop."""

    __slots__ = ("_begin", "_records", "at_ms", "last", "record", "settled", "unheld")

    def __init__(self, record: ShardRecord, last: int = 0, at_ms: int = 0) -> None:
        """last: the number of its last record, which is on disk. at_ms: when that came."""
        self.record = record
        self.last = last
        self.at_ms = at_ms
        self.unheld = last  # up to this number they are on disk alone
        self.settled = True  # whether it is on disk that it is closed, if it is
        self._records: list[Record] = []
        self._begin = 0  # those before are not held any more

    @property
    def is_open(self) -> bool:
        return self.record.closed_ms is None

    @property
    def is_ended(self) -> bool:
        """Nothing comes any more, and nobody can have been told otherwise."""
        return not self.is_open and self.settled

    def keep(self, record: Record) -> None:
        self._records.append(record)

    def let_go(self) -> int:
        """The oldest is on disk alone from now on; how large it was."""
        record, self._records[self._begin] = self._records[self._begin], _LET_GO
        self.unheld = record.number
        self._begin += 1
        if self._begin >= COMPACT and self._begin * 2 > len(self._records):
            del self._records[: self._begin]
            self._begin = 0
        return record.size

    def held(self, number: int, oldest_ms: int, limit: int, most_bytes: int) -> tuple[Sequence[Record], Record | None]:
        """Those from this number on, and the one that follows. None of them is on disk alone."""
        records = self._records
        at = bisect_left(records, number, self._begin, key=_number)
        while at < len(records) and records[at].at_ms < oldest_ms:
            at = bisect_left(records, oldest_ms, at, key=lambda record: record.at_ms)
        end, size = at, 0
        most = min(at + limit, len(records))
        while end < most and (end == at or size + records[end].size <= most_bytes):
            size += records[end].size
            end += 1
        return records[at:end], records[end] if end < len(records) else None

    def held_since(self, at_ms: int) -> Record | None:
        """The first of those that are held that came then or later."""
        at = bisect_left(self._records, at_ms, self._begin, key=lambda record: record.at_ms)
        return self._records[at] if at < len(self._records) else None

    def place(self, number: int) -> int:
        """Of a record on disk."""
        return self.record.id << NUMBER_BITS | number

    def sequence_of(self, record: Record) -> str:
        return self.sequence(record.number, record.at_ms)

    def sequence(self, number: int, at_ms: int) -> str:
        return sequence_text(self.record.index, self.record.created_s, number, at_ms // 1000)

    @property
    def first_sequence(self) -> str:
        created_s = self.record.created_s
        return sequence_text(self.record.index, created_s, 0, created_s)

    @property
    def last_sequence(self) -> str | None:
        """None: it is open."""
        closed_ms = self.record.closed_ms
        return None if closed_ms is None else self.sequence(LAST_NUMBER, closed_ms)


class Stream:
    """On the loop."""

    def __init__(self, record: StreamRecord, shards: Sequence[Shard] = ()) -> None:
        self.record = record
        self.trimmed_s = float("-inf")
        self._shards = {shard.record.id: shard for shard in shards}
        self._by_index: dict[int, Shard] = {}
        self._firsts: list[int] = []
        self._open: list[Shard] = []
        self.change(record)

    def change(self, record: StreamRecord) -> None:
        """Its record is this one; shards that are new have no records."""
        self.record = record
        before = self._shards
        self._shards = {one.id: before.get(one.id) or Shard(one) for one in record.shards}
        for one in record.shards:
            self._shards[one.id].record = one
        self._by_index = {one.record.index: one for one in self._shards.values()}
        open_shards = (one for one in self._shards.values() if one.is_open)
        self._open = sorted(open_shards, key=lambda one: int(one.record.first))
        self._firsts = [int(one.record.first) for one in self._open]

    @property
    def shards(self) -> Sequence[Shard]:
        """In the order of their names."""
        return list(self._shards.values())

    @property
    def open_shards(self) -> Sequence[Shard]:
        """In the order of their hash keys."""
        return self._open

    def shard_for(self, hash_key: int) -> Shard:
        return self._open[bisect_right(self._firsts, hash_key) - 1]

    def find(self, index: int) -> Shard | None:
        return self._by_index.get(index)

    def has(self, shard: Shard) -> bool:
        return self._shards.get(shard.record.id) is shard

    def children(self, shard: Shard) -> list[Shard]:
        return [one for one in self._shards.values() if shard.record.index in one.record.parents]

    def oldest_ms(self, now_ms: int) -> int:
        """What came before is not kept any more."""
        return now_ms - self.record.retention_h * HOUR_MS

    def with_consumers(self, consumers: Sequence[Consumer]) -> StreamRecord:
        return replace(self.record, consumers=tuple(consumers))


def shard_name(index: int) -> str:
    return f"shardId-{index:012d}"
