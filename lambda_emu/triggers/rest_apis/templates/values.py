"""Values of templates as Java has them: their texts, their truth, which are equal. Bounded by what may be spent.

Text, numbers, truth, lists, maps, None, and tools, which a template may ask for what they have, and nothing else of
them. A list as Python has it came from JSON, and its text is JSON; one that a template makes is a JavaList.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import isfinite, isnan
from typing import Any, NamedTuple

from lambda_emu.triggers.rest_apis.templates.budget import MOST_DEEP, Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateTooLong

Value = Any
LONG = 1 << 63


class JavaList(list[Value]):
    """Its text is as Java has it: `[a, b]`."""


class Entry(NamedTuple):
    """Of a map."""

    key: Value
    value: Value


class Tool(NamedTuple):
    """`$input`, `$util`. properties: found when they are asked for."""

    methods: Mapping[str, Callable[..., Value]]
    properties: Mapping[str, Callable[[], Value]] = {}


def text_of(value: Value, budget: Budget, deep: int = 0, *, nothing: str = "") -> str:
    """As `toString` has it; of nothing, what is said."""
    if isinstance(value, str):
        return value
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return double_text(value)
    return _text_of_many(value, budget, deep)


def _text_of_many(value: Value, budget: Budget, deep: int) -> str:
    _check(deep)
    if isinstance(value, (dict, list)):
        budget.spend(len(value))
    if isinstance(value, Entry):
        key, of_key = text_of(value.key, budget, deep + 1), text_of(value.value, budget, deep + 1, nothing="null")
        budget.make(len(key) + len(of_key))
        return f"{key}={of_key}"
    if isinstance(value, dict):
        parts = [_text_of_many(Entry(key, of_key), budget, deep + 1) for key, of_key in value.items()]
        return _joined("{", parts, "}", budget)
    if isinstance(value, JavaList):
        return _joined("[", [text_of(item, budget, deep + 1, nothing="null") for item in value], "]", budget)
    return json_text(value, budget, deep) if isinstance(value, list) else ""


def json_text(value: Value, budget: Budget, deep: int = 0) -> str:
    """Without spaces."""
    _check(deep)
    if isinstance(value, (dict, list)):
        budget.spend(len(value))
    if isinstance(value, list):
        return _joined("[", [json_text(item, budget, deep + 1) for item in value], "]", budget, ",")
    if isinstance(value, dict):
        pairs = [
            f"{json_text(text_of(key, budget, deep + 1), budget)}:{json_text(of_key, budget, deep + 1)}"
            for key, of_key in value.items()
        ]
        return _joined("{", pairs, "}", budget, ",")
    if isinstance(value, str):
        budget.make(len(value))
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else text_of(value, budget, deep)


def _joined(begin: str, parts: list[str], end: str, budget: Budget, between: str = ", ") -> str:
    budget.make(sum(map(len, parts)) + len(parts) * len(between))
    return f"{begin}{between.join(parts)}{end}"


def double_text(value: float) -> str:
    """As Java prints a double."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else f"{value:f}"
    digits, _, power = repr(value).partition("e")
    if not power:
        digits, _, power = f"{value:.17e}".partition("e")
        digits = repr(float(digits))
    return f"{digits if '.' in digits else digits + '.0'}E{int(power)}"


def is_true(value: Value) -> bool:
    """Neither nothing, nor false, nor empty, nor zero, as in Velocity 2 (?)."""
    return bool(value) if isinstance(value, (str, list, dict, int, float)) or value is None else True


def are_equal(left: Value, right: Value, budget: Budget, deep: int = 0) -> bool:
    """Nothing equals an empty text: API Gateway has that in its place."""
    _check(deep)
    budget.spend()
    if left is right:
        return True
    if left is None or right is None:
        return "" in (left, right)
    if isinstance(left, str) and isinstance(right, str):
        budget.read(left)
        return left == right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            key in right and are_equal(value, right[key], budget, deep + 1) for key, value in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(are_equal(one, other, budget, deep + 1) for one, other in pairs)
    return text_of(left, budget, deep) == text_of(right, budget, deep)


def is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def long(value: int) -> int:
    """As it wraps around."""
    return value if -LONG <= value < LONG else (value + LONG) % (2 * LONG) - LONG


def copied(value: Value, deep: int = 0) -> Value:
    """So that a template changes nothing but its own."""
    _check(deep)
    if isinstance(value, Mapping):
        return {str(key): copied(of_key, deep + 1) for key, of_key in value.items()}
    if isinstance(value, (list, tuple)):
        return JavaList(copied(item, deep + 1) for item in value)
    return value


def _check(deep: int) -> None:
    if deep > MOST_DEEP:
        raise TemplateTooLong(f"Values lie more than {MOST_DEEP} deep in each other")
