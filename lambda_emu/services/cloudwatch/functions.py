"""The functions of metric math."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from lambda_emu.services.cloudwatch.errors import ValidationFailed
from lambda_emu.services.cloudwatch.lines import Line, Value, each_line

Timeline = Callable[[int], Sequence[int]]
"""When the periods of this length begin, of the time that was asked for."""
Function = Callable[[Sequence[Value | str], Timeline], Value]


def _aggregate(reduce: Callable[[Sequence[float]], float]) -> Function:
    """Of a line the number that its points make; of an array the line that the points of each time make."""

    def apply(given: Sequence[Value | str], _: Timeline) -> Value:
        value = _only(given)
        if isinstance(value, float):
            return value
        if isinstance(value, Line):
            if not value.points:
                raise ValidationFailed("the time series has no points")
            return float(reduce(list(value.points.values())))
        times = sorted({at for line in value for at in line.points})
        points = {at: float(reduce([line.points[at] for line in value if at in line.points])) for at in times}
        return Line(points, max((line.period_s for line in value), default=60))

    return apply


def _pointwise(change: Callable[[float], float | None]) -> Function:
    def apply(given: Sequence[Value | str], _: Timeline) -> Value:
        value = _only(given)
        if isinstance(value, float):
            found = change(value)
            if found is None:
                raise ValidationFailed(f"there is no such value of {value:g}")
            return found
        return each_line(value, lambda line: line.each(change))

    return apply


def _linewise(change: Callable[[Line], Line]) -> Function:
    return lambda given, _: each_line(_only(given), change)


def _steps(of: Callable[[float, int], float]) -> Callable[[Line], Line]:
    """From each point to the next: of the difference and the seconds between them."""

    def apply(line: Line) -> Line:
        points = list(line.points.items())
        pairs = pairwise(points)
        return line.with_points({at: of(value - before, at - since) for (since, before), (at, value) in pairs})

    return apply


def _running_sum(line: Line) -> Line:
    total, points = 0.0, {}
    for at, value in line.points.items():
        total += value
        points[at] = total
    return line.with_points(points)


def _fill(given: Sequence[Value | str], timeline: Timeline) -> Value:
    value, filling = given if len(given) == 2 else ("", "")
    if isinstance(value, str):
        raise ValidationFailed("FILL takes time series and what to fill them with")
    how: float | str
    if isinstance(filling, float):
        how = filling
    elif filling in ("REPEAT", "LINEAR"):
        how = str(filling)
    else:
        raise ValidationFailed("FILL fills with a number, REPEAT or LINEAR")
    return each_line(value, lambda line: _filled(line, how, timeline(line.period_s)))


def _filled(line: Line, filling: float | str, times: Sequence[int]) -> Line:
    if isinstance(filling, float):
        return line.with_points({at: line.points.get(at, filling) for at in times})
    known, points = list(line.points), {}
    following = 0
    for at in times:
        while following < len(known) and known[following] < at:
            following += 1
        if at in line.points:
            points[at] = line.points[at]
        elif following and (filling == "REPEAT" or following < len(known)):
            before = known[following - 1]
            points[at] = line.points[before]
            if filling == "LINEAR":
                after = known[following]
                share = (at - before) / (after - before)
                points[at] += (line.points[after] - line.points[before]) * share
    return line.with_points(points)


def _if(given: Sequence[Value | str], _: Timeline) -> Value:
    if len(given) not in (2, 3) or any(isinstance(each, str) for each in given):
        raise ValidationFailed("IF takes a condition and one or two values")
    condition, *values = given
    if isinstance(condition, float):
        chosen = values[0] if condition else values[1] if len(values) > 1 else None
        if chosen is None or isinstance(chosen, str):
            raise ValidationFailed("IF has no value for a condition that is not met")
        return chosen
    if not isinstance(condition, Line) or not all(isinstance(value, float | Line) for value in values):
        raise ValidationFailed("IF takes single time series and numbers")
    points = {}
    for at, met in condition.points.items():
        chosen = values[0] if met else values[1] if len(values) > 1 else None
        value = chosen.points.get(at) if isinstance(chosen, Line) else chosen
        if isinstance(value, float | int):
            points[at] = float(value)
    return condition.with_points(points)


def _period(given: Sequence[Value | str], _: Timeline) -> Value:
    value = _only(given)
    if not isinstance(value, Line):
        raise ValidationFailed("PERIOD takes one time series")
    return float(value.period_s)


def _number_of(given: Sequence[Value | str], _: Timeline) -> Value:
    value = _only(given)
    return float(len(value)) if isinstance(value, list) else 1.0


def _time_series(given: Sequence[Value | str], timeline: Timeline) -> Value:
    value = _only(given)
    if not isinstance(value, float):
        raise ValidationFailed("TIME_SERIES takes a number")
    return Line(dict.fromkeys(timeline(60), value), 60)


def _end(place: int) -> Function:
    def apply(given: Sequence[Value | str], _: Timeline) -> Value:
        value = _only(given)
        if isinstance(value, float | Line) or not value:
            raise ValidationFailed("FIRST and LAST take an array of time series")
        return value[place]

    return apply


def _only(given: Sequence[Value | str]) -> Value:
    if len(given) != 1 or isinstance(given[0], str):
        raise ValidationFailed("one time series, array or number is expected")
    return given[0]


def _logarithm(base: float) -> Callable[[float], float | None]:
    return lambda value: math.log(value, base) if value > 0 else None


FUNCTIONS: Mapping[str, Function] = {
    "ABS": _pointwise(abs),
    "AVG": _aggregate(statistics.fmean),
    "CEIL": _pointwise(lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _aggregate(len),
    "DIFF": _linewise(_steps(lambda difference, _: difference)),
    "DIFF_TIME": _linewise(_steps(lambda _, seconds: float(seconds))),
    "FILL": _fill,
    "FIRST": _end(0),
    "FLOOR": _pointwise(lambda value: float(math.floor(value))),
    "IF": _if,
    "LAST": _end(-1),
    "LOG": _pointwise(_logarithm(math.e)),
    "LOG10": _pointwise(_logarithm(10)),
    "MAX": _aggregate(max),
    "METRIC_COUNT": _number_of,
    "MIN": _aggregate(min),
    "PERIOD": _period,
    "RATE": _linewise(_steps(lambda difference, seconds: difference / seconds)),
    "RUNNING_SUM": _linewise(_running_sum),
    "STDDEV": _aggregate(statistics.pstdev),
    "SUM": _aggregate(math.fsum),
    "TIME_SERIES": _time_series,
}
