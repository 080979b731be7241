"""What rows ask of one field: found by its value, without asking each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from lambda_emu.model.mappings.filters import Leaf, There
from lambda_emu.model.mappings.operators import (
    AnythingBut,
    Exactly,
    Folded,
    Prefix,
    Range,
    Same,
    Suffix,
    Test,
    as_valued,
    number_of,
)
from lambda_emu.model.mappings.wildcards import Wildcard
from lambda_emu.services.eventbridge.bits import Affixes, Bounds, Numbers, Postings, Table, numbers_in


class FieldIndex:
    """Each row has a leaf here, with a range or an `anything-but` at most. absent: those that do without the field."""

    def __init__(self) -> None:
        self.absent = Postings()
        self._tests = _TestIndex()
        self._all_but = Postings()
        self._unwanted: _TestIndex | None = None
        self._rows = 0

    @property
    def is_empty(self) -> bool:
        return not self._rows

    def add(self, leaf: Leaf, row: int) -> None:
        self._rows += 1
        if leaf.absent:
            self.absent.add(row)
        for test in set(leaf.tests):
            if not isinstance(test, AnythingBut):
                self._tests.add(test, row)
                continue
            self._all_but.add(row)
            self._unwanted = self._unwanted or _TestIndex()
            for unwanted in set(test.unwanted):
                self._unwanted.add(unwanted, row)

    def remove(self, leaf: Leaf, row: int) -> None:
        """leaf: the one it was added with."""
        self._rows -= 1
        self.absent.remove(row)
        self._all_but.remove(row)
        for test in set(leaf.tests):
            if not isinstance(test, AnythingBut):
                self._tests.remove(test, row)
                continue
            assert self._unwanted is not None
            for unwanted in set(test.unwanted):
                self._unwanted.remove(unwanted, row)

    def wanting(self, values: Iterable[Any]) -> int:
        """The rows that one of the values is enough for."""
        bits = 0
        for value in values:
            bits |= self._tests.at(value)
            if self._all_but:
                assert self._unwanted is not None
                bits |= self._all_but.bits & ~self._unwanted.at(value)
        return bits


class _Kept(Protocol):
    def add(self, key: Any, row: int, /) -> object: ...
    def remove(self, key: Any, row: int, /) -> object: ...


class _TestIndex:
    """Rows by what each of their tests lets through."""

    def __init__(self) -> None:
        self._any: Table[None] = Table()
        self._values: Table[Any] = Table()
        self._folded: Table[str] = Table()
        self._prefixes, self._suffixes = Affixes(is_end=False), Affixes(is_end=True)
        self._ranges = _Ranges()
        self._asked = _Asked()

    def add(self, test: Test, row: int) -> None:
        kept, key = self._place_of(test)
        kept.add(key, row)

    def remove(self, test: Test, row: int) -> None:
        kept, key = self._place_of(test)
        kept.remove(key, row)

    def at(self, value: Any) -> int:
        bits = self._any.at(None) | self._values.at(as_valued(value))
        if isinstance(value, str):
            bits |= self._prefixes.at(value) | self._suffixes.at(value) | self._folded.at(value.lower())
        else:
            bits |= self._ranges.at(value)
        return bits | self._asked.at(value)

    def _place_of(self, test: Test) -> tuple[_Kept, Any]:
        match test:
            case There():
                return self._any, None
            case Exactly():
                return self._values, test.identity
            case Range():
                return self._ranges, test
            case Prefix():
                return self._prefixes, test.text
            case Suffix():
                return self._suffixes, test.text
            case Folded(test=Same(text=text)):
                return self._folded, text
        return self._asked, test


class _Ranges:
    """Rows that want numbers between two bounds: those whose lower one is passed, as far as the upper one is not."""

    def __init__(self) -> None:
        self._lower, self._upper = Bounds(), Bounds()
        self._rows = 0

    def add(self, test: Range, row: int) -> None:
        self._rows += 1
        self._lower.add((test.lowest, int(test.over)), row)
        self._upper.add((-test.highest, int(test.under)), row)

    def remove(self, test: Range, row: int) -> None:
        self._rows -= 1
        self._lower.remove((test.lowest, int(test.over)), row)
        self._upper.remove((-test.highest, int(test.under)), row)

    def at(self, value: Any) -> int:
        number = number_of(value) if self._rows else None
        if number is None:
            return 0
        return self._lower.passed((number, 0)) & self._upper.passed((-number, 0))


class _Asked:
    """Tests that only a look at the value tells: each once for all rows that have it, if the value's ends are right."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._by_test: dict[Test, int] = {}
        self._tests: dict[int, tuple[Test, Postings]] = {}
        self._first, self._last = Affixes(is_end=False), Affixes(is_end=True)
        self._others: Table[str] = Table()

    def add(self, test: Test, row: int) -> None:
        number = self._by_test.get(test)
        if number is None:
            number = self._by_test[test] = self._numbers.take()
            self._tests[number] = test, Postings()
            kept, text = self._guard_of(test)
            kept.add(text, number)
        self._tests[number][1].add(row)

    def remove(self, test: Test, row: int) -> None:
        number = self._by_test[test]
        self._tests[number][1].remove(row)
        if self._tests[number][1]:
            return
        del self._by_test[test], self._tests[number]
        self._numbers.give_back(number)
        kept, text = self._guard_of(test)
        kept.remove(text, number)

    def at(self, value: Any) -> int:
        bits = 0
        if not self._tests:
            return bits
        likely = self._others.at("")
        if isinstance(value, str):
            likely |= self._first.at(value) | self._last.at(value)
        for number in numbers_in(likely):
            test, rows = self._tests[number]
            if test(value):
                bits |= rows.bits
        return bits

    def _guard_of(self, test: Test) -> tuple[_Kept, str]:
        """What a text must begin or end with."""
        if isinstance(test, Wildcard):
            if test.first:
                return self._first, test.first
            if test.others and test.others[-1]:
                return self._last, test.others[-1]
        return self._others, ""
