"""What a pattern is for those who use it, and how it compares a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

from msgspec import Struct

from lambda_emu.services.logs.patterns.reading import PatternInvalid, Scanner
from lambda_emu.services.logs.patterns.regex import Regex

OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
MOST_DIGITS = 64
BARE = re.compile(r"[^\s\"%()\[\]{},&|=<>!]+")

Value = str | int | float | bool | None


class FilterPattern(Protocol):
    """What an event must have."""

    def match(self, message: str) -> Mapping[str, str] | None:
        """The values that the pattern names, as they stand in the event; None: it does not match."""


class Glob(Struct, frozen=True):
    """A text in which asterisks stand for any characters."""

    parts: tuple[str, ...]

    def fits(self, text: str) -> bool:
        first, *rest = self.parts
        if not rest:
            return text == first
        last = rest.pop()
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in rest:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


class Comparison(Struct, frozen=True, eq=False):
    """operator: one of OPERATORS. wanted: what stands behind it."""

    operator: str
    wanted: Glob | Regex | Decimal
    text: str

    def holds(self, value: Value) -> bool:
        if isinstance(self.wanted, Decimal):
            number = number_of(value)
            if number is not None:
                return _ordered(self.operator, number, self.wanted)
            return _negated(self.operator, value == self.text)
        if value is None or self.operator not in ("=", "!="):
            return False
        text = text_of(value)
        fits = self.wanted.finds(text) if isinstance(self.wanted, Regex) else self.wanted.fits(text)
        return _negated(self.operator, fits)


def read_comparison(scanner: Scanner) -> Comparison:
    """An operator and what it compares with. PatternInvalid."""
    operator = scanner.take(*OPERATORS)
    if operator is None:
        raise scanner.wrong("an operator is missing")
    scanner.skip()
    if scanner.peek() == "%":
        text = scanner.regex()
        found: Glob | Regex | Decimal = Regex(text)
    elif scanner.peek() == '"':
        text = scanner.quoted()
        found = Glob(tuple(text.split("*")))
    else:
        text = scanner.word(BARE) or ""
        if not text:
            raise scanner.wrong("a value is missing")
        number = number_of(text)
        found = Glob(tuple(text.split("*"))) if number is None else number
    if operator not in ("=", "!=") and not isinstance(found, Decimal):
        raise PatternInvalid(f"Invalid filter pattern: {operator} takes a number")
    return Comparison(operator, found, text)


def number_of(value: Value) -> Decimal | None:
    """What it is as a number, if it is one."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value)
    if len(text) > MOST_DIGITS or not NUMBER.match(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def text_of(value: Value) -> str:
    """As JSON has it, without quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _ordered(operator: str, value: Decimal, wanted: Decimal) -> bool:
    if operator in ("=", "!="):
        return _negated(operator, value == wanted)
    if operator.startswith(">"):
        return value > wanted or (operator == ">=" and value == wanted)
    return value < wanted or (operator == "<=" and value == wanted)


def _negated(operator: str, is_equal: bool) -> bool:
    return is_equal if operator == "=" else operator == "!=" and not is_equal
