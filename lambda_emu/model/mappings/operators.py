"""What one value of a record can be asked by a filter pattern. docs/contract/events.md#filters.

The values that tests are made of can be looked at, so that many patterns may be found by them. What is refused is
refused in the words of AWS's published rule engine, which EventBridge tells and mappings do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from lambda_emu.model.mappings.addresses import in_network
from lambda_emu.model.mappings.refusals import FilterInvalid
from lambda_emu.model.mappings.wildcards import wildcard

Test = Callable[[Any], bool]


class Number(Struct, frozen=True):
    """A number as it was written: 300, 300.0 and 3.0e2 are three, but have the same value."""

    literal: str


# -- the same value -------------------------------------------------------------------------------


class Exactly(Struct, frozen=True):
    """The same value of the same type. identity: what both have then."""

    identity: Any
    identity_of: Callable[[Any], Any]

    def __call__(self, value: Any) -> bool:
        return bool(self.identity_of(value) == self.identity)


def exactly(wanted: Any) -> Test:
    """Numbers, read by us or Python's own, compare by how they are written."""
    return Exactly(_as_written(_scalar(wanted)), _as_written)


def same_value(wanted: Any) -> Test:
    """Numbers compare by their values, as AWS answers though it says otherwise: 300 is 300.0."""
    return Exactly(as_valued(_scalar(wanted)), as_valued)


def _scalar(wanted: Any) -> Any:
    if isinstance(wanted, list | dict):
        raise FilterInvalid("Match value must be String, number, true, false, or null")
    return wanted


def _as_written(value: Any) -> tuple[type, str]:
    if type(value) is str:
        return str, value
    if isinstance(value, Number):
        return Number, value.literal
    if type(value) in (int, float):
        return Number, json.dumps(value)
    return type(value), str(value)


def as_valued(value: Any) -> tuple[type, Any]:
    """What values are the same by, where numbers are by their values."""
    number = None if isinstance(value, str) else number_of(value)
    return _as_written(value) if number is None else (Number, number)


# -- texts ----------------------------------------------------------------------------------------


class Prefix(Struct, frozen=True):
    text: str

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and value.startswith(self.text)


class Suffix(Struct, frozen=True):
    text: str

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and value.endswith(self.text)


class Same(Struct, frozen=True):
    text: str

    def __call__(self, value: Any) -> bool:
        return bool(value == self.text)


class Folded(Struct, frozen=True):
    """A test of a text that asks for small letters, whatever the value has."""

    test: Test
    text: str

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and self.test(value.lower())


def _text(operand: Any, name: str) -> str:
    if not isinstance(operand, str):
        raise FilterInvalid(f"{name} match pattern must be a string")
    return operand


def _equals_ignore_case(operand: Any) -> Test:
    text = _text(operand, "equals-ignore-case").lower()
    return Folded(Same(text), text)


def _wildcard(operand: Any) -> Test:
    return wildcard(_text(operand, "wildcard"))


def _cidr(operand: Any) -> Test:
    return in_network(_text(operand, "prefix"))  # AWS's own word there


def _affix(name: str, make: Callable[[str], Test]) -> Callable[[Any], Test]:
    return lambda operand: make(_text(operand, name))


def _affix_in_any_case(name: str, make: Callable[[str], Test]) -> Callable[[Any], Test]:
    """Also an `equals-ignore-case` of what a text begins or ends with."""

    def made(operand: Any) -> Test:
        if not isinstance(operand, dict):
            return make(_text(operand, name))
        inner, text = only_member(operand)
        if inner != "equals-ignore-case":
            raise FilterInvalid(f"Unsupported {name} pattern: {inner}")
        text = _text(text, "equals-ignore-case").lower()
        return Folded(make(text), "")

    return made


# -- all but --------------------------------------------------------------------------------------

_ONE_OR_MANY = "Value of anything-but must be an array or single string/number value."
_AFFIX_IN_BUT = "prefix/suffix match pattern must be a string"
_OPERAND_IN_BUT: Mapping[str, str] = {
    "prefix": _AFFIX_IN_BUT,
    "suffix": _AFFIX_IN_BUT,
    "equals-ignore-case": ("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."),
    "wildcard": "wildcard match pattern must be a string",
}


class AnythingBut(Struct, frozen=True):
    unwanted: tuple[Test, ...]

    def __call__(self, value: Any) -> bool:
        return not any(test(value) for test in self.unwanted)


def _anything_but(operand: Any, of_text: Operators, same: Callable[[Any], Test]) -> Test:
    """The operand: a string or number, an array of either, or an operator on texts with one or several."""
    if isinstance(operand, dict):
        name, inner = only_member(operand)
        if name not in of_text:
            raise FilterInvalid(f"Unsupported anything-but pattern: {name}")
        return AnythingBut(tuple(_unwanted(name, item, of_text) for item in _as_list(inner)))
    items = _as_list(operand)
    kinds = {_kind(item) for item in items}
    if "other" in kinds:
        many = "Inside anything but list, start|null|boolean is not supported."
        raise FilterInvalid(many if isinstance(operand, list) else _ONE_OR_MANY)
    if len(kinds) != 1:
        raise FilterInvalid(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return AnythingBut(tuple(same(item) for item in items))


def _unwanted(name: str, item: Any, of_text: Operators) -> Test:
    if item is None or isinstance(item, bool | dict):
        raise FilterInvalid(_ONE_OR_MANY)
    if not isinstance(item, str):
        raise FilterInvalid(_OPERAND_IN_BUT[name])
    if not item and name in ("prefix", "suffix"):
        raise FilterInvalid("Null prefix/suffix not allowed")
    return of_text[name](item)


def _kind(item: Any) -> str:
    if isinstance(item, str):
        return "text"
    return "number" if isinstance(item, Number) or type(item) in (int, float) else "other"


def _as_list(operand: Any) -> Sequence[Any]:
    if operand == []:
        raise FilterInvalid("Empty arrays are not allowed")
    return operand if isinstance(operand, list) else [operand]


# -- numbers --------------------------------------------------------------------------------------

_COMPARISONS = ("=", "<", "<=", ">", ">=")
LOWEST, HIGHEST = Decimal("-Infinity"), Decimal("Infinity")


class Range(Struct, frozen=True):
    """Numbers between two bounds. over, under: whether the bound itself is left out."""

    lowest: Decimal = LOWEST
    over: bool = False
    highest: Decimal = HIGHEST
    under: bool = False

    def __call__(self, value: Any) -> bool:
        number = number_of(value)
        if number is None:
            return False
        is_above = number > self.lowest if self.over else number >= self.lowest
        return is_above and (number < self.highest if self.under else number <= self.highest)


def _numeric(operand: Any) -> Test:
    """One comparison, or a range: a lower bound followed by an upper one."""
    if not isinstance(operand, list):
        raise FilterInvalid("Value of numeric must be an array.")
    first, *_ = operand or [None]
    if not isinstance(first, str):
        raise FilterInvalid(f"Invalid member in numeric match: {_shown(first) if operand else ']'}")
    if first not in _COMPARISONS:
        raise FilterInvalid(f"Unrecognized numeric range operator: {first}")
    bound = _bound(operand, 0)
    if len(operand) > 2:
        top, under = _upper(operand, bound)
        return Range(bound, first == ">", top, under)
    if first == "=":
        return Range(bound, False, bound)
    return Range(bound, first == ">") if first.startswith(">") else Range(highest=bound, under=first == "<")


def _upper(operand: Sequence[Any], bottom: Decimal) -> tuple[Decimal, bool]:
    """The bound, and whether it is left out itself."""
    first, second = operand[0], operand[2]
    if not first.startswith(">"):
        raise FilterInvalid("Too many elements in numeric expression")
    if not isinstance(second, str):
        raise FilterInvalid(f"Bad value in numeric range: {_shown(second)}")
    if not second.startswith("<") or second not in _COMPARISONS:
        raise FilterInvalid(f"Bad numeric range operator: {second}")
    top = _bound(operand, 2)
    if len(operand) > 4:
        raise FilterInvalid("Too many terms in numeric range expression")
    if bottom >= top:
        raise FilterInvalid("Bottom must be less than top")
    return top, second == "<"


def _bound(operand: Sequence[Any], at: int) -> Decimal:
    """The number behind the comparison that stands there."""
    value = number_of(operand[at + 1]) if len(operand) > at + 1 else None
    if value is None:
        name = "equals" if operand[at] == "=" else operand[at]
        raise FilterInvalid(f"Value of {name} must be numeric")
    return value


def _shown(value: Any) -> str:
    """The beginning of what stands there, as JSON."""
    if isinstance(value, list | dict):
        return "[" if isinstance(value, list) else "{"
    return value.literal if isinstance(value, Number) else json.dumps(value)


def number_of(number: Any) -> Decimal | None:
    """None: no number, or one so large that not even Decimal takes it."""
    if not isinstance(number, Number) and type(number) not in (int, float):
        return None
    literal = _as_written(number)[1]
    return (_known if len(literal) <= MOST_KNOWN else _decimal)(literal)


def _decimal(literal: str) -> Decimal | None:
    try:
        value = Decimal(literal)
    except ArithmeticError:
        return None
    return value if value.is_finite() else None


MOST_KNOWN = 32
"""Characters of a number that is remembered: many patterns ask about one."""
_known = lru_cache(1024)(_decimal)


# -- the languages --------------------------------------------------------------------------------

Operators = Mapping[str, Callable[[Any], Test]]


def _operators(of_text: Operators, same: Callable[[Any], Test] = exactly) -> Operators:
    return {**of_text, "anything-but": lambda operand: _anything_but(operand, of_text, same), "numeric": _numeric}


_OF_TEXT: Operators = {
    "prefix": _affix("prefix", Prefix),
    "suffix": _affix("suffix", Suffix),
    "equals-ignore-case": _equals_ignore_case,
}
_WITH_WILDCARD: Operators = {**_OF_TEXT, "wildcard": _wildcard}
OPERATORS = _operators(_OF_TEXT)
"""Those of event source mappings."""
WIDE_OPERATORS: Operators = {**_operators(_WITH_WILDCARD), "cidr": _cidr}
"""Those of SNS, which has more."""
RULE_OPERATORS: Operators = {
    **_operators(_WITH_WILDCARD, same_value),
    "prefix": _affix_in_any_case("prefix", Prefix),
    "suffix": _affix_in_any_case("suffix", Suffix),
    "cidr": _cidr,
}
"""Those of EventBridge's rules."""


def only_member(value: Mapping[str, Any]) -> tuple[str, Any]:
    """An operator is an object of one member."""
    if not value:
        raise FilterInvalid("Match expression name not found")
    if len(value) != 1:
        raise FilterInvalid("Only one key allowed in match expression")
    return next(iter(value.items()))
