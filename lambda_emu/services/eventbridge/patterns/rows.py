"""The ways in which an event may be what a pattern wants, each a row: what it asks of some fields, all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.model.mappings.filters import Fields, Leaf
from lambda_emu.model.mappings.operators import AnythingBut, Range, Test

Path = tuple[str, ...]
"""Names of fields, from the outside."""
MOST_ROWS = 32
"""Of a pattern. What would make more of them is left out, and asked where all else fits."""


class Row(Struct, frozen=True):
    """is_all: whether whatever fits it fits the pattern."""

    leaves: Mapping[Path, Leaf]
    is_all: bool = True


class AnyOf(Struct, frozen=True):
    tests: tuple[Test, ...]

    def __call__(self, value: Any) -> bool:
        return any(test(value) for test in self.tests)


def rows_of(pattern: Fields, path: Path = ()) -> list[Row]:
    found = [Row({})]
    for ways in _conditions(pattern, path):
        if len(found) * len(ways) > MOST_ROWS:
            found = [replace(row, is_all=False) for row in found]
        else:
            found = [_both(row, way) for row in found for way in ways]
    return found


def _conditions(pattern: Fields, path: Path) -> Iterator[Sequence[Row]]:
    """What must all be so, each in one of several ways."""
    for name, below in pattern.fields.items():
        if isinstance(below, Leaf):
            yield [Row({(*path, name): part}) for part in _parts(below)]
        else:
            yield from _conditions(below, (*path, name))
    if pattern.alternatives:
        yield [row for each in pattern.alternatives for row in rows_of(each, path)]


def _both(one: Row, other: Row) -> Row:
    """Of a field that both ask about, `one` has the word."""
    is_all = one.is_all and other.is_all and not one.leaves.keys() & other.leaves.keys()
    return Row({**other.leaves, **one.leaves}, is_all)


def _parts(leaf: Leaf) -> Sequence[Leaf]:
    """With a range or an `anything-but` at most in each."""
    lone = [test for test in leaf.tests if isinstance(test, Range | AnythingBut)]
    if len(lone) < 2:
        return [leaf]
    if len(lone) > MOST_ROWS:
        return [Leaf((AnyOf(leaf.tests),), leaf.absent)]
    others = tuple(test for test in leaf.tests if not isinstance(test, Range | AnythingBut))
    return [Leaf((*others, lone[0]), leaf.absent), *(Leaf((test,), False) for test in lone[1:])]
