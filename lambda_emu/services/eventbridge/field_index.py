"""What rows ask of one field: found by its value, without asking each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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


class _TestIndex:
    """Rows by what each of their tests lets through."""

    def __init__(self) -> None:
        self._any = Postings()
        self._values: Table[Any] = Table()
        self._folded: Table[str] = Table()
        self._prefixes, self._suffixes = Affixes(is_end=False), Affixes(is_end=True)
        self._ranges = _Ranges()
        self._asked = _Asked()

    def add(self, test: Test, row: int) -> None:
        match test:
            case There():
                self._any.add(row)
            case Exactly():
                self._values.add(test.identity, row)
            case Range():
                self._ranges.add(test, row)
            case Prefix():
                self._prefixes.add(test.text, row)
            case Suffix():
                self._suffixes.add(test.text, row)
            case Folded(test=Same(text=text)):
                self._folded.add(text, row)
            case _:
                self._asked.add(test, row)

    def remove(self, test: Test, row: int) -> None:
        match test:
            case There():
                self._any.remove(row)
            case Exactly():
                self._values.remove(test.identity, row)
            case Range():
                self._ranges.remove(test, row)
            case Prefix():
                self._prefixes.remove(test.text, row)
            case Suffix():
                self._suffixes.remove(test.text, row)
            case Folded(test=Same(text=text)):
                self._folded.remove(text, row)
            case _:
                self._asked.remove(test, row)

    def at(self, value: Any) -> int:
        bits = self._any.bits | self._values.at(as_valued(value))
        if isinstance(value, str):
            bits |= self._prefixes.at(value) | self._suffixes.at(value) | self._folded.at(value.lower())
        else:
            bits |= self._ranges.at(value)
        return bits | self._asked.at(value)


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
        self._first, self._last, self._others = Affixes(is_end=False), Affixes(is_end=True), Postings()

    def add(self, test: Test, row: int) -> None:
        number = self._by_test.get(test)
        if number is None:
            number = self._by_test[test] = self._numbers.take()
            self._tests[number] = test, Postings()
            first, last = _ends(test)
            if first:
                self._first.add(first, number)
            elif last:
                self._last.add(last, number)
            else:
                self._others.add(number)
        self._tests[number][1].add(row)

    def remove(self, test: Test, row: int) -> None:
        number = self._by_test[test]
        self._tests[number][1].remove(row)
        if self._tests[number][1]:
            return
        del self._by_test[test], self._tests[number]
        self._numbers.give_back(number)
        first, last = _ends(test)
        if first:
            self._first.remove(first, number)
        elif last:
            self._last.remove(last, number)
        else:
            self._others.remove(number)

    def at(self, value: Any) -> int:
        bits = 0
        if not self._tests:
            return bits
        likely = self._others.bits
        if isinstance(value, str):
            likely |= self._first.at(value) | self._last.at(value)
        for number in numbers_in(likely):
            test, rows = self._tests[number]
            if test(value):
                bits |= rows.bits
        return bits


def _ends(test: Test) -> Sequence[str]:
    """What a text must begin and end with."""
    if isinstance(test, Wildcard):
        return test.first, test.others[-1] if test.others else ""
    return "", ""
