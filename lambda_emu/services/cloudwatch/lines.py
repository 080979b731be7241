"""What metric math works with: lines of values in time, numbers, and several lines together."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from lambda_emu.services.cloudwatch.errors import ValidationFailed


class Line(Struct, frozen=True):
    """points: values by seconds since the epoch, the earliest first; there need not be one for each period."""

    points: Mapping[int, float]
    period_s: int
    label: str = ""
    id: str = ""

    def each(self, change: Callable[[float], float | None]) -> Line:
        """A point for which there is no such value is left out."""
        changed = {at: change(value) for at, value in self.points.items()}
        return self.with_points({at: value for at, value in changed.items() if value is not None})

    def with_points(self, points: Mapping[int, float]) -> Line:
        return Line(points, self.period_s, self.label, self.id)


Value = float | Line | Sequence[Line]


def _divide(one: float, other: float) -> float | None:
    return one / other if other else None


def _power(one: float, other: float) -> float | None:
    try:
        found = math.pow(one, other)
    except (ValueError, OverflowError):
        return None
    return found


def _test(compare: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda one, other: float(compare(one, other))


OPERATORS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "<": _test(operator.lt),
    ">": _test(operator.gt),
    "<=": _test(operator.le),
    ">=": _test(operator.ge),
    "==": _test(operator.eq),
    "!=": _test(operator.ne),
    "&&": _test(lambda one, other: bool(one and other)),
    "||": _test(lambda one, other: bool(one or other)),
}


def combine(sign: str, one: Value, other: Value) -> Value:
    """An operator between two; of two lines where both have a point. ValidationFailed for two arrays."""
    apply = OPERATORS[sign]
    if isinstance(one, float) and isinstance(other, float):
        found = apply(one, other)
        if found is None:
            raise ValidationFailed(f"{one:g} {sign} {other:g} has no value")
        return found
    if isinstance(one, float):
        return each_line(other, lambda line: line.each(lambda value: apply(one, value)))
    if isinstance(other, float):
        return each_line(one, lambda line: line.each(lambda value: apply(value, other)))
    if isinstance(one, Line) and isinstance(other, Line):
        return _both(one, other, apply)
    if isinstance(one, Line):
        return each_line(other, lambda line: line.with_points(_both(one, line, apply).points))
    if isinstance(other, Line):
        return each_line(one, lambda line: _both(line, other, apply))
    raise ValidationFailed(f"{sign} stands between two arrays of time series")


def each_line(value: Value, change: Callable[[Line], Line]) -> Value:
    """A line or an array, changed."""
    if isinstance(value, float):
        raise ValidationFailed("a time series is expected where there is a number")
    return change(value) if isinstance(value, Line) else [change(line) for line in value]


def _both(one: Line, other: Line, apply: Callable[[float, float], float | None]) -> Line:
    common = {at: apply(value, other.points[at]) for at, value in one.points.items() if at in other.points}
    return one.with_points({at: value for at, value in common.items() if value is not None})
