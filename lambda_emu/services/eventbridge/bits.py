"""Sets of small numbers as bits of one large one, so that thousands are joined and cut at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FEW = 8
"""Numbers of which the bits are made when they are asked for."""
BLOCK = 64
"""Bounds whose rows are joined before anybody asks."""


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
    """The rows that ask for one thing."""

    __slots__ = ("_bits", "_rows")

    def __init__(self) -> None:
        self._rows: set[int] = set()
        self._bits: int | None = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, row: int) -> None:
        self._rows.add(row)
        self._bits = None

    def remove(self, row: int) -> None:
        self._rows.discard(row)
        self._bits = None

    @property
    def bits(self) -> int:
        if self._bits is not None:
            return self._bits
        bits = bits_of(self._rows)
        if len(self._rows) > FEW:
            self._bits = bits
        return bits


class Table(Generic[K]):
    """Rows by what each of them asks for."""

    def __init__(self) -> None:
        self._kept: dict[K, Postings] = {}

    def add(self, key: K, row: int) -> bool:
        """Whether it is the first one there."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Postings()
        found.add(row)
        return len(found._rows) == 1

    def remove(self, key: K, row: int) -> bool:
        """Whether it was the last one there."""
        found = self._kept[key]
        found.remove(row)
        if not found:
            del self._kept[key]
        return not found

    def at(self, key: K) -> int:
        found = self._kept.get(key)
        return 0 if found is None else found.bits


class Affixes:
    """Rows by what a text begins with, or ends with if it `is_end`."""

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

    def at(self, text: str) -> int:
        bits, whole = 0, len(text)
        for length in self._lengths:
            if length <= whole:
                bits |= self._table.at(text[whole - length :] if self._is_end else text[:length])
        return bits


class Bounds:
    """Rows by the bound that a value must have passed. A bound: a tuple that compares with those asked about."""

    def __init__(self) -> None:
        self._table: Table[tuple[object, ...]] = Table()
        self._bounds: list[tuple[object, ...]] = []
        self._passed: list[int] = [0]  # rows of whole blocks from the first on, as far as somebody asked

    def add(self, bound: tuple[object, ...], row: int) -> None:
        if self._table.add(bound, row):
            insort(self._bounds, bound)
        self._forget(bound)

    def remove(self, bound: tuple[object, ...], row: int) -> None:
        self._forget(bound)
        if self._table.remove(bound, row):
            del self._bounds[bisect_left(self._bounds, bound)]

    def passed(self, value: tuple[object, ...]) -> int:
        end = bisect_right(self._bounds, value)
        blocks = end // BLOCK
        if len(self._passed) <= blocks:
            passed = list(self._passed)
            while len(passed) <= blocks:
                begin = BLOCK * (len(passed) - 1)
                passed.append(passed[-1] | self._joined(begin, begin + BLOCK))
            self._passed = passed  # at once: two threads may be asked about one set of rules
        return self._passed[blocks] | self._joined(blocks * BLOCK, end)

    def _joined(self, begin: int, end: int) -> int:
        bits = 0
        for bound in self._bounds[begin:end]:
            bits |= self._table.at(bound)
        return bits

    def _forget(self, bound: tuple[object, ...]) -> None:
        del self._passed[bisect_left(self._bounds, bound) // BLOCK + 1 :]
