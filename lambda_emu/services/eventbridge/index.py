"""Finds the rules that want an event among thousands, without asking each of them.

Each rule is kept under something that it cannot do without, such as a certain `source`: where fewest other rules are
kept. An event is looked up by what it has in the fields that any rule is kept by, and the rules found are asked.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from lambda_emu.model.mappings.filters import Fields, Leaf, flat
from lambda_emu.model.mappings.operators import Exactly, Folded, Prefix, Suffix, Test, as_valued
from lambda_emu.model.mappings.wildcards import Wildcard

K = TypeVar("K", bound=Hashable)


class Form(Enum):
    """How a value is compared with what a rule is kept under; those that tell most apart come first."""

    VALUE = auto()
    PREFIX = auto()
    SUFFIX = auto()
    FOLDED = auto()
    THERE = auto()


class Sign(Struct, frozen=True):
    """What an event has, if a rule that is kept under it is to want the event. path: names, from the outside."""

    path: tuple[str, ...]
    form: Form
    value: Hashable = None


class _Node(Struct, Generic[K]):
    """A field by its path. lengths: of the texts there, by their form, and how many have it."""

    below: dict[str, _Node[K]] = field(default_factory=dict)
    kept: dict[tuple[Form, Hashable], dict[K, None]] = field(default_factory=dict)
    lengths: dict[Form, dict[int, int]] = field(default_factory=lambda: {Form.PREFIX: {}, Form.SUFFIX: {}})


class RuleIndex(Generic[K]):
    """Rules by a key of their own. Not to be changed by one thread while another one asks."""

    def __init__(self) -> None:
        self._root = _Node[K]()
        self._patterns: dict[K, Fields] = {}
        self._signs: dict[K, Sequence[Sign]] = {}
        self._always: dict[K, None] = {}  # rules that may want events without any field

    def add(self, key: K, pattern: Fields) -> None:
        """In place of what has this key."""
        self.remove(key)
        self._patterns[key] = pattern
        signs = min(_choices(pattern, ()), key=self._cost, default=None)
        if signs is None:
            self._always[key] = None
            return
        self._signs[key] = signs
        for sign in signs:
            node = self._node(sign.path)
            bucket = node.kept.setdefault((sign.form, sign.value), {})
            if not bucket and sign.form in node.lengths:
                length = len(str(sign.value))
                node.lengths[sign.form][length] = node.lengths[sign.form].get(length, 0) + 1
            bucket[key] = None

    def remove(self, key: K) -> None:
        if self._patterns.pop(key, None) is None:
            return
        self._always.pop(key, None)
        for sign in self._signs.pop(key, ()):
            self._take(key, sign)

    @property
    def is_empty(self) -> bool:
        return not (self._patterns or self._always or self._root.below or self._root.kept)

    def matching(self, event: Any) -> list[K]:
        """event: JSON, as patterns are asked about it. In no order."""
        return [key for key in self.asked(event) if self._patterns[key].matches(event)]

    def asked(self, event: Any) -> Collection[K]:
        """The rules that may want it."""
        found = dict(self._always)
        waiting: list[tuple[_Node[K], Any]] = [(self._root, event)]
        while waiting:
            node, value = waiting.pop()
            for item in flat(value):
                if isinstance(item, dict):
                    waiting.extend((node.below[name], item[name]) for name in _shared(node.below, item))
                elif node.kept:
                    found.update(self._at(node, item))
        return found

    def _at(self, node: _Node[K], value: Any) -> Iterator[tuple[K, None]]:
        kept = node.kept
        for sign in _signs_of(value, node.lengths):
            bucket = kept.get(sign)
            if bucket:
                yield from bucket.items()

    def _cost(self, signs: Sequence[Sign]) -> tuple[int, int, int]:
        """How many rules are found with it."""
        others = 0
        for sign in signs:
            node: _Node[K] | None = self._root
            for name in sign.path:
                node = None if node is None else node.below.get(name)
            others += 0 if node is None else len(node.kept.get((sign.form, sign.value), ()))
        return others, max(sign.form.value for sign in signs), len(signs)

    def _node(self, path: Sequence[str]) -> _Node[K]:
        node = self._root
        for name in path:
            node = node.below.setdefault(name, _Node[K]())
        return node

    def _take(self, key: K, sign: Sign) -> None:
        """Out of where it is kept, with the fields that nothing is kept by any more."""
        nodes = [self._root]
        for name in sign.path:
            nodes.append(nodes[-1].below[name])
        node, place = nodes[-1], (sign.form, sign.value)
        bucket = node.kept.get(place, {})
        bucket.pop(key, None)
        if bucket or place not in node.kept:
            return
        del node.kept[place]
        if sign.form in node.lengths:
            lengths, length = node.lengths[sign.form], len(str(sign.value))
            lengths[length] -= 1
            if not lengths[length]:
                del lengths[length]
        for name, above, below in zip(reversed(sign.path), reversed(nodes[:-1]), reversed(nodes[1:]), strict=True):
            if below.kept or below.below:
                return
            del above.below[name]


def _shared(below: Mapping[str, Any], item: Mapping[str, Any]) -> list[str]:
    """Names that both have, by those of the smaller one."""
    fewer, more = (below, item) if len(below) <= len(item) else (item, below)
    return [name for name in fewer if name in more]


def _choices(pattern: Fields, path: tuple[str, ...]) -> Iterator[Sequence[Sign]]:
    """What the pattern can be kept under: signs of which every event that it matches has one."""
    for name, below in pattern.fields.items():
        if isinstance(below, Fields):
            yield from _choices(below, (*path, name))
        elif not below.absent:
            yield _of_leaf(below, (*path, name))
    if pattern.alternatives:
        chosen = [min(_choices(each, path), key=_told_apart, default=None) for each in pattern.alternatives]
        if None not in chosen:
            yield [sign for signs in chosen if signs is not None for sign in signs]


def _told_apart(signs: Sequence[Sign]) -> tuple[int, int]:
    return max(sign.form.value for sign in signs), len(signs)


def _of_leaf(leaf: Leaf, path: tuple[str, ...]) -> Sequence[Sign]:
    places = {_place_of(test) for test in leaf.tests}
    if None in places:
        return [Sign(path, Form.THERE)]
    return [Sign(path, *place) for place in places if place is not None]


def _place_of(test: Test) -> tuple[Form, Hashable] | None:
    """None: it may want any value."""
    match test:
        case Exactly():
            return Form.VALUE, test.identity
        case Prefix() if test.text:
            return Form.PREFIX, test.text
        case Suffix() if test.text:
            return Form.SUFFIX, test.text
        case Folded() if test.text:
            return Form.FOLDED, test.text
        case Wildcard() if test.first:
            return Form.PREFIX, test.first
        case Wildcard() if test.others and test.others[-1]:
            return Form.SUFFIX, test.others[-1]
    return None


def _signs_of(value: Any, lengths: Mapping[Form, Mapping[int, int]]) -> Iterator[tuple[Form, Hashable]]:
    """Of the value of a field, as far as any rule may be kept there by it."""
    yield Form.THERE, None
    yield Form.VALUE, as_valued(value)
    if isinstance(value, str):
        yield Form.FOLDED, value.lower()
        for length in lengths[Form.PREFIX]:
            yield Form.PREFIX, value[:length]
        for length in lengths[Form.SUFFIX]:
            yield Form.SUFFIX, value[-length:]
