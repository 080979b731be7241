"""GetMetricData: metrics by periods, math over them, in pages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.metrics.figures import Figure, figure
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.points import MINUTE_S
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.cloudwatch.errors import InvalidNextToken, InvalidParameterValue, Missing, ValidationFailed
from lambda_emu.services.cloudwatch.expressions import MOST_LINES, evaluate, parse
from lambda_emu.services.cloudwatch.lines import Line, Value
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.reading import Metric, TimeRange, is_elsewhere, period_of, read
from lambda_emu.services.cloudwatch.search import Listed, parse_search
from lambda_emu.services.cloudwatch.wire import Time

ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
SEARCHED_PERIOD_S = 300
"""Where SEARCH names none."""
MOST_POINTS = 100_800
"""Of one answer."""
MOST_FILLED = 1_000_000
"""Periods that the expressions of one request may make up points for."""
ORDERS = ("TimestampDescending", "TimestampAscending")

AskChild = Callable[[Sequence[Members]], Mapping[str, Mapping[int, float]]]
"""The points of metrics that others keep, by the ids of these queries. LambdaError."""


class Data:
    """What one request is answered from. CloudWatchError when it is made, or asked."""

    def __init__(self, asked: Members, file: MetricFile, scope: Scope, elsewhere: AskChild) -> None:
        self._file = file
        self._scope = scope
        self._times = TimeRange.of(asked)
        self._queries = _by_id(asked.get("MetricDataQueries", []))
        self._filled = 0
        self._values: dict[str, Value | None] = {}  # None: it is just being worked out
        self._expressions = {
            id: parse(query["Expression"]) for id, query in self._queries.items() if "Expression" in query
        }
        others = [query for query in self._queries.values() if _namespace(query) and is_elsewhere(_namespace(query))]
        self._others = elsewhere(others) if others else {}

    def results(self) -> Iterator[Line]:
        """In the order of the queries, for those that are to return data."""
        for query in self._queries.values():
            if query.get("ReturnData", True):
                yield from self._shown(query)

    def _shown(self, query: Members) -> Iterator[Line]:
        """One line, or each of several under the label that it had."""
        value = self.value(query["Id"])
        if isinstance(value, float):
            raise ValidationFailed(f"Error in expression '{query['Id']}': it is a number, and no time series")
        several = not isinstance(value, Line)
        for line in [value] if isinstance(value, Line) else value:
            label = query.get("Label") or (several and line.label) or _label(query)
            known = {at: number for at, number in line.points.items() if isfinite(number)}
            yield Line(known, line.period_s, label, query["Id"])

    # -- for expressions --------------------------------------------------------------------------

    def value(self, id: str) -> Value:
        query = self._queries.get(id)
        if query is None:
            raise ValidationFailed(f"no query has the id {id}")
        if id not in self._values:
            self._values[id] = None
            self._values[id] = self._metric(query) if "MetricStat" in query else self._calculate(id)
        value = self._values[id]
        if value is None:
            raise ValidationFailed(f"the expression {id} needs its own value")
        return value

    def metrics(self, part: str | None) -> Sequence[Line]:
        found = [self.value(id) for id, query in self._queries.items() if "MetricStat" in query and (part or "") in id]
        return [line for line in found if isinstance(line, Line)]

    def search(self, text: str, stat: str, period_s: int | None) -> Sequence[Line]:
        """In our file alone, of what had a value within the time."""
        test, ask = parse_search(text), _figure(stat)
        period_s = period_of(SEARCHED_PERIOD_S if period_s is None else period_s, "Period")
        listed = self._file.metrics(self._scope, None, None, self._times.start_s // MINUTE_S)
        return [self._searched(found, ask, period_s) for found in listed if test(found)][: MOST_LINES + 1]

    def begins(self, period_s: int) -> Sequence[int]:
        begins = self._times.from_whole(period_s).begins(period_s)
        self._filled += len(begins)
        if self._filled > MOST_FILLED:
            raise ValidationFailed(f"more than {MOST_FILLED} periods would be filled")
        return begins

    def _calculate(self, id: str) -> Value:
        try:
            return evaluate(self._expressions[id], self)
        except ValidationFailed as error:
            text = str(error.text)
            raise ValidationFailed(
                text if text.startswith("Error in") else f"Error in expression '{id}': {text}"
            ) from None
        except RecursionError:
            raise ValidationFailed(f"Error in expression '{id}': it needs too many others") from None

    def _metric(self, query: Members) -> Line:
        id, stat = query["Id"], query["MetricStat"]
        metric = Metric.of(stat["Metric"], self._scope, "MetricStat.Metric.")
        period_s = period_of(stat.get("Period"), "MetricStat.Period")
        ask = _figure(stat.get("Stat"))
        if id in self._others:
            return Line(self._others[id], period_s, _label(query), id)
        return Line(self._points(metric, stat.get("Unit"), ask, period_s), period_s, _label(query), id)

    def _searched(self, found: Listed, ask: Figure, period_s: int) -> Line:
        """Under the values of its dimensions, which tell it from others."""
        namespace, name, dimensions = found
        label = " ".join(value for _, value in dimensions) or name
        metric = Metric(self._scope, namespace, name, dimensions)
        return Line(self._points(metric, None, ask, period_s), period_s, label)

    def _points(self, metric: Metric, unit: str | None, ask: Figure, period_s: int) -> Mapping[int, float]:
        """Whatever their units, where none is asked for. The earliest first."""
        found: dict[int, Statistics] = {}
        for (at, _), values in read(self._file, metric, unit, self._times.from_whole(period_s), period_s).items():
            found.setdefault(at, Statistics()).merge(values)
        points = {at: ask(values) for at, values in found.items()}
        return {at: value for at, value in sorted(points.items()) if value is not None}


def get_metric_data(asked: Members, data: Data) -> Mapping[str, Any]:
    """One page of the answer."""
    order = asked.get("ScanBy", ORDERS[0])
    if order not in ORDERS:
        raise InvalidParameterValue("ScanBy", order)
    most = asked.get("MaxDatapoints", MOST_POINTS)
    if not 0 < most <= MOST_POINTS:
        raise InvalidParameterValue("MaxDatapoints", most)
    skipped = _skipped(asked.get("NextToken"))
    results, seen = [], 0
    for line in data.results():
        points = sorted(line.points.items(), reverse=order == ORDERS[0])
        here = points[max(skipped - seen, 0) : max(skipped + most - seen, 0)]
        seen += len(points)
        if here or not skipped:
            results.append(_result(line, here, is_whole=seen <= skipped + most))
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if seen > skipped + most:
        answer["NextToken"] = base64.b64encode(str(skipped + most).encode()).decode()
    return answer


def _result(line: Line, points: Sequence[tuple[int, float]], is_whole: bool) -> Mapping[str, Any]:
    return {
        "Id": line.id,
        "Label": line.label,
        "Timestamps": [Time(at) for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if is_whole else "PartialData",
    }


def _skipped(token: str | None) -> int:
    """How many points earlier pages had. InvalidNextToken."""
    if token is None:
        return 0
    try:
        text = base64.b64decode(token, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidNextToken from None
    if not text.isdigit() or len(text) > 12:
        raise InvalidNextToken
    return int(text)


def _by_id(queries: Sequence[Members]) -> Mapping[str, Members]:
    if not queries:
        raise Missing("MetricDataQueries")
    found: dict[str, Members] = {}
    for place, query in enumerate(queries, 1):
        about, id = f"MetricDataQueries.member.{place}", query.get("Id")
        if id is None:
            raise Missing(f"{about}.Id")
        if ID.fullmatch(id) is None:
            raise InvalidParameterValue(f"{about}.Id", id)
        if id in found:
            raise ValidationFailed(f"The id {id} is used by more than one query.")
        if ("MetricStat" in query) == ("Expression" in query):
            raise ValidationFailed(f"Exactly one of MetricStat and Expression has to be in {about}.")
        if "MetricStat" in query and "Metric" not in query["MetricStat"]:
            raise Missing(f"{about}.MetricStat.Metric")
        found[id] = query
    return found


def _figure(name: str | None) -> Figure:
    if name is None:
        raise Missing("MetricStat.Stat")
    found = figure(name)
    if found is None:
        raise InvalidParameterValue("MetricStat.Stat", name)
    return found


def _namespace(query: Members) -> str:
    stat: Members = query.get("MetricStat", {})
    return str(stat.get("Metric", {}).get("Namespace", ""))


def _label(query: Members) -> str:
    if "MetricStat" not in query:
        return str(query["Id"])
    return str(query.get("Label") or query["MetricStat"]["Metric"].get("MetricName", ""))
