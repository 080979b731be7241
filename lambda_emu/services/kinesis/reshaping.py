"""How a stream gets other shards: rules about its record, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from lambda_emu.services.kinesis.errors import InvalidArgument
from lambda_emu.services.kinesis.keys import even_ranges
from lambda_emu.services.kinesis.stream import ShardRecord, StreamRecord

NextId = Callable[[], int]


def first_shards(count: int, created_ms: int, next_id: NextId) -> tuple[ShardRecord, ...]:
    ranges = enumerate(even_ranges(count))
    return tuple(ShardRecord(next_id(), at, str(one[0]), str(one[1]), created_ms // 1000) for at, one in ranges)


def split(record: StreamRecord, shard: ShardRecord, key: int, now_ms: int, next_id: NextId) -> StreamRecord:
    """Two where one was; the second begins with this hash key. InvalidArgument."""
    first, last = int(shard.first), int(shard.last)
    if not first + 1 < key < last:
        raise InvalidArgument(
            f"NewStartingHashKey {key} used in SplitShard() on shard {shard.name} in stream {record.name} under "
            f"account {record.account} is not both greater than one plus the shard's StartingHashKey {first} and less "
            f"than the shard's EndingHashKey {last}."
        )
    return _reshaped(record, [shard], [(first, key - 1), (key, last)], now_ms, next_id)


def merge(record: StreamRecord, one: ShardRecord, other: ShardRecord, now_ms: int, next_id: NextId) -> StreamRecord:
    """One where two were that stand side by side. InvalidArgument."""
    left, right = sorted((one, other), key=lambda shard: int(shard.first))
    is_adjacent = int(left.last) + 1 == int(right.first)
    if not is_adjacent or left.closed_ms is not None or right.closed_ms is not None:
        raise InvalidArgument(
            f"Shards {one.name} and {other.name} in stream {record.name} under account {record.account} are not an "
            "adjacent pair of shards eligible for merging"
        )
    return _reshaped(record, [one, other], [(int(left.first), int(right.last))], now_ms, next_id)


def scale(record: StreamRecord, count: int, now_ms: int, next_id: NextId) -> StreamRecord:
    """So many shards of one size, by splits and merges: what lies between is closed as soon as it was made."""
    firsts = [first for first, _ in even_ranges(count)]
    for first in firsts:
        shard = next(one for one in open_shards(record) if int(one.first) <= first <= int(one.last))
        if int(shard.first) != first:
            ranges = [(int(shard.first), first - 1), (first, int(shard.last))]
            record = _reshaped(record, [shard], ranges, now_ms, next_id)
    wanted = set(firsts)
    while True:
        shards = open_shards(record)
        at = next((at for at, one in enumerate(shards) if int(one.first) not in wanted), None)
        if at is None:
            return record
        record = merge(record, shards[at - 1], shards[at], now_ms, next_id)


def open_shards(record: StreamRecord) -> Sequence[ShardRecord]:
    """In the order of their hash keys."""
    return sorted((one for one in record.shards if one.closed_ms is None), key=lambda one: int(one.first))


def _reshaped(
    record: StreamRecord,
    parents: Sequence[ShardRecord],
    ranges: Sequence[tuple[int, int]],
    now_ms: int,
    next_id: NextId,
) -> StreamRecord:
    """A child is younger than its parents by a second at least, so that its sequence numbers follow theirs."""
    created_s = max(now_ms // 1000, *(one.created_s for one in parents)) + 1
    index = max(one.index for one in record.shards) + 1
    kept = [replace(one, closed_ms=now_ms) if one in parents else one for one in record.shards]
    names = tuple(one.index for one in parents)
    children = [
        ShardRecord(next_id(), index + at, str(first), str(last), created_s, names)
        for at, (first, last) in enumerate(ranges)
    ]
    return replace(record, shards=(*kept, *children))
