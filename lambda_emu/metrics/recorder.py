"""Where facts are told, on the loop, and how they come to be in the file: once a minute, and when somebody asks."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock, Thread
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from msgspec import Struct, field

from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock, Timer
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.meter import Bucket, Gauge, Meter
from lambda_emu.metrics.points import MINUTE_S, Dimensions, Point, Series, Subject, lambda_series
from lambda_emu.metrics.statistics import Statistics

if TYPE_CHECKING:
    from lambda_emu.metrics.embedded import Embedded

log = logging.getLogger(__name__)

WRITES = Workers("metrics to be written", 1, 1)
"""Whoever writes takes all there is, so that none has to wait behind another."""
AFTER_S = 0.005
"""How long after its end a minute is written: a timer may fire a little early."""
ASK_LIMIT_S = 10.0
STOP_LIMIT_S = 2.0
MOST_FACTS = 20_000
"""Different ones in memory; with more of them they are written at once."""
MOST_WAITING = 200_000
"""Points that wait for a disk which takes none; more of them are lost."""
MOST_MINUTES = 60
"""That wait for one which hangs."""

CONCURRENT, UNRESERVED = "ConcurrentExecutions", "UnreservedConcurrentExecutions"
PROVISIONED, UTILIZATION = "ProvisionedConcurrentExecutions", "ProvisionedConcurrencyUtilization"
CLAIMED = "ClaimedAccountConcurrency"


class Collected(Struct):
    """What was taken from memory, still to be made into points, which need not be done on the loop.

    peaks: gauges and the most they had; one that many share may be there more than once. minute: of these.
    """

    minute: int
    buckets: list[Bucket] = field(default_factory=list)
    peaks: list[tuple[Gauge, int]] = field(default_factory=list)
    facts: list[Point] = field(default_factory=list)


class Recorder:
    """Takes facts, each with a method that costs less than a microsecond, and writes what came of them each minute.

    Throttled and refused invocations are neither Invocations nor Errors; what has run counts for the minute in which
    it began. docs/contract/logs-billing.md#metrics.

        meter = recorder.meter(function, qualifier, version, …)  # kept by whoever runs that; see `Meter`
        recorder.add("AsyncEventsDropped", function)
        recorder.add("IteratorAge", function, age_ms, qualifier)
        recorder.add_for(scope, (("EventSourceMappingUUID", uuid),), "PolledEventCount", 10)

    All of it is called on the loop but `keep`, `publish`, `flush`, `clear` and `stop`. set_aside: how much concurrency
    of a scope is reserved or provisioned; asked on any thread, once a minute.
    """

    def __init__(self, file: MetricFile, loop: Loop, clock: Clock, set_aside: Callable[[Scope], int]) -> None:
        self.file = file
        self._loop = loop
        self._clock = clock
        self._set_aside = set_aside
        self._gauges: WeakValueDictionary[Series, Gauge] = WeakValueDictionary()
        self._meters: list[Meter] = []  # that have something to tell
        self._facts: dict[tuple[str, FunctionId, str | None], Statistics] = {}
        self._others: dict[Series, Statistics] = {}
        self._published: deque[Point] = deque()  # by other threads
        self._minute: int | None = None  # which the facts and peaks are of; None: there are none
        self._timer: Timer | None = None
        self._collected: deque[Collected] = deque(maxlen=MOST_MINUTES)  # on its way from the loop to whoever writes
        self._writing = Lock()  # guards _unwritten, and the order of what is written; never taken on the loop
        self._unwritten: list[Point] = []
        self._stopped = False

    # -- facts ------------------------------------------------------------------------------------

    def meter(
        self, function: FunctionId, qualifier: str | None, version: str, *, reserved: bool, provisioned: int
    ) -> Meter:
        """For the invocations of a version that come by this qualifier.

        reserved: the function has concurrency of its own. provisioned: how much of it the version has ready.
        """
        subject, scope = Subject(function, qualifier, version), function.scope
        everywhere = [self._gauge(lambda_series(scope, CONCURRENT, dimensions)) for dimensions in subject.dimensions()]
        shared = [] if reserved else [self._gauge(lambda_series(scope, UNRESERVED, ()))]
        meter = Meter(subject, (*everywhere, *shared), self)
        if provisioned:
            _, of_function, of_resource, *_ = subject.dimensions()
            own = [self._gauge(lambda_series(scope, PROVISIONED, dims)) for dims in (of_function, of_resource)]
            own[1].allocated = provisioned
            meter.own = Meter(subject, (*everywhere, *own), self, "ProvisionedConcurrencyInvocations")
            meter.spilled = Meter(subject, meter.gauges, self, "ProvisionedConcurrencySpilloverInvocations")
        return meter

    def add(self, metric: str, function: FunctionId, value: float = 1.0, qualifier: str | None = None) -> None:
        """One value of one of Lambda's own metrics: 1 of a count, else in the metric's unit (milliseconds)."""
        key = metric, function, qualifier
        statistics = self._facts.get(key)
        if statistics is None:
            statistics = self._facts[key] = Statistics()
            self._arm()
        statistics.add(value)

    def add_for(self, scope: Scope, dimensions: Dimensions, metric: str, value: float = 1.0) -> None:
        """The same of what is no function's, as of an event source mapping: dimensions, in the order of their names."""
        series = lambda_series(scope, metric, dimensions)
        statistics = self._others.get(series)
        if statistics is None:
            statistics = self._others[series] = Statistics()
            self._arm()
        statistics.add(value)

    def keep(self, points: Sequence[Point]) -> None:
        """Write these at once. Not on the loop. sqlite3.Error: none of them are written."""
        with self._writing:
            self.file.write(points, self._clock.now_s())

    def publish(self, found: Iterable[Embedded]) -> None:
        """Metrics that functions printed, of whatever minute and namespace. From any thread."""
        for account, region, namespace, name, dimensions, unit, minute, values in found:
            series = Series(Scope(account, region), namespace, name, dimensions, unit)
            self._published.append(Point(series, minute, Statistics.of(values)))
        self._loop.post(self._arm)

    # -- for meters -------------------------------------------------------------------------------

    def listen(self, meter: Meter) -> None:
        meter.is_heard = True
        self._meters.append(meter)
        self._arm()

    def minute_at(self, monotonic_s: float | None) -> tuple[int, float, float]:
        now_s = self._clock.now_s()
        monotonic_now_s = self._clock.machine.monotonic_s()  # by which invocations begin and end
        at_s = now_s if monotonic_s is None else now_s - monotonic_now_s + monotonic_s
        minute = int(at_s // MINUTE_S)
        from_s = monotonic_now_s - now_s + minute * MINUTE_S
        return minute, from_s, from_s + MINUTE_S

    # -- into the file ----------------------------------------------------------------------------

    def flush(self) -> None:
        """Write all that was told so far, so that it can be read. Not on the loop. TimeoutError, sqlite3.Error."""
        self._loop.ask(self._collect, ASK_LIMIT_S)
        self._write()

    def stop(self) -> None:
        """Write the rest and close the file. After whoever tells has stopped; not on the loop.

        A disk that hangs is waited for no longer than STOP_LIMIT_S.
        """
        end = Thread(target=self._end, name="the last metrics", daemon=True)
        end.start()
        end.join(STOP_LIMIT_S)
        if end.is_alive():
            log.error("the last metrics could not be written within %g s", STOP_LIMIT_S)

    def clear(self) -> None:
        """Forget all of it. Not on the loop."""
        self._loop.ask(self._collect, ASK_LIMIT_S)
        with self._writing:
            self._published.clear()
            self._collected.clear()
            self._unwritten.clear()
            self.file.clear()

    def empty(self, account: str) -> None:
        """Forget what was of one account. Not on the loop."""
        self.flush()
        with self._writing:
            self.file.empty(account)

    def _gauge(self, series: Series) -> Gauge:
        """The same for all who count on it, for as long as anybody does."""
        gauge = self._gauges.get(series)
        if gauge is None:
            gauge = self._gauges[series] = Gauge(series)
        return gauge

    def _arm(self) -> None:
        """There is something to be written when this minute is over."""
        if self._timer is not None or self._stopped:
            if len(self._facts) + len(self._others) + len(self._published) > MOST_FACTS:
                self._write_minute()
            return
        now_s = self._clock.now_s()
        self._minute = int(now_s // MINUTE_S)
        self._timer = self._clock.call_later((self._minute + 1) * MINUTE_S - now_s + AFTER_S, self._write_minute)

    def _end(self) -> None:
        try:
            self._loop.ask(self._disarm, STOP_LIMIT_S)
            self.flush()
        except (TimeoutError, sqlite3.Error) as error:
            log.error("the last metrics could not be written: %s", error)
        self.file.close()

    def _disarm(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _write_minute(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._collect()
        try:
            self._loop.work(WRITES, self._write_or_wait)
        except (Closed, Full):
            log.debug("metrics are written with the next")
        if self._meters:
            self._arm()

    def _collect(self) -> None:
        """All there is in memory; peaks begin anew with what runs now."""
        minute = self._minute if self._minute is not None else int(self._clock.now_s() // MINUTE_S)
        collected = Collected(minute)
        meters, self._meters = self._meters, []
        for meter in meters:
            meter.take(collected.buckets)
            for gauge in meter.gauges:
                if gauge.peak:
                    collected.peaks.append((gauge, gauge.peak))
                    gauge.peak = gauge.running
            meter.is_heard = meter.is_running
            if meter.is_heard:
                self._meters.append(meter)
        collected.facts = self._take_facts(minute)
        if len(self._collected) == MOST_MINUTES:
            log.error("metrics of a minute are lost, since none can be written")
        self._collected.append(collected)

    def _take_facts(self, minute: int) -> list[Point]:
        facts, self._facts = self._facts, {}
        others, self._others = self._others, {}
        points = [Point(series, minute, statistics) for series, statistics in others.items()]
        for (metric, function, qualifier), statistics in facts.items():
            for dimensions in Subject(function, qualifier).dimensions():
                points.append(Point(lambda_series(function.scope, metric, dimensions), minute, statistics))
        return points

    def _write_or_wait(self) -> None:
        try:
            self._write()
        except sqlite3.Error as error:
            log.warning("metrics could not be written, which is tried again with the next: %s", error)

    def _write(self) -> None:
        with self._writing:
            while self._collected:
                self._unwritten += self._points(self._collected.popleft())
            while self._published:
                self._unwritten.append(self._published.popleft())
            if len(self._unwritten) > MOST_WAITING:
                log.error("%d metrics are lost, since none can be written", len(self._unwritten) - MOST_WAITING)
                del self._unwritten[:-MOST_WAITING]
            if self._unwritten:
                self.file.write(self._unwritten, self._clock.now_s())
                self._unwritten = []

    def _points(self, collected: Collected) -> list[Point]:
        points = [point for bucket in collected.buckets for point in bucket.points()]
        peaks: dict[Gauge, int] = {}
        for gauge, peak in collected.peaks:
            peaks[gauge] = max(peak, peaks.get(gauge, 0))
        told = [value for gauge, peak in peaks.items() for value in self._values(gauge, peak)]
        points += [Point(series, collected.minute, Statistics.of([value]), is_peak=True) for series, value in told]
        return points + collected.facts

    def _values(self, gauge: Gauge, peak: int) -> Iterator[tuple[Series, float]]:
        """A peak, and what follows from it."""
        scope, _, name, dimensions, _ = gauge.series
        yield gauge.series, peak
        if gauge.allocated:
            yield lambda_series(scope, UTILIZATION, dimensions), peak / gauge.allocated
        if name == UNRESERVED:
            yield lambda_series(scope, CLAIMED, ()), peak + self._set_aside(scope)
