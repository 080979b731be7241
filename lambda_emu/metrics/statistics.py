"""The statistics of values: exact figures, and how the values are spread, in bounded room."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

DISTINCT = 150
"""So many different values are kept as they are; more are kept within 1 % of what they are."""
STEP = math.log(1.02)
SMALLEST = 1e-9
"""Nearer to zero is zero, where values are not kept as they are."""


class Statistics:
    """Of values. spread: how often each came, as far as that is known; all came `count` times."""

    __slots__ = ("_condensed", "count", "max", "min", "spread", "sum")

    def __init__(self) -> None:
        self.count = 0.0
        self.sum = 0.0
        self.min = math.inf
        self.max = -math.inf
        self.spread: dict[float, float] = {}
        self._condensed = False

    @classmethod
    def of(cls, values: Sequence[float]) -> Statistics:
        """Each of these once."""
        made = cls()
        if values:
            made.count, made.sum, made.min, made.max = float(len(values)), sum(values), min(values), max(values)
        for value in values:
            made._spread(value, 1.0)
        return made

    @classmethod
    def summed_up(cls, count: float, sum: float, min: float, max: float) -> Statistics:
        """Of values of which no more is known; how they are spread only where all are the same."""
        made = cls()
        made.count, made.sum, made.min, made.max = count, sum, min, max
        if min == max:
            made.spread = {min: count}
        return made

    def add(self, value: float, times: float = 1.0) -> None:
        self.count += times
        self.sum += value * times
        if value < self.min:  # noqa: PLR1730 - it is on the way of events
            self.min = value
        if value > self.max:  # noqa: PLR1730
            self.max = value
        self._spread(value, times)

    def merge(self, other: Statistics) -> None:
        """All that was added to the other was added to this one as well."""
        self.count += other.count
        self.sum += other.sum
        self.min = min(self.min, other.min)
        self.max = max(self.max, other.max)
        for value, times in other.spread.items():
            self._spread(value, times)

    def _spread(self, value: float, times: float) -> None:
        if self._condensed:
            value = nearest(value)
        spread = self.spread
        spread[value] = spread.get(value, 0.0) + times
        if len(spread) > DISTINCT and not self._condensed:
            self._condensed, self.spread = True, {}
            for each, its_times in spread.items():
                self._spread(each, its_times)

    # -- in the file ------------------------------------------------------------------------------

    def pack(self) -> bytes | None:
        """The spread; None where the other figures tell it."""
        if self.min == self.max:
            return None
        return array("d", (number for pair in self.spread.items() for number in pair)).tobytes()

    @classmethod
    def unpack(cls, count: float, sum: float, min: float, max: float, packed: bytes | None) -> Statistics:
        made = cls.summed_up(count, sum, min, max)
        if packed is not None:
            numbers = array("d", packed)
            made.spread = dict(zip(numbers[::2], numbers[1::2], strict=True))
            made._condensed = len(made.spread) > DISTINCT
        return made


def nearest(value: float) -> float:
    """The same for all values that differ by less than 2 %, and of itself itself."""
    if abs(value) < SMALLEST:
        return 0.0
    return math.copysign(math.exp((math.floor(math.log(abs(value)) / STEP) + 0.5) * STEP), value)
