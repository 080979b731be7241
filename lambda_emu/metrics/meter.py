"""What every invocation costs its metrics: a few counters, which know no clock and no file.

A `Meter` belongs to what was called (a `Subject`), and is kept by whoever has its invocations run; the recorder knows
it only while there is something in it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Protocol

from lambda_emu.arn import FunctionId
from lambda_emu.metrics.points import Point, Series, Subject, lambda_series
from lambda_emu.metrics.statistics import Statistics


class Gauge:
    """How many of some run now, and the most that did since that was last told. allocated: how many may."""

    __slots__ = ("__weakref__", "allocated", "peak", "running", "series")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.running = 0
        self.peak = 0
        self.allocated = 0


class Bucket:
    """What ended of what began in one minute. from_s, to_s: that minute by the monotonic clock. extra: see `Meter`."""

    __slots__ = ("durations_ms", "errors", "extra", "from_s", "minute", "subject", "throttles", "to_s")

    def __init__(self, subject: Subject, extra: str | None, minute: int, from_s: float, to_s: float) -> None:
        self.subject = subject
        self.extra = extra
        self.minute = minute
        self.from_s = from_s
        self.to_s = to_s
        self.durations_ms = array("d")
        self.errors = 0
        self.throttles = 0

    def points(self) -> Iterator[Point]:
        """All that it counts as. Not on the loop."""
        scope, runs = self.subject.function.scope, len(self.durations_ms)
        counted: list[tuple[str, Statistics]] = [("Throttles", _counts(runs, self.throttles))]
        if runs:
            counted += [
                ("Invocations", _counts(0, runs)),
                ("Errors", _counts(runs - self.errors, self.errors)),
                ("Duration", Statistics.of(self.durations_ms)),
            ]
            if self.extra is not None:
                counted.append((self.extra, _counts(0, runs)))
        for dimensions in self.subject.dimensions():
            for name, statistics in counted:
                yield Point(lambda_series(scope, name, dimensions), self.minute, statistics)


OF_RESOURCE = 2
"""Where a meter has the gauge of what was called, which no other function shares."""
NEVER = Bucket(Subject(FunctionId("", "", "")), None, 0, math.inf, -math.inf)


class Times(Protocol):
    """Whom a meter asks when there is something new in it."""

    def listen(self, meter: Meter, /) -> None:
        """It has something to tell."""

    def minute_at(self, monotonic_s: float | None, /) -> tuple[int, float, float]:
        """A minute since the epoch, and from when to when it is, by the monotonic clock; None: now."""


class Meter:
    """Counts the invocations of one subject. On the loop. extra: a metric that each of them counts for as well.

    own, spilled: those that run on provisioned concurrency, and those that find no more of it.
    """

    __slots__ = ("_bucket", "_buckets", "_times", "extra", "gauges", "is_heard", "own", "spilled", "subject")

    def __init__(self, subject: Subject, gauges: Sequence[Gauge], times: Times, extra: str | None = None) -> None:
        self.subject = subject
        self.gauges = gauges
        self.extra = extra
        self.own = self.spilled = self
        self.is_heard = False
        self._times = times
        self._bucket = NEVER
        self._buckets: dict[int, Bucket] = {}

    def begin(self) -> None:
        """An invocation was let in."""
        for gauge in self.gauges:
            gauge.running = running = gauge.running + 1
            if running > gauge.peak:  # noqa: PLR1730 - a call of `max` costs more than all of the rest
                gauge.peak = running
        if not self.is_heard:
            self._times.listen(self)

    def end(self) -> None:
        """Its caller has been told; once for each `begin`."""
        for gauge in self.gauges:
            gauge.running -= 1

    def invoked(self, started_s: float, duration_ms: float, failed: bool) -> None:
        """It has run, well or not. started_s: when it began, by the monotonic clock."""
        bucket = self._bucket
        if not bucket.from_s <= started_s < bucket.to_s:
            bucket = self._bucket_at(started_s)
        bucket.durations_ms.append(duration_ms)
        if failed:
            bucket.errors += 1

    def throttled(self) -> None:
        """One was not let in."""
        self._bucket_at(None).throttles += 1

    @property
    def is_running(self) -> bool:
        return self.gauges[OF_RESOURCE].running > 0

    def take(self, into: list[Bucket]) -> None:
        """Give out what was counted since the last time."""
        into.extend(self._buckets.values())
        self._buckets.clear()
        self._bucket = NEVER

    def _bucket_at(self, monotonic_s: float | None) -> Bucket:
        minute, from_s, to_s = self._times.minute_at(monotonic_s)
        bucket = self._buckets.get(minute)
        if bucket is None:
            bucket = self._buckets[minute] = Bucket(self.subject, self.extra, minute, from_s, to_s)
        self._bucket = bucket
        if not self.is_heard:
            self._times.listen(self)
        return bucket


def _counts(zeros: int, ones: int) -> Statistics:
    """CloudWatch counts what did not happen as well, so that the average is a rate."""
    made = Statistics()
    for value, times in ((0.0, zeros), (1.0, ones)):
        if times:
            made.add(value, times)
    return made
