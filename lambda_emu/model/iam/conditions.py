"""Conditions of policies: operators, and when they hold.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from msgspec import Struct

from lambda_emu.model.iam.patterns import Context, Pattern, arn_pattern, matches_arn

Compare = Callable[[Any, str, Context], bool]
Prepare = Callable[[str, bool], Any]
"""Makes of a value of a policy what is compared with; ValueError: nothing is like it."""
IF_EXISTS = "IfExists"
FOR_ALL, FOR_ANY = "ForAllValues", "ForAnyValue"


class Operator(NamedTuple):
    """negated: it holds where none of its values is matched."""

    prepare: Prepare
    compare: Compare
    negated: bool = False


class Test(Struct, frozen=True):
    """What one operator says of one key. operator: None: there is none of this name; values: as it prepared them."""

    key: str
    operator: Operator | None
    values: tuple[Any, ...]
    quantifier: str = ""
    if_exists: bool = False
    is_null: bool = False

    def holds(self, context: Context, *, is_whole: bool) -> bool | None:
        """None: that is not known. is_whole: what the context has not is not there; else it may be."""
        told = context.get(self.key)
        if self.is_null:
            return any((told is None) is wanted for wanted in self.values)
        if self.operator is None:
            return None
        if told is None or told == ():
            return self._of_nothing(is_whole=is_whole)
        given = (told,) if isinstance(told, str) else told
        found = (self._matches(each, context) is not self.operator.negated for each in given)
        if self.quantifier:
            return all(found) if self.quantifier == FOR_ALL else any(found)
        return any(self._matches(each, context) for each in given) is not self.operator.negated

    def _of_nothing(self, *, is_whole: bool) -> bool | None:
        assert self.operator is not None
        if self.quantifier:
            return self.quantifier == FOR_ALL
        if self.if_exists:
            return True
        return self.operator.negated if is_whole else None

    def _matches(self, told: str, context: Context) -> bool:
        assert self.operator is not None
        return any(self.operator.compare(value, told, context) for value in self.values)


def read_conditions(block: Mapping[str, Any], *, has_variables: bool) -> tuple[Test, ...]:
    """What is no condition is one of an operator that nobody knows."""
    tests = []
    for name, keys in block.items():
        quantifier, _, base = name.rpartition(":")
        if_exists = base.endswith(IF_EXISTS)
        base = base.removesuffix(IF_EXISTS)
        operator = OPERATORS.get(base) if quantifier in ("", FOR_ALL, FOR_ANY) else None
        is_null = base == "Null" and not quantifier
        for key, values in keys.items() if isinstance(keys, dict) else [("", [])]:
            texts = [text_of(value) for value in (values if isinstance(values, list) else [values])]
            wanted = [text.lower() == "true" for text in texts]
            prepared = wanted if is_null else _prepared(operator, texts, has_variables)
            tests.append(Test(key.lower(), operator, tuple(prepared), quantifier, if_exists, is_null))
    return tuple(tests)


def all_hold(tests: Sequence[Test], context: Context, *, is_whole: bool = True) -> bool | None:
    """Whether all do; None: none is known not to, and one is not known."""
    known: bool | None = True
    for test in tests:
        holds = test.holds(context, is_whole=is_whole)
        if holds is False:
            return False
        known = known if holds else None
    return known


def text_of(value: Any) -> str:
    """As JSON writes a scalar."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _prepared(operator: Operator | None, texts: Sequence[str], has_variables: bool) -> list[Any]:
    """What nothing is like is left out."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(text if operator is None else operator.prepare(text, has_variables))
    return found


def _exactly(text: str, has_variables: bool) -> Pattern:
    return Pattern(text, has_variables=has_variables, is_wild=False)


def _like(text: str, has_variables: bool) -> Pattern:
    return Pattern(text, has_variables=has_variables)


def _folded(text: str, has_variables: bool) -> Pattern:
    return _exactly(text.lower(), has_variables)


def _arn(text: str, has_variables: bool) -> tuple[Pattern, ...]:
    return arn_pattern(text, has_variables=has_variables)


def _matches_folded(pattern: Pattern, told: str, context: Context) -> bool:
    folded = {key: _lower(value) for key, value in context.items()} if pattern.is_open else {}
    return pattern.matches(told.lower(), folded)


def _lower(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return value.lower() if isinstance(value, str) else value


def moment_s(text: str) -> float:
    """Of ISO 8601 or seconds of the epoch; ValueError."""
    try:
        return float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _number(text: str, _: bool) -> float:
    return float(text)


def _moment(text: str, _: bool) -> float:
    return moment_s(text)


def _compared(read: Callable[[str], float], holds: Callable[[float, float], bool]) -> Compare:
    def compare(wanted: float, told: str, _: Context) -> bool:
        try:
            return holds(read(told), wanted)
        except ValueError:
            return False

    return compare


def _is_within(network: Any, told: str, _: Context) -> bool:
    try:
        return ip_address(told) in network
    except ValueError:
        return False


_ORDERS: Mapping[str, tuple[Callable[[float, float], bool], bool]] = {
    "Equals": (float.__eq__, False),
    "NotEquals": (float.__eq__, True),
    "LessThan": (float.__lt__, False),
    "LessThanEquals": (float.__le__, False),
    "GreaterThan": (float.__gt__, False),
    "GreaterThanEquals": (float.__ge__, False),
}
_MATCHED: Mapping[str, tuple[Prepare, Compare]] = {
    "String{}Equals": (_exactly, Pattern.matches),
    "String{}EqualsIgnoreCase": (_folded, _matches_folded),
    "String{}Like": (_like, Pattern.matches),
    "Arn{}Equals": (_arn, matches_arn),
    "Arn{}Like": (_arn, matches_arn),
    "{}IpAddress": (lambda text, _: ip_network(text, strict=False), _is_within),
}
OPERATORS: Mapping[str, Operator] = {
    **{name.format(""): Operator(*both) for name, both in _MATCHED.items()},
    **{name.format("Not"): Operator(*both, negated=True) for name, both in _MATCHED.items()},
    **{f"Numeric{name}": Operator(_number, _compared(float, by), not_) for name, (by, not_) in _ORDERS.items()},
    **{f"Date{name}": Operator(_moment, _compared(moment_s, by), not_) for name, (by, not_) in _ORDERS.items()},
    "Bool": Operator(_folded, _matches_folded),
    "BinaryEquals": Operator(_exactly, Pattern.matches),
}
"""By name; `Null` is none of them, as it alone asks what is not there."""
