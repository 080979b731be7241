"""Which shard a record is for, and what its sequence number says: numbers, and nothing else."""

from __future__ import annotations

from hashlib import md5

from msgspec import Struct

TOP = 1 << 128
"""One more than the largest hash key."""
LAST_NUMBER = (1 << 63) - 1
"""That of what ends a shard; no record has it."""
_VERSION = 2
_LOWEST, _HIGHEST = 1 << 185, 3 << 184


def hash_of(partition_key: str) -> int:
    return int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest())


def even_ranges(count: int) -> list[tuple[int, int]]:
    """All keys in so many parts, each with its first and its last."""
    size = TOP // count
    firsts = [size * at for at in range(count)]
    return list(zip(firsts, [*(first - 1 for first in firsts[1:]), TOP - 1], strict=True))


class Sequence(Struct, frozen=True):
    """What a sequence number consists of: 186 bits, of which the first never change in a shard, and the next grow.

    shard: its place among the stream's. created_s: when that was made. number: which of its records. at_s: when that
    came.
    """

    shard: int
    created_s: int
    number: int
    at_s: int

    def __str__(self) -> str:
        return sequence_text(self.shard, self.created_s, self.number, self.at_s)


def sequence_text(shard: int, created_s: int, number: int, at_s: int) -> str:
    of_shard = 2 << 184 | created_s << 148 | (shard & 15) << 144 | shard << 4 | _VERSION
    return str(of_shard | number << 80 | at_s << 36)


def read_sequence(text: str) -> Sequence | None:
    """None: it is no sequence number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 57):
        return None
    value = int(text)
    if not _LOWEST <= value < _HIGHEST or value & 15 != _VERSION:
        return None
    number = value >> 80 & (1 << 64) - 1
    found = Sequence(value >> 4 & 0xFFFFFFFF, value >> 148 & (1 << 36) - 1, number, value >> 36 & (1 << 36) - 1)
    return found if number <= LAST_NUMBER and found.shard < 1 << 31 else None
