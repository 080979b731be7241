"""What is asked of the values of a metric: CloudWatch's statistics by name, extended ones too."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from lambda_emu.metrics.statistics import Statistics

Figure = Callable[[Statistics], float | None]
"""None: there is no such figure of these values."""

SIMPLE: Mapping[str, Figure] = {
    "SampleCount": lambda of: of.count,
    "Sum": lambda of: of.sum,
    "Average": lambda of: of.sum / of.count if of.count else None,
    "Minimum": lambda of: of.min,
    "Maximum": lambda of: of.max,
}
_SHORT = re.compile(r"(p|tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100)")
_RANGE = re.compile(r"(TM|TC|TS|WM|PR)\((-?[\d.]+%?)?:(-?[\d.]+%?)?\)")


class Bounds(NamedTuple):
    """A part of the values: from and to, each in per cent of them, or as a value."""

    low: float
    high: float
    in_percent: bool


def figure(name: str) -> Figure | None:
    """The statistic of this name, extended ones too; None: CloudWatch knows no such."""
    if name in SIMPLE:
        return SIMPLE[name]
    if name in ("IQM", "iqm"):
        return _trimmed("TM", Bounds(25, 75, in_percent=True))
    short = _SHORT.fullmatch(name)
    if short is not None:
        kind, number = short[1], float(short[2])
        if kind == "p":
            return lambda of: percentile(of, number)
        return _trimmed(kind.upper(), Bounds(0, number, in_percent=True))
    ranged = _RANGE.fullmatch(name)
    return None if ranged is None else _of_range(ranged[1], ranged[2], ranged[3])


def percentile(of: Statistics, percent: float) -> float | None:
    """The least value that so many per cent of all do not exceed; of condensed ones within 1 %."""
    if not of.spread:
        return None
    goal, passed = _weight(of.spread) * percent / 100, 0.0
    for value in sorted(of.spread):
        passed += of.spread[value]
        if passed >= goal - 1e-9:
            return min(max(value, of.min), of.max)
    return of.max


def _of_range(kind: str, low: str | None, high: str | None) -> Figure | None:
    given = [bound for bound in (low, high) if bound is not None]
    shares = [bound for bound in given if bound.endswith("%")]
    if not given or len(shares) not in (0, len(given)):
        return None
    try:
        numbers = [None if bound is None else float(bound.removesuffix("%")) for bound in (low, high)]
    except ValueError:
        return None
    in_percent = bool(shares)
    least, most = (0.0, 100.0) if in_percent else (-math.inf, math.inf)
    bounds = Bounds(least if numbers[0] is None else numbers[0], most if numbers[1] is None else numbers[1], in_percent)
    if kind == "PR":
        return None if in_percent else partial(_rank, bounds=bounds)
    return _trimmed(kind, bounds)


def _rank(of: Statistics, bounds: Bounds) -> float | None:
    """How many per cent of the values lie within."""
    return 100 * _weight(_within(of, bounds)) / _weight(of.spread) if of.spread else None


def _trimmed(kind: str, bounds: Bounds) -> Figure:
    def ask(of: Statistics) -> float | None:
        if not of.spread:
            return None
        kept = _within(of, bounds)
        weight, total = _weight(kept), sum(value * times for value, times in kept.items())
        if kind == "TC":
            return weight
        if kind == "TS":
            return total
        if kind == "WM":
            return _winsorised(of, kept)
        return total / weight if weight else None

    return ask


def _within(of: Statistics, bounds: Bounds) -> dict[float, float]:
    """The part of the spread that lies within, of values on the edge as much as does."""
    if not bounds.in_percent:
        return {value: times for value, times in of.spread.items() if bounds.low < value <= bounds.high}
    all_of_it = _weight(of.spread)
    first, last = all_of_it * bounds.low / 100, all_of_it * bounds.high / 100
    kept, passed = {}, 0.0
    for value in sorted(of.spread):
        begin, passed = passed, passed + of.spread[value]
        inside = min(passed, last) - max(begin, first)
        if inside > 0:
            kept[value] = inside
    return kept


def _winsorised(of: Statistics, kept: Mapping[float, float]) -> float | None:
    """The mean where what lies outside counts as the nearest value inside."""
    if not kept:
        return None
    low, high = min(kept), max(kept)
    return sum(min(max(value, low), high) * times for value, times in of.spread.items()) / _weight(of.spread)


def _weight(spread: Mapping[float, float]) -> float:
    return sum(spread.values())
