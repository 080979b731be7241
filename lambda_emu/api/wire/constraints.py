"""What botocore's model demands of one value, with AWS's words for it. docs/contract/api.md#validation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.api.wire import quirks
from lambda_emu.text.java import hash_order, utf16_length

NOT_NULL = "Member must not be null"
NO_DEFINITION: Mapping[str, Any] = {}


class Constraint(Struct, frozen=True):
    """A demand: `holds` decides it for a value, `text` is how AWS states it."""

    text: str
    holds: Callable[[Any], bool]


def constraints_of(
    name: str, definition: Mapping[str, Any], item: Mapping[str, Any] = NO_DEFINITION
) -> tuple[Constraint, ...]:
    """The constraints of the shape `name`, in the order in which AWS lists them. item: what a list's items are."""
    return (*_range(definition), *_pattern(name, definition), *_enum(name, definition), *_enum_of_list(name, item))


def _range(definition: Mapping[str, Any]) -> Iterator[Constraint]:
    number = definition["type"] in ("integer", "long", "float", "double")
    noun, measure = ("value", _itself) if number else ("length", _length)
    if (highest := definition.get("max")) is not None:
        text = f"Member must have {noun} less than or equal to {highest}"
        yield Constraint(text, lambda value: measure(value) <= highest)
    if (lowest := definition.get("min")) is not None:
        text = f"Member must have {noun} greater than or equal to {lowest}"
        yield Constraint(text, lambda value: measure(value) >= lowest)


def _itself(value: Any) -> Any:
    return value


def _length(value: Any) -> int:
    return utf16_length(value) if isinstance(value, str) else len(value)


def _pattern(name: str, definition: Mapping[str, Any]) -> Iterator[Constraint]:
    if (pattern := quirks.PATTERNS.get(name) or definition.get("pattern")) is not None:
        yield Constraint(f"Member must satisfy regular expression pattern: {pattern}", _matching(pattern))


def _matching(pattern: str) -> Callable[[Any], bool]:
    """Whether a value matches; compiled for the first one, as most patterns of the model never have any."""
    matches: Callable[[Any], Any] | None = None

    def holds(value: Any) -> bool:
        nonlocal matches
        if matches is None:
            matches = translate(pattern).fullmatch
        return matches(value) is not None

    return holds


def translate(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Java's dialect, where \\d and \\w are ASCII; quirks has what AWS does otherwise."""
    unicode_classes = r"\p{" in pattern
    for java, python in quirks.PATTERN_PARTS:
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.NOFLAG if unicode_classes else re.ASCII)


def _enum(name: str, definition: Mapping[str, Any]) -> Iterator[Constraint]:
    values = definition.get("enum")
    if values and name not in quirks.ENUMS_CHECKED_BY_RULES:
        shown = quirks.ENUM_ORDER.get(name) or hash_order(values)
        yield Constraint(_enum_text(shown), frozenset((*values, *shown)).__contains__)


def _enum_of_list(name: str, item: Mapping[str, Any]) -> Iterator[Constraint]:
    """Of runtimes; all that the model knows pass, those that are retired or came after the recorded answer too."""
    if listed := quirks.LISTS_OF_RUNTIMES.get(name):
        allowed = {*listed, *item.get("enum", ())}
        yield Constraint(_enum_text(listed), allowed.issuperset)


def _enum_text(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"
