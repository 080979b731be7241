"""Patterns of rules: the filter language of mappings, and what EventBridge has besides. docs/contract/events.md#filters

Recorded of AWS, against its guide: 300 is 300.0. A point in a field's name leads into an object, also in an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.model.mappings.filters import Fields, Leaf, compile_parsed, read
from lambda_emu.model.mappings.operators import RULE_OPERATORS, AnythingBut, same_value
from lambda_emu.model.mappings.refusals import FilterInvalid
from lambda_emu.model.mappings.wildcards import Wildcard, too_complex
from lambda_emu.services.eventbridge.errors import PatternInvalid

MOST_CHARACTERS = 4096
"""Of a pattern. AWS's guide says 2048 unless raised, its model 4096."""
TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard "
    "character"
)
_POINTED = re.compile(r'"[^"\\.]*\.[^"\\]*"\s*:')
"""A field's name with a point, or what looks like one."""


def compile_rule(text: str) -> Fields:
    """PatternInvalid. Not on the loop: a wildcard may take 100 ms to be called too complex, or not."""
    pattern = compile_known(text)
    if any(too_complex(wildcards) for leaf in _leaves(pattern) if (wildcards := _wildcards(leaf))):
        raise PatternInvalid(TOO_COMPLEX)
    return pattern


def compile_known(text: str) -> Fields:
    """As `compile_rule`, of what was taken by it before."""
    try:
        parsed = read(text)
    except ValueError:
        raise PatternInvalid("Invalid JSON") from None  # AWS says what its parser met
    try:
        return compile_parsed(_unfolded(parsed) if _POINTED.search(text) else parsed, RULE_OPERATORS, same_value)
    except FilterInvalid as refusal:
        raise PatternInvalid(refusal.why or "Invalid JSON") from None


def read_event(text: str) -> Any:
    """An event as patterns are asked about it. ValueError if it is no JSON."""
    event = read(text)
    return _unfolded(event) if _POINTED.search(text) else event


def _leaves(pattern: Fields) -> Iterator[Leaf]:
    for below in pattern.fields.values():
        if isinstance(below, Leaf):
            yield below
        else:
            yield from _leaves(below)
    for each in pattern.alternatives:
        yield from _leaves(each)


def _wildcards(leaf: Leaf) -> list[Wildcard]:
    tests = [inner for test in leaf.tests for inner in (test.unwanted if isinstance(test, AnythingBut) else (test,))]
    return [test for test in tests if isinstance(test, Wildcard)]


def _unfolded(value: Any) -> Any:
    """With objects in place of names that have points: `{"a.b": 1}` is `{"a": {"b": 1}}`."""
    if isinstance(value, list):
        return [_unfolded(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, inner in value.items():
        first, *others = name.split(".", _MOST_PARTS)
        below = _unfolded(inner)
        for part in reversed(others):
            below = {part: below}
        found[first] = _both(found[first], below) if first in found else below
    return found


_MOST_PARTS = 64
"""That a name is taken apart into; no pattern asks for more."""


def _both(one: Any, other: Any) -> Any:
    """What stands under a name that was written twice."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {
            **one,
            **{name: _both(one[name], value) if name in one else value for name, value in other.items()},
        }
    return [*_listed(one), *_listed(other)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
