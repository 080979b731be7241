"""What one value of a record can be asked by a filter pattern. docs/contract/events.md#filters."""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from lambda_emu.model.mappings.refusals import FilterInvalid

Test = Callable[[Any], bool]
_WILD = re.compile(r"\*\*|\\[*\\]|.", re.DOTALL)


class Number(Struct, frozen=True):
    """A number as it was written: 300, 300.0 and 3.0e2 are three, but have the same value."""

    literal: str


def exactly(wanted: Any) -> Test:
    """The same value of the same type. Numbers, read by us or Python's own, compare by how they are written."""
    if isinstance(wanted, list | dict):
        raise FilterInvalid
    kind_and_text = _identity(wanted)
    return lambda value: _identity(value) == kind_and_text


def _identity(value: Any) -> tuple[type, str]:
    if isinstance(value, Number):
        return Number, value.literal
    if type(value) in (int, float):
        return Number, json.dumps(value)
    return type(value), str(value)


def _text(operand: Any) -> str:
    if not isinstance(operand, str):
        raise FilterInvalid
    return operand


def _prefix(operand: Any) -> Test:
    wanted = _text(operand)
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def _suffix(operand: Any) -> Test:
    wanted = _text(operand)
    return lambda value: isinstance(value, str) and value.endswith(wanted)


def _equals_ignore_case(operand: Any) -> Test:
    wanted = _text(operand).lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _wildcard(operand: Any) -> Test:
    """`*` stands for any characters; it and `\\` may be meant themselves behind a `\\`."""
    pieces = _WILD.findall(_text(operand))
    if "**" in pieces:
        raise FilterInvalid
    parts = [""]
    for piece in pieces:
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[-1]
    first, *between = parts
    return lambda value: isinstance(value, str) and _has_parts(value, first, between)


def _has_parts(value: str, first: str, others: Sequence[str]) -> bool:
    """Whether it begins with the first one, ends with the last one, and has those between in their order."""
    if not others:
        return value == first
    if not value.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = value.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(value) - at >= len(others[-1]) and value.endswith(others[-1])


def _cidr(operand: Any) -> Test:
    try:
        network = ipaddress.ip_network(_text(operand), strict=False)
    except ValueError:
        raise FilterInvalid from None

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _anything_but(operand: Any, of_text: Mapping[str, Callable[[Any], Test]]) -> Test:
    """The operand: a string or number, an array of either, or an operator on texts with one or several."""
    if isinstance(operand, dict):
        name, inner = only_member(operand)
        if name not in of_text:
            raise FilterInvalid
        unwanted = [of_text[name](item) for item in _as_list(inner)]
    else:
        items = _as_list(operand)
        if {_kind(item) for item in items} not in ({"text"}, {"number"}):
            raise FilterInvalid
        unwanted = [exactly(item) for item in items]
    return lambda value: not any(test(value) for test in unwanted)


def _kind(item: Any) -> str:
    if isinstance(item, str):
        return "text"
    return "number" if isinstance(item, Number) or type(item) in (int, float) else "other"


def _as_list(operand: Any) -> Sequence[Any]:
    if operand == []:
        raise FilterInvalid
    return operand if isinstance(operand, list) else [operand]


_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _numeric(operand: Any) -> Test:
    """One comparison, or a range: a lower bound followed by an upper one."""
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise FilterInvalid
    comparisons = [(_comparison(operand[at]), _bound(operand[at + 1])) for at in range(0, len(operand), 2)]
    if len(operand) == 4 and not _is_range(operand[0], operand[2], comparisons[0][1], comparisons[1][1]):
        raise FilterInvalid

    def test(value: Any) -> bool:
        number = _value(value)
        return number is not None and all(compare(number, bound) for compare, bound in comparisons)

    return test


def _is_range(first: str, second: str, bottom: Decimal, top: Decimal) -> bool:
    return first.startswith(">") and second.startswith("<") and bottom < top


def _comparison(symbol: Any) -> Callable[[Decimal, Decimal], bool]:
    if not isinstance(symbol, str) or symbol not in _COMPARISONS:
        raise FilterInvalid
    return _COMPARISONS[symbol]


def _bound(number: Any) -> Decimal:
    value = _value(number)
    if value is None:
        raise FilterInvalid
    return value


def _value(number: Any) -> Decimal | None:
    """None: no number, or one so large that not even Decimal takes it."""
    if not isinstance(number, Number) and type(number) not in (int, float):
        return None
    try:
        value = Decimal(_identity(number)[1])
    except ArithmeticError:
        return None
    return value if value.is_finite() else None


Operators = Mapping[str, Callable[[Any], Test]]


def _operators(of_text: Operators) -> Operators:
    return {**of_text, "anything-but": lambda operand: _anything_but(operand, of_text), "numeric": _numeric}


_OF_TEXT: Operators = {"prefix": _prefix, "suffix": _suffix, "equals-ignore-case": _equals_ignore_case}
OPERATORS = _operators(_OF_TEXT)
"""Those of event source mappings."""
WIDE_OPERATORS: Operators = {**_operators({**_OF_TEXT, "wildcard": _wildcard}), "cidr": _cidr}
"""Those of SNS, which has more."""


def only_member(value: Mapping[str, Any]) -> tuple[str, Any]:
    """An operator is an object of one member."""
    if len(value) != 1:
        raise FilterInvalid
    return next(iter(value.items()))
