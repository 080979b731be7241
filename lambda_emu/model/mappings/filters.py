"""The language in which a mapping says which records it wants. docs/contract/events.md#filters.

A pattern is JSON in the form of the record, with an array at every leaf: `{"body": {"kind": ["new"]}}`.
`compile_pattern` reads and checks it once; `matches` asks it about a record. What docs/contract leaves open is done as
in AWS's published rule engine: one item of an array is enough, and an object in place of a leaf counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.model.mappings.operators import OPERATORS, Number, Operators, Test, exactly, only_member
from lambda_emu.model.mappings.refusals import FilterInvalid

MOST_NESTING = 64
_MISSING: Sequence[Any] = ()  # an array without items has no value either
_NO_FIELDS: Mapping[str, Any] = {}
_NOT_A_LEAF = (list, tuple, Mapping)


class There(Struct, frozen=True):
    """Any value will do."""

    def __call__(self, value: Any) -> bool:
        return True


class Leaf(Struct, frozen=True):
    """What a field may be: tests, any of which is enough. absent: whether the field may also be missing."""

    tests: tuple[Test, ...]
    absent: bool

    def matches(self, value: Any) -> bool:
        if not isinstance(value, _NOT_A_LEAF):
            return any(test(value) for test in self.tests)
        leaves = [item for item in flat(value) if not isinstance(item, Mapping)]
        return any(test(leaf) for test in self.tests for leaf in leaves) if leaves else self.absent


class Fields(Struct, frozen=True):
    """What an object must have: all of the fields, and one of the alternatives if there are some."""

    fields: Mapping[str, Fields | Leaf]
    alternatives: tuple[Fields, ...] = ()

    def matches(self, value: Any) -> bool:
        """Of several objects in an array one must match as a whole; what is no object has no fields."""
        if isinstance(value, dict):
            return self._matches_object(value)
        objects = [item for item in flat(value) if isinstance(item, Mapping)]
        return any(self._matches_object(item) for item in objects or [_NO_FIELDS])

    def _matches_object(self, value: Mapping[str, Any]) -> bool:
        for name, pattern in self.fields.items():
            if not pattern.matches(value.get(name, _MISSING)):
                return False
        return not self.alternatives or any(pattern.matches(value) for pattern in self.alternatives)


def compile_pattern(pattern: str) -> Fields:
    """FilterInvalid for what is no pattern."""
    try:
        parsed = read(pattern)
    except ValueError:
        raise FilterInvalid from None
    return compile_parsed(parsed)


def compile_parsed(pattern: Any, operators: Operators = OPERATORS, same: Callable[[Any], Test] = exactly) -> Fields:
    """Of a pattern that is JSON already. FilterInvalid.

    operators: those that it may have. same: what it asks by a value that is none of them.
    """
    if not isinstance(pattern, dict):
        raise FilterInvalid("Filter is not an object")
    return _Compiler(operators, same).fields(pattern, MOST_NESTING)


def matches(pattern: Fields, record: Any) -> bool:
    """Whether a pattern wants a record.

    record: parsed JSON, by `read` where numbers must be told apart by how they are written.
    """
    return pattern.matches(record)


def read(text: str) -> Any:
    """JSON whose numbers remember how they were written. ValueError if it is none."""
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def flat(value: Any) -> Iterator[Any]:
    """The items of arrays within arrays, or the value itself."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting.extend(item)
        else:
            yield item


class _Compiler(Struct, frozen=True):
    operators: Operators
    same: Callable[[Any], Test]

    def fields(self, pattern: Mapping[str, Any], nesting_left: int) -> Fields:
        if not pattern:
            raise FilterInvalid("Empty objects are not allowed")
        if not nesting_left:
            raise FilterInvalid(f"Objects are nested more than {MOST_NESTING} deep")  # (?)
        fields: dict[str, Fields | Leaf] = {}
        alternatives: tuple[Fields, ...] = ()
        for name, value in pattern.items():
            if name == "$or" and self._are_alternatives(value):
                alternatives = tuple(self.fields(item, nesting_left - 1) for item in value)
            elif isinstance(value, list):
                fields[name] = self._leaf(value)
            elif isinstance(value, dict):
                fields[name] = self.fields(value, nesting_left - 1)
            else:
                raise FilterInvalid(f'"{name}" must be an object or an array')
        return Fields(fields, alternatives)

    def _are_alternatives(self, value: Any) -> bool:
        """A field may be named `$or` as well; then its array has values and operators."""
        if not isinstance(value, list) or len(value) < 2:
            return False
        operators = {"exists", *self.operators}
        return all(isinstance(item, dict) and not operators & item.keys() for item in value)

    def _leaf(self, items: Sequence[Any]) -> Leaf:
        if not items:
            raise FilterInvalid("Empty arrays are not allowed")
        tests: list[Test] = []
        absent = False
        for item in items:
            if isinstance(item, dict) and len(item) == 1 and item.get("exists") is False:
                absent = True
            else:
                tests.append(self._operator(item) if isinstance(item, dict) else self.same(item))
        return Leaf(tuple(tests), absent)

    def _operator(self, item: Mapping[str, Any]) -> Test:
        name, operand = only_member(item)
        if name == "exists":
            if operand is not True:
                raise FilterInvalid("exists match pattern must be either true or false.")
            return There()
        if name not in self.operators:
            raise FilterInvalid(f"Unrecognized match type {name}")
        return self.operators[name](operand)
