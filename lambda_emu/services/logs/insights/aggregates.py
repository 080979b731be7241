"""What `stats` makes of many events: each aggregate takes values and says its own in the end."""

from __future__ import annotations

import math
from typing import Protocol

from lambda_emu.services.logs.insights.expressions import number_of, order_of
from lambda_emu.services.logs.insights.rows import Value


class Aggregate(Protocol):
    """kept: how many values it holds on to."""

    @property
    def kept(self) -> int: ...

    def add(self, value: Value, at_ms: float) -> None: ...

    def result(self) -> Value: ...


class Count:
    kept = 0

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: Value, at_ms: float) -> None:
        self._count += value is not None

    def result(self) -> Value:
        return self._count


class Moments:
    """sum, avg, min, max, stddev of numbers."""

    kept = 0

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._count, self._sum, self._mean, self._squares = 0, 0.0, 0.0, 0.0
        self._least, self._most = math.inf, -math.inf

    def add(self, value: Value, at_ms: float) -> None:
        number = number_of(value)
        if number is None:
            return
        self._count += 1
        self._sum += number
        apart = number - self._mean
        self._mean += apart / self._count
        self._squares += apart * (number - self._mean)
        self._least, self._most = min(self._least, number), max(self._most, number)

    def result(self) -> Value:
        if not self._count:
            return None
        if self._kind == "stddev":
            return math.sqrt(self._squares / self._count)
        return {"sum": self._sum, "avg": self._mean, "min": self._least, "max": self._most}[self._kind]


class Percentile:
    def __init__(self, percent: float) -> None:
        self._percent = percent
        self._values: list[float] = []

    @property
    def kept(self) -> int:
        return len(self._values)

    def add(self, value: Value, at_ms: float) -> None:
        number = number_of(value)
        if number is not None:
            self._values.append(number)

    def result(self) -> Value:
        values = sorted(self._values)
        if not values:
            return None
        place = (len(values) - 1) * self._percent / 100
        low = math.floor(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)


class Distinct:
    def __init__(self) -> None:
        self._values: set[Value] = set()

    @property
    def kept(self) -> int:
        return len(self._values)

    def add(self, value: Value, at_ms: float) -> None:
        if value is not None:
            self._values.add(value)

    def result(self) -> Value:
        return len(self._values)


class Outermost:
    """The value of the earliest or latest event, or that which sorts first or last."""

    kept = 0

    def __init__(self, kind: str) -> None:
        self._by_time = kind in ("earliest", "latest")
        self._wants_first = kind in ("earliest", "sortsfirst")
        self._value: Value = None
        self._place: tuple[float, ...] | tuple[int, float, str] | None = None

    def add(self, value: Value, at_ms: float) -> None:
        if value is None:
            return
        place = (at_ms,) if self._by_time else order_of(value)
        if self._place is None or ((place < self._place) if self._wants_first else (place > self._place)):
            self._value, self._place = value, place

    def result(self) -> Value:
        return self._value


PLAIN = ("sum", "avg", "min", "max", "stddev")
OUTERMOST = ("earliest", "latest", "sortsfirst", "sortslast")
NAMES = ("count", "count_distinct", "pct", *PLAIN, *OUTERMOST)


def make(kind: str, percent: float) -> Aggregate:
    if kind == "count":
        return Count()
    if kind == "count_distinct":
        return Distinct()
    if kind == "pct":
        return Percentile(percent)
    return Outermost(kind) if kind in OUTERMOST else Moments(kind)
