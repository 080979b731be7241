"""The points that an alarm is judged by, of our own metrics. On a worker; sqlite3.Error."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.metrics.figures import SIMPLE, figure
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.points import MINUTE_S
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.alarms.alarm import Alarm
from lambda_emu.services.alarms.reasons import Datapoint, reason, reason_data
from lambda_emu.services.alarms.verdict import COMPARISONS, MORE, judge
from lambda_emu.services.cloudwatch.data import Data
from lambda_emu.services.cloudwatch.lines import Line
from lambda_emu.services.cloudwatch.reading import Metric, TimeRange, period_of, read

log = logging.getLogger(__name__)


def evaluate(alarm: Alarm, file: MetricFile, until_s: int, now_s: float) -> Alarm | None:
    """In another state; None: it stays in its own. until_s: the end of the newest period, the begin of a minute."""
    members = alarm.members
    points = _math(alarm, file, until_s) if "Metrics" in members else _points(alarm, file, until_s)
    compare, _ = COMPARISONS[members["ComparisonOperator"]]
    breaching = [None if point is None else compare(point.value, members["Threshold"]) for point in points]
    most = members["EvaluationPeriods"]
    needed, treatment = members.get("DatapointsToAlarm", most), members.get("TreatMissingData", "missing")
    verdict = judge(breaching, most, needed, treatment, alarm.state.value)
    if verdict.value == alarm.state.value:
        return None
    told = reason(members, points, verdict), reason_data(members, points, verdict, now_s)
    return alarm.in_state(verdict.value, *told, now_s)


def longest_period_s(queries: Sequence[dict[str, Any]]) -> int:
    """Of all metrics of an expression."""
    stats = [query["MetricStat"].get("Period") for query in queries if "MetricStat" in query]
    given = [*stats, *(query["Period"] for query in queries if "Period" in query)]
    return max((period_of(one, "Period") for one in given), default=MINUTE_S)


def _points(alarm: Alarm, file: MetricFile, until_s: int) -> list[Datapoint | None]:
    """Of one metric, in periods that end now; the newest first."""
    members = alarm.members
    period_s, count = period_of(members["Period"], "Period"), members["EvaluationPeriods"] + MORE
    name = members.get("Statistic") or members["ExtendedStatistic"]
    ask = SIMPLE.get(name) or figure(name)
    times = TimeRange(until_s - count * period_s, until_s)
    found: dict[int, Statistics] = {}
    for (at, _), values in read(file, Metric.of(members, alarm.scope), members.get("Unit"), times, period_s).items():
        found.setdefault(at, Statistics()).merge(values)
    points: list[Datapoint | None] = []
    for place in range(1, count + 1):
        at = until_s - place * period_s
        known = found.get(at)
        value = None if known is None or ask is None else ask(known)
        points.append(None if value is None or known is None else Datapoint(at, value, known.count))
    return points


def _math(alarm: Alarm, file: MetricFile, until_s: int) -> list[Datapoint | None]:
    """Of an expression, in periods that begin at multiples of their length."""
    queries, count = alarm.members["Metrics"], alarm.members["EvaluationPeriods"] + MORE
    period_s = longest_period_s(queries)
    end_s = until_s // period_s * period_s
    asked = {"MetricDataQueries": queries, "StartTime": end_s - count * period_s, "EndTime": end_s}
    line = _line(asked, alarm, file)
    values = {} if line is None else line.points
    begins = (end_s - place * period_s for place in range(1, count + 1))
    return [Datapoint(at, values[at]) if at in values else None for at in begins]


def _line(asked: dict[str, Any], alarm: Alarm, file: MetricFile) -> Line | None:
    try:
        return next(iter(Data(asked, file, alarm.scope, lambda _: {}).results()), None)
    except LambdaError as error:  # such as an expression over metrics without any point
        log.debug("%s: %s", alarm.arn, error.text)
        return None
