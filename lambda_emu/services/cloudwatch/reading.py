"""Values of a metric by periods, from our own file."""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.points import LAMBDA, MINUTE_S, Dimensions
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.cloudwatch.errors import EndsBeforeStart, InvalidParameterValue, Missing
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.put import dimensions_of

SHORT_PERIODS_S = (1, 5, 10, 20, 30)
"""Of values that were put by the second; here each has its minute's."""
LONGEST_PERIOD_S = 365 * 24 * 3600


class Metric(Struct, frozen=True):
    """Of one account and region."""

    scope: Scope
    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, given: Members, scope: Scope, about: str = "") -> Metric:
        """Missing, InvalidParameterValue."""
        for member in ("Namespace", "MetricName"):
            if not given.get(member):
                raise Missing(about + member)
        dimensions = dimensions_of(given.get("Dimensions"), about)
        return cls(scope, given["Namespace"], given["MetricName"], dimensions)


class TimeRange(Struct, frozen=True):
    """From start_s, which is in, to end_s, which is not, in seconds since the epoch."""

    start_s: int
    end_s: float

    @classmethod
    def of(cls, asked: Members) -> TimeRange:
        """From the beginning of a minute on. Missing, EndsBeforeStart."""
        for member in ("StartTime", "EndTime"):
            if member not in asked:
                raise Missing(member)
        if asked["StartTime"] >= asked["EndTime"]:
            raise EndsBeforeStart
        return cls(int(asked["StartTime"] // MINUTE_S) * MINUTE_S, asked["EndTime"])

    def from_whole(self, period_s: int) -> TimeRange:
        """From the beginning of the period that the start is in."""
        return TimeRange(self.start_s // period_s * period_s, self.end_s)

    def begins(self, period_s: int) -> range:
        """When each period begins."""
        return range(self.start_s, -int(-self.end_s // 1), period_s)


def is_elsewhere(namespace: str) -> bool:
    """Metrics of AWS's own services, but for Lambda's, are not in our file."""
    return namespace.startswith("AWS/") and namespace != LAMBDA


def period_of(given: int | None, about: str) -> int:
    """In seconds, at least a minute. Missing, InvalidParameterValue."""
    if given is None:
        raise Missing(about)
    if given not in SHORT_PERIODS_S and (given < MINUTE_S or given % MINUTE_S or given > LONGEST_PERIOD_S):
        raise InvalidParameterValue(about, given)
    return max(given, MINUTE_S)


def read(
    file: MetricFile, metric: Metric, unit: str | None, times: TimeRange, period_s: int
) -> dict[tuple[int, str], Statistics]:
    """By the begin of the period and the unit, the earliest first. sqlite3.Error."""
    found: dict[tuple[int, str], Statistics] = {}
    minutes = range(times.start_s // MINUTE_S, -int(-times.end_s // MINUTE_S))
    rows = file.read(metric.scope, metric.namespace, metric.name, metric.dimensions, minutes)
    for minute, its_unit, values in rows:
        if unit is None or unit == its_unit:
            begin_s = times.start_s + (minute * MINUTE_S - times.start_s) // period_s * period_s
            found.setdefault((begin_s, its_unit), Statistics()).merge(values)
    return found
