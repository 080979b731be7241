"""PutMetricData: what is put is in our file before it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.metrics.embedded import UNITS
from lambda_emu.metrics.points import MINUTE_S, NO_UNIT, Dimensions, Point, Series
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.cloudwatch.errors import BothGiven, DifferentSizes, InvalidParameterValue, Missing
from lambda_emu.services.cloudwatch.members import Members

OLDEST_S, LATEST_S = 14 * 24 * 3600, 2 * 3600
"""How far from now a value may be, back and ahead."""
MOST_CHARACTERS = 255
LARGEST = 2.0**360
WAYS = ("Value", "Values", "StatisticValues")


def points(asked: Members, scope: Scope, now_s: float) -> list[Point]:
    """CloudWatchError; then nothing is put."""
    namespace = asked.get("Namespace")
    if namespace is None:
        raise Missing("Namespace")
    if not 0 < len(namespace) <= MOST_CHARACTERS or namespace.startswith(("AWS/", ":")):
        raise InvalidParameterValue("Namespace", namespace)
    if "MetricData" not in asked:
        raise Missing("MetricData")
    found = []
    for place, datum in enumerate(asked["MetricData"], 1):
        about = f"MetricData.member.{place}"
        series = _series(datum, scope, namespace, about)
        found.append(Point(series, _minute(datum, now_s, about), _statistics(datum, about)))
    return found


def dimensions_of(given: object, about: str) -> Dimensions:
    """In the order of their names. Missing, InvalidParameterValue."""
    found: dict[str, str] = {}
    for place, each in enumerate(given if isinstance(given, list) else [], 1):
        for member in ("Name", "Value"):
            if member not in each:
                raise Missing(f"{about}Dimensions.member.{place}.{member}")
        if each["Name"] in found or not each["Value"]:
            raise InvalidParameterValue(f"{about}Dimensions", each["Name"])
        found[each["Name"]] = each["Value"]
    return tuple(sorted(found.items()))


def _series(datum: Members, scope: Scope, namespace: str, about: str) -> Series:
    name, unit = datum.get("MetricName"), datum.get("Unit", NO_UNIT)
    if not name:
        raise Missing(f"{about}.MetricName")
    if len(name) > MOST_CHARACTERS:
        raise InvalidParameterValue(f"{about}.MetricName", name)
    if unit not in UNITS:
        raise InvalidParameterValue(f"{about}.Unit", unit)
    return Series(scope, namespace, name, dimensions_of(datum.get("Dimensions"), f"{about}."), unit)


def _minute(datum: Members, now_s: float, about: str) -> int:
    at_s: float = datum.get("Timestamp", now_s)
    if not now_s - OLDEST_S <= at_s <= now_s + LATEST_S:
        raise InvalidParameterValue(f"{about}.Timestamp", at_s)
    return int(at_s // MINUTE_S)


def _statistics(datum: Members, about: str) -> Statistics:
    ways = [way for way in WAYS if way in datum]
    if not ways:
        raise Missing(f"{about}.Value")
    if len(ways) > 1:
        raise BothGiven(*(f"{about}.{way}" for way in ways[:2]))
    if ways == ["StatisticValues"]:
        return _summed_up(datum["StatisticValues"], f"{about}.StatisticValues")
    made = Statistics()
    for value, times in _values(datum, about):
        if abs(value) > LARGEST or not 0 <= times <= LARGEST:
            raise InvalidParameterValue(f"{about}.{ways[0]}", value)
        if times:
            made.add(value, times)
    return made


def _values(datum: Members, about: str) -> Iterator[tuple[float, float]]:
    if "Value" in datum:
        yield datum["Value"], 1.0
        return
    values: list[float] = datum["Values"]
    counts: list[float] = datum.get("Counts", [1.0] * len(values))
    if len(counts) != len(values):
        raise DifferentSizes(f"{about}.Values", f"{about}.Counts")
    yield from zip(values, counts, strict=True)


def _summed_up(given: Mapping[str, Any], about: str) -> Statistics:
    """How the values are spread nobody knows, unless all are the same."""
    for member in ("SampleCount", "Sum", "Minimum", "Maximum"):
        if member not in given:
            raise Missing(f"{about}.{member}")
    count, least, most = given["SampleCount"], given["Minimum"], given["Maximum"]
    if count <= 0:
        raise InvalidParameterValue(f"{about}.SampleCount", count)
    if least > most:
        raise InvalidParameterValue(f"{about}.Minimum", least)
    return Statistics.summed_up(count, given["Sum"], least, most)
