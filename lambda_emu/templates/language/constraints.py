"""What a template asks of its parameters' values, for whoever says in words of its own what does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any

from msgspec import Struct

from lambda_emu.templates.language.patterns import Patterns, Unusable

LISTS = ("CommaDelimitedList", "List<")
MOST_CHARACTERS = 4096
HIDDEN = "****"
"""What is told of a value that nobody is shown."""
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")


class Rule(Enum):
    NUMBER = auto()
    ALLOWED = auto()
    PATTERN = auto()
    USABLE = auto()
    LEAST_LENGTH = auto()
    MOST_LENGTH = auto()
    LEAST = auto()
    MOST = auto()


class Broken(Struct, frozen=True):
    """bound: what the template says, as text. part: of the value, as it may be told."""

    rule: Rule
    bound: str
    part: str


def text_of(value: Any) -> str:
    """As CloudFormation writes a value: lists with commas, what is true as `true`."""
    if isinstance(value, list):
        return ",".join(map(text_of, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_hidden(declared: Any) -> bool:
    """NoEcho, so nobody is shown its value."""
    return isinstance(declared, Mapping) and text_of(declared.get("NoEcho")).lower() == "true"


def checked(declared: Mapping[str, Any], text: str, patterns: Patterns) -> tuple[Any, list[Broken]]:
    """The value that a parameter has by a text, lists as lists; and what it breaks."""
    is_list = str(declared.get("Type", "String")).startswith(LISTS)
    parts = [part.strip() for part in text.split(",")] if is_list else [text]
    broken = [*_of_text(declared, text, patterns)] if len(text) > MOST_CHARACTERS else []
    broken = broken or [*_of_parts(declared, parts), *_of_text(declared, text, patterns)]
    return parts if is_list else text, broken


def _of_parts(declared: Mapping[str, Any], parts: list[str]) -> Iterator[Broken]:
    listed = declared.get("AllowedValues")
    allowed = list(map(text_of, listed)) if isinstance(listed, list) else None
    for part in parts:
        shown = HIDDEN if is_hidden(declared) else repr(part)
        if "Number" in str(declared.get("Type")) and number_of(part) is None:
            yield Broken(Rule.NUMBER, "", shown)
        if allowed is not None and part not in allowed:
            yield Broken(Rule.ALLOWED, HIDDEN if is_hidden(declared) else ", ".join(allowed), shown)


def _of_text(declared: Mapping[str, Any], text: str, patterns: Patterns) -> Iterator[Broken]:
    shown = HIDDEN if is_hidden(declared) else repr(text)
    if len(text) > MOST_CHARACTERS:
        yield Broken(
            Rule.MOST_LENGTH, str(MOST_CHARACTERS), "what is given" if is_hidden(declared) else repr(text[:80])
        )
        return
    pattern = declared.get("AllowedPattern")
    if isinstance(pattern, str):
        try:
            if not patterns.matches(pattern, text):
                yield Broken(Rule.PATTERN, pattern, shown)
        except Unusable as error:
            yield Broken(Rule.USABLE, f"AllowedPattern {pattern[:256]!r} {error}", shown)
    measured: list[tuple[Rule, str, float]]
    measured = [(Rule.LEAST_LENGTH, "MinLength", len(text)), (Rule.MOST_LENGTH, "MaxLength", len(text))]
    if declared.get("Type") == "Number" and (number := number_of(text)) is not None:
        measured = [(Rule.LEAST, "MinValue", number), (Rule.MOST, "MaxValue", number)]
    for rule, name, found in measured:
        bound = number_of(declared.get(name))
        if bound is not None and (found < bound if rule in (Rule.LEAST_LENGTH, Rule.LEAST) else found > bound):
            yield Broken(rule, f"{bound:g}", shown)


def number_of(value: Any) -> float | None:
    text = text_of(value)
    return float(text) if _NUMBER.fullmatch(text) else None
