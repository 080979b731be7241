"""GetMetricStatistics and ListMetrics."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.metrics.figures import SIMPLE, figure
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.points import MINUTE_S, Dimensions
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterValue,
    NoStatistic,
    TooManyPoints,
)
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.reading import Metric, TimeRange, is_elsewhere, period_of, read
from lambda_emu.services.cloudwatch.search import Listed
from lambda_emu.services.cloudwatch.wire import ByName, Time

MOST_POINTS = 1440
PAGE = 500
LISTED_MINUTES = 14 * 24 * 60
RECENT_MINUTES = 3 * 60


def get_metric_statistics(asked: Members, file: MetricFile, scope: Scope) -> Mapping[str, Any]:
    """Periods begin where the time does, as in AWS's examples. CloudWatchError, sqlite3.Error."""
    metric = Metric.of(asked, scope)
    times, period_s = TimeRange.of(asked), period_of(asked.get("Period"), "Period")
    names = asked.get("Statistics", [])
    extended = asked.get("ExtendedStatistics", [])
    if not names and not extended:
        raise NoStatistic
    for name in names:
        if name not in SIMPLE:
            raise InvalidParameterValue("Statistics", name)
    for name in extended:
        if figure(name) is None:
            raise InvalidParameterValue("ExtendedStatistics", name)
    points = len(times.begins(period_s))
    if points > MOST_POINTS:
        raise TooManyPoints(points, MOST_POINTS)
    rows = read(file, metric, asked.get("Unit"), times, period_s)
    found = [_datapoint(at, unit, values, names, extended) for (at, unit), values in rows.items()]
    return {"Label": metric.name, "Datapoints": found}


def _datapoint(
    at: int, unit: str, values: Statistics, names: Sequence[str], extended: Sequence[str]
) -> Mapping[str, Any]:
    point: dict[str, Any] = {"Timestamp": Time(at)} | {name: SIMPLE[name](values) for name in names} | {"Unit": unit}
    if extended:
        known = ((name, figure(name)) for name in extended)
        asked = ((name, ask(values)) for name, ask in known if ask is not None)
        point["ExtendedStatistics"] = ByName({name: value for name, value in asked if value is not None})
    return point


class Listing:
    """What one ListMetrics asks for. CloudWatchError when it is made."""

    def __init__(self, asked: Members, now_s: float) -> None:
        recently = asked.get("RecentlyActive")
        if recently not in (None, "PT3H"):
            raise InvalidParameterValue("RecentlyActive", recently)
        self.namespace: str | None = asked.get("Namespace")
        self.name: str | None = asked.get("MetricName")
        self._since_minute = int(now_s // MINUTE_S) - (RECENT_MINUTES if recently else LISTED_MINUTES)
        self._wanted = [(each.get("Name"), each.get("Value")) for each in asked.get("Dimensions", [])]
        self._after = _after(asked.get("NextToken"))

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether metrics of AWS's other services may be among them."""
        return self.namespace is None or is_elsewhere(self.namespace)

    def own(self, file: MetricFile, scope: Scope) -> Iterator[Listed]:
        """Of our file, in order. sqlite3.Error."""
        return file.metrics(scope, self.namespace, self.name, self._since_minute)

    def page(self, listed: Sequence[Listed]) -> Mapping[str, Any]:
        """The next of these, in their order."""
        rest = [
            each
            for each in sorted(set(listed))
            if self._is_wanted(each[2]) and (self._after is None or each > self._after)
        ]
        metrics = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            }
            for namespace, name, dimensions in rest[:PAGE]
        ]
        answer: dict[str, Any] = {"Metrics": metrics}
        if len(rest) > PAGE:
            answer["NextToken"] = base64.b64encode(json.dumps(rest[PAGE - 1]).encode()).decode()
        return answer

    def _is_wanted(self, dimensions: Dimensions) -> bool:
        """It has all that was named, with this value where one was."""
        has = dict(dimensions)
        return all(name in has and value in (None, has[name]) for name, value in self._wanted)


def _after(token: str | None) -> Listed | None:
    """The last one of the page before. InvalidNextToken."""
    if token is None:
        return None
    try:
        namespace, name, dimensions = json.loads(base64.b64decode(token, validate=True))
        return str(namespace), str(name), tuple((str(key), str(value)) for key, value in dimensions)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidNextToken from None
