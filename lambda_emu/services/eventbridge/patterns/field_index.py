"""What rows ask of one field: found by its value, without asking each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from lambda_emu.services.eventbridge.patterns.bits import Affixes, Bounds, Numbers, Postings, Table, numbers_in


class FieldIndex:
    """Each row has a leaf here, with a range or an `anything-but` at most. absent: those that do without the field."""

    __slots__ = ("_all_but", "_rows", "_tests", "_unwanted", "absent")

    def __init__(self) -> None:
        self.absent = Postings()
        self._tests = _TestIndex()
        self._all_but = Postings()
        self._unwanted = _TestIndex()
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
            for unwanted in set(test.unwanted):
                self._unwanted.remove(unwanted, row)

    def wanting(self, values: Iterable[Any]) -> int:
        """The rows that one of the values is enough for."""
        bits = 0
        for value in values:
            bits |= self._tests.at(value)
            if self._all_but:
                bits |= self._all_but.bits & ~self._unwanted.at(value)
        return bits


class _Kept(Protocol):
    """Tests of one kind, with the rows that have them."""

    def add(self, key: Any, row: int, /) -> object: ...
    def remove(self, key: Any, row: int, /) -> object: ...
    def at(self, value: Any, /) -> int:
        """The rows whose tests let the value through."""


class _TestIndex:
    """Rows by what each of their tests lets through. Only what there is of the kinds takes room and time."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def add(self, test: Test, row: int) -> None:
        kind, key = _kind_of(test)
        if kind not in self._kept:
            self._kept[kind] = _MAKE[kind]()
        self._kept[kind].add(key, row)

    def remove(self, test: Test, row: int) -> None:
        kind, key = _kind_of(test)
        self._kept[kind].remove(key, row)

    def at(self, value: Any) -> int:
        bits = 0
        for kept in self._kept.values():
            bits |= kept.at(value)
        return bits


def _kind_of(test: Test) -> tuple[str, Any]:
    """And what it is kept by among those."""
    match test:
        case There():
            return "any", None
        case Exactly():
            return "value", test.identity
        case Range():
            return "range", test
        case Prefix():
            return "prefix", test.text
        case Suffix():
            return "suffix", test.text
        case Folded(test=Same(text=text)):
            return "folded", text
    return "asked", test


class _Any(Table[None]):
    def at(self, _: Any) -> int:
        return self.of(None)


class _Values(Table[Any]):
    def at(self, value: Any) -> int:
        return self.of(as_valued(value))


class _Texts(Table[str]):
    """In small letters."""

    def at(self, value: Any) -> int:
        return self.of(value.lower()) if isinstance(value, str) else 0


class _Ranges:
    """Rows that want numbers between two bounds: those whose lower one is passed, as far as the upper one is not."""

    def __init__(self) -> None:
        self._lower, self._upper = Bounds(), Bounds()

    def add(self, test: Range, row: int) -> None:
        self._lower.add((test.lowest, int(test.over)), row)
        self._upper.add((-test.highest, int(test.under)), row)

    def remove(self, test: Range, row: int) -> None:
        self._lower.remove((test.lowest, int(test.over)), row)
        self._upper.remove((-test.highest, int(test.under)), row)

    def at(self, value: Any) -> int:
        number = None if isinstance(value, str) else number_of(value)
        if number is None:
            return 0
        return self._lower.passed((number, 0)) & self._upper.passed((-number, 0))


class _Asked:
    """Tests that only a look at the value tells: each once for all rows that have it, if the value's ends are right."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._by_test: dict[Test, int] = {}
        self._tests: dict[int, tuple[Test, Postings]] = {}
        self._first, self._last, self._others = Affixes(is_end=False), Affixes(is_end=True), _Any()

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
        likely = self._others.at(value) | self._first.at(value) | self._last.at(value)
        for number in numbers_in(likely):
            test, rows = self._tests[number]
            if test(value):
                bits |= rows.bits
        return bits

    def _guard_of(self, test: Test) -> tuple[_Kept, str | None]:
        """What a text must begin or end with."""
        if isinstance(test, Wildcard):
            if test.first:
                return self._first, test.first
            if test.others and test.others[-1]:
                return self._last, test.others[-1]
        return self._others, None


_MAKE: Mapping[str, Callable[[], _Kept]] = {
    "any": _Any,
    "value": _Values,
    "range": _Ranges,
    "prefix": lambda: Affixes(is_end=False),
    "suffix": lambda: Affixes(is_end=True),
    "folded": _Texts,
    "asked": _Asked,
}
