"""Sets of small numbers as bits of one large one, so that thousands are joined and cut at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Hashable, Iterable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FEW = 8
"""Numbers of which the bits are made when they are asked for."""
BLOCK = 64
"""Bounds whose rows are kept joined; at twice as many they become two."""


def bits_of(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def numbers_in(bits: int) -> list[int]:
    digits = bin(bits)[:1:-1]
    found: list[int] = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found


class Numbers:
    """Gives out the smallest ones that are free."""

    def __init__(self) -> None:
        self._next = 0
        self._free: list[int] = []

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        self._free.append(number)


class Postings:
    """The rows that ask for one thing: few as they are, many as bits."""

    __slots__ = ("_bits", "_rows")

    def __init__(self) -> None:
        self._rows: set[int] | None = None
        self._bits = 0

    def __bool__(self) -> bool:
        return bool(self._bits or self._rows)

    def add(self, row: int) -> None:
        if self._bits:
            self._bits |= 1 << row
            return
        self._rows = self._rows or set()
        self._rows.add(row)
        if len(self._rows) > FEW:
            self._bits = bits_of(self._rows)
            self._rows = None

    def remove(self, row: int) -> None:
        if self._bits:
            self._bits &= ~(1 << row)
        elif self._rows is not None:
            self._rows.discard(row)

    @property
    def bits(self) -> int:
        return bits_of(self._rows) if self._rows else self._bits


class Table(Generic[K]):
    """Rows by what each of them asks for."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[K, Postings] = {}

    def add(self, key: K, row: int) -> bool:
        """Whether it is the first one there."""
        found = self._kept.get(key)
        if found is not None:
            found.add(row)
            return False
        self._kept[key] = found = Postings()
        found.add(row)
        return True

    def remove(self, key: K, row: int) -> bool:
        """Whether it was the last one there."""
        found = self._kept[key]
        found.remove(row)
        if not found:
            del self._kept[key]
        return not found

    def of(self, key: K) -> int:
        found = self._kept.get(key)
        return 0 if found is None else found.bits


class Affixes:
    """Rows by what a text begins with, or ends with if it `is_end`."""

    __slots__ = ("_is_end", "_lengths", "_table")

    def __init__(self, *, is_end: bool) -> None:
        self._is_end = is_end
        self._table: Table[str] = Table()
        self._lengths: dict[int, int] = {}  # of the affixes, and how many have it

    def add(self, text: str, row: int) -> None:
        if self._table.add(text, row):
            self._lengths[len(text)] = self._lengths.get(len(text), 0) + 1

    def remove(self, text: str, row: int) -> None:
        if self._table.remove(text, row):
            self._lengths[len(text)] -= 1
            if not self._lengths[len(text)]:
                del self._lengths[len(text)]

    def at(self, value: Any) -> int:
        if not isinstance(value, str):
            return 0
        bits, whole = 0, len(value)
        for length in self._lengths:
            if length <= whole:
                bits |= self._table.of(value[whole - length :] if self._is_end else value[:length])
        return bits


Bound = tuple[Any, ...]
"""Compares with those that are asked about."""


class Bounds:
    """Rows by the bound that a value must have passed, one each."""

    def __init__(self) -> None:
        self._table: Table[Bound] = Table()
        self._blocks: list[list[Bound]] = [[]]  # all in order
        self._bits: list[int] = [0]  # of the rows of each
        self._before: list[int] = [0]  # of the rows of all blocks before it

    def add(self, bound: Bound, row: int) -> None:
        at = self._block_of(bound)
        if self._table.add(bound, row):
            insort(self._blocks[at], bound)
        bit = 1 << row
        self._bits[at] |= bit
        for later in range(at + 1, len(self._before)):
            self._before[later] |= bit
        if len(self._blocks[at]) > 2 * BLOCK:
            self._halve(at)

    def remove(self, bound: Bound, row: int) -> None:
        at, others = self._block_of(bound), ~(1 << row)
        if self._table.remove(bound, row):
            del self._blocks[at][bisect_left(self._blocks[at], bound)]
        self._bits[at] &= others
        for later in range(at + 1, len(self._before)):
            self._before[later] &= others
        if not self._blocks[at] and len(self._blocks) > 1:
            del self._blocks[at], self._bits[at], self._before[at]

    def passed(self, value: Bound) -> int:
        at = self._block_of(value)
        block = self._blocks[at]
        end = bisect_right(block, value)
        return self._before[at] | (self._bits[at] if end == len(block) else self._joined(block[:end]))

    def _block_of(self, bound: Bound) -> int:
        """Where it is, or would be."""
        return max(bisect_right(self._blocks, bound, key=_first) - 1, 0)

    def _halve(self, at: int) -> None:
        block = self._blocks[at]
        halves = [block[:BLOCK], block[BLOCK:]]
        bits = [self._joined(half) for half in halves]
        self._blocks[at : at + 1] = halves
        self._bits[at : at + 1] = bits
        self._before.insert(at + 1, self._before[at] | bits[0])

    def _joined(self, bounds: Collection[Bound]) -> int:
        bits = 0
        for bound in bounds:
            bits |= self._table.of(bound)
        return bits


def _first(block: list[Bound]) -> Bound:
    """The only block may have none."""
    return block[0] if block else ()
