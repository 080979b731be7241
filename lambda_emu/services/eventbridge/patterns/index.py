"""Finds the rules that want an event among thousands, without asking each of them.

A rule is a row or some, each of which asks several things of fields. Rows that ask of the same fields are a shape. Of
an event, each field tells which rows it is right for; of a shape those are wanted that all of its fields are right
for. docs/decisions/rules.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from lambda_emu.model.mappings.filters import Fields, flat
from lambda_emu.services.eventbridge.patterns.bits import Numbers, Postings, numbers_in
from lambda_emu.services.eventbridge.patterns.field_index import FieldIndex
from lambda_emu.services.eventbridge.patterns.rows import Path, Row, rows_of

K = TypeVar("K", bound=Hashable)


class RuleIndex(Generic[K]):
    """Rules by a key of their own. Not to be changed by one thread while another one asks."""

    def __init__(self) -> None:
        self._root = _Node()
        self._always: dict[_Asking, _Shape] = {}  # that may want events without any field
        self._rules: dict[K, tuple[Fields, Sequence[tuple[int, Row]]]] = {}
        self._numbers = Numbers()
        self._keys: dict[int, K] = {}  # of rows
        self._parts = Postings()  # rows whose rule must be asked for the rest

    def add(self, key: K, pattern: Fields) -> None:
        """In place of what has this key."""
        self.remove(key)
        rows = [(self._numbers.take(), row) for row in rows_of(pattern)]
        self._rules[key] = pattern, rows
        for number, row in rows:
            self._keys[number] = key
            if not row.is_all:
                self._parts.add(number)
            for path, leaf in row.leaves.items():
                self._root.made(path).field.add(leaf, number)
            self._shape(row).rows.add(number)

    def remove(self, key: K) -> None:
        _, rows = self._rules.pop(key, (None, ()))
        for number, row in rows:
            asking = _asking(row)
            del self._keys[number]
            self._numbers.give_back(number)
            self._parts.remove(number)
            shape = self._find(asking)
            assert shape is not None
            shape.rows.remove(number)
            if not shape.rows:
                del self._home(shape)[asking]
            for path, leaf in row.leaves.items():
                self._root.made(path).field.remove(leaf, number)
            for path in row.leaves:
                self._root.prune(path)

    @property
    def is_empty(self) -> bool:
        return not (self._rules or self._keys or self._always or self._root.below)

    def matching(self, event: Any) -> list[K]:
        """event: JSON, as patterns are asked about it. In no order."""
        look = _Look(event)
        bits = 0
        for shape in self._always.values():
            bits |= look.wanting(shape)
        for node in _present(self._root, event):
            for shape in node.shapes.values():
                bits |= look.wanting(shape)
        keys = self._keys
        parts = bits & self._parts.bits
        found = dict.fromkeys([keys[number] for number in numbers_in(bits ^ parts)])
        for key in {keys[number] for number in numbers_in(parts)} - found.keys():
            if self._rules[key][0].matches(event):
                found[key] = None
        return list(found)

    def _shape(self, row: Row) -> _Shape:
        asking = _asking(row)
        found = self._find(asking)
        if found is None:
            needed = [node for path in asking[1] if (node := self._root.find(path)) is not None]
            home = min(needed, key=lambda node: len(node.shapes), default=None)
            found = _Shape(self._root, row.leaves, home)
            self._home(found)[asking] = found
        return found

    def _find(self, asking: _Asking) -> _Shape | None:
        homes = [node.shapes for path in asking[1] if (node := self._root.find(path)) is not None]
        return next((shapes[asking] for shapes in (*homes, self._always) if asking in shapes), None)

    def _home(self, shape: _Shape) -> dict[_Asking, _Shape]:
        return self._always if shape.home is None else shape.home.shapes


_Asking = tuple[frozenset[Path], frozenset[Path]]
"""The fields that a row asks about, and those that it cannot do without."""


def _asking(row: Row) -> _Asking:
    needed = frozenset(path for path, leaf in row.leaves.items() if not leaf.absent)
    return frozenset(row.leaves), needed


class _Shape:
    """Rows that ask about the same fields. home: one they cannot do without, None: they may do without all."""

    def __init__(self, root: _Node, paths: Iterable[Path], home: _Node | None) -> None:
        self.home = home
        self.rows = Postings()
        self.asked = _Object()
        for path in paths:
            node, asked = root, self.asked
            for name in path[:-1]:
                node, asked = node.below[name], asked.below.setdefault(name, _Object())
            asked.fields[path[-1]] = node.below[path[-1]]


class _Object:
    """What of an object is asked: fields that are values, and that are objects."""

    def __init__(self) -> None:
        self.fields: dict[str, _Node] = {}
        self.below: dict[str, _Object] = {}


class _Node:
    """A field by its path. shapes: that are looked at if an event has it."""

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.field = FieldIndex()
        self.shapes: dict[_Asking, _Shape] = {}

    @property
    def is_empty(self) -> bool:
        return not self.below and self.field.is_empty

    def find(self, path: Path) -> _Node | None:
        node: _Node | None = self
        for name in path:
            node = None if node is None else node.below.get(name)
        return node

    def made(self, path: Path) -> _Node:
        node = self
        for name in path:
            node = node.below.setdefault(name, _Node())
        return node

    def prune(self, path: Path) -> None:
        """Those on the way there that nothing asks about any more."""
        nodes = [self]
        for name in path:
            if name not in nodes[-1].below:
                break
            nodes.append(nodes[-1].below[name])
        for name, above, below in reversed(list(zip(path, nodes, nodes[1:], strict=False))):
            if not below.is_empty:
                return
            del above.below[name]


def _present(root: _Node, event: Any) -> list[_Node]:
    """The fields that an event has."""
    found: dict[_Node, None] = {}
    waiting: list[tuple[_Node, Any]] = [(root, event)]
    while waiting:
        node, value = waiting.pop()
        for item in flat(value):
            if not isinstance(item, dict):
                found[node] = None
            elif node.below:
                waiting.extend((node.below[name], item[name]) for name in _shared(node.below, item))
    return list(found)


class _Look:
    """What rows an event is right for."""

    def __init__(self, event: Any) -> None:
        self._event = event
        self._known: dict[tuple[_Node, int], int] = {}  # by a field and the identity of what the event has there

    def wanting(self, shape: _Shape) -> int:
        return self._within(shape.asked, self._event, shape.rows.bits)

    def _within(self, asked: _Object, value: Any, bits: int) -> int:
        """Of these rows, those that an object there is right for as a whole; what is no object has no fields."""
        if isinstance(value, dict):
            return self._of(asked, value, bits)
        objects: Sequence[Mapping[str, Any]] = [item for item in flat(value) if isinstance(item, dict)]
        found = 0
        for each in objects or [_NO_FIELDS]:
            found |= self._of(asked, each, bits)
        return found

    def _of(self, asked: _Object, item: Mapping[str, Any], bits: int) -> int:
        for name, node in asked.fields.items():
            if not bits:
                return 0
            value = item.get(name, _MISSING)
            place = node, id(value)
            right = self._known.get(place)
            if right is None:
                right = self._known[place] = _right(node.field, value)
            bits &= right
        for name, below in asked.below.items():
            if not bits:
                return 0
            bits = self._within(below, item.get(name, _MISSING), bits)
        return bits


_MISSING: Sequence[Any] = ()
_NO_FIELDS: Mapping[str, Any] = {}


def _right(field: FieldIndex, value: Any) -> int:
    """The rows that a field may have this value for."""
    leaves = [item for item in flat(value) if not isinstance(item, dict)]
    return field.wanting(leaves) if leaves else field.absent.bits


def _shared(below: Mapping[str, Any], item: Mapping[str, Any]) -> list[str]:
    """Names that both have, by those of the smaller one."""
    fewer, more = (below, item) if len(below) <= len(item) else (item, below)
    return [name for name in fewer if name in more]
