"""The recorder: facts that are told on the loop are in the file when their minute is over, and when somebody asks."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
from store_rig import files_end_at

from lambda_emu.arn import Scope
from lambda_emu.clock import SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.embedded import Embedded
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.meter import Meter
from lambda_emu.metrics.points import LAMBDA, Dimensions, Point, Series, Subject
from lambda_emu.metrics.recorder import STOP_LIMIT_S, WRITES, Recorder
from lambda_emu.metrics.statistics import Statistics

SCOPE = Scope("123456789012", "us-east-1")
FUNCTION = SCOPE.function("f")
OF_FUNCTION = (("FunctionName", "f"),)
NORTH = (("Place", "north"),)
EVER = range(10**9)


def orders(minute: int, *values: float) -> Embedded:
    return SCOPE.account, SCOPE.region, "Shop", "Orders", NORTH, "Count", minute, list(values)


@dataclass
class Rig:
    path: Path
    loop: Loop
    clock: SteppingClock
    file: MetricFile
    recorder: Recorder

    def tell(self, fact: Callable[[], object]) -> None:
        self.loop.ask(fact, 10)

    def meter(self, subject: Subject, *, reserved: bool = False, provisioned: int = 0) -> Meter:
        version = subject.executed_version or "$LATEST"
        make = partial(self.recorder.meter, subject.function, subject.qualifier, version)
        return self.loop.ask(lambda: make(reserved=reserved, provisioned=provisioned), 10)

    def run(self, meter: Meter, duration_ms: float = 1.0, failed: bool = False, ago_s: float = 0.0) -> None:
        """One invocation from its begin to its end."""

        def run() -> None:
            meter.begin()
            meter.end()
            meter.invoked(self.clock.monotonic_s() - ago_s, duration_ms, failed)

        self.tell(run)

    def read(self, name: str, dimensions: Dimensions = (), namespace: str = LAMBDA) -> list[tuple[int, Statistics]]:
        return [(at, values) for at, _, values in self.file.read(SCOPE, namespace, name, dimensions, EVER)]

    def values(self, name: str, dimensions: Dimensions = ()) -> dict[float, float]:
        """How often each value came in all minutes together."""
        found = Statistics()
        for _, values in self.read(name, dimensions):
            found.merge(values)
        return found.spread

    def wait_until_written(self) -> None:
        """What was handed to the worker. It has one thread, so what is asked of it now comes after."""
        self.loop.run(self._after_writes(), 10)

    async def _after_writes(self) -> None:
        await self.loop.work(WRITES, int)

    @property
    def minute(self) -> int:
        return int(self.clock.now_s() // 60)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    loop, clock = Loop(), SteppingClock(stands=True)
    loop.start()
    clock.bind(loop.asyncio)
    clock.advance(90 - clock.now_s() % 60)  # in the middle of a minute
    file = MetricFile(tmp_path / "metrics.db")
    recorder = Recorder(file, loop, clock, set_aside=lambda _: 30)
    yield Rig(tmp_path / "metrics.db", loop, clock, file, recorder)
    recorder.stop()
    loop.stop()


def test_an_invocation_counts_for_its_account_its_function_and_what_was_called(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION, "live", "3"))
    rig.run(meter, 12.5)
    rig.run(meter, 20.0, failed=True)
    rig.recorder.flush()

    name, resource = ("FunctionName", "f"), ("Resource", "f:live")
    for dimensions in ((), (name,), (name, resource), (("ExecutedVersion", "3"), name, resource)):
        assert rig.values("Invocations", dimensions) == {1: 2}
        assert rig.values("Errors", dimensions) == {0: 1, 1: 1}
        assert rig.values("Throttles", dimensions) == {0: 2}
        assert rig.values("Duration", dimensions) == {12.5: 1, 20: 1}
    assert {unit for _, unit, _ in rig.file.read(SCOPE, LAMBDA, "Duration", (), EVER)} == {"Milliseconds"}


@pytest.mark.parametrize(
    ("subject", "resource", "executed"),
    [
        (Subject(FUNCTION, None, "$LATEST"), "f", False),
        (Subject(FUNCTION, "$LATEST", "$LATEST"), "f:$LATEST", False),
        (Subject(FUNCTION, "7", "7"), "f:7", False),
        (Subject(FUNCTION, "live", "7"), "f:live", True),
    ],
)
def test_what_was_called_is_named_as_the_caller_did(rig: Rig, subject: Subject, resource: str, executed: bool) -> None:
    rig.run(rig.meter(subject))
    rig.recorder.flush()

    found = [dict(dimensions) for _, name, dimensions in rig.file.metrics(SCOPE, LAMBDA, "Invocations", 0)]
    assert {each.get("Resource") for each in found} == {None, resource}
    assert any("ExecutedVersion" in each for each in found) is executed


def test_what_has_run_counts_for_the_minute_in_which_it_began(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    rig.run(meter, 240_000, ago_s=240)
    rig.run(meter)
    rig.recorder.flush()

    assert [at for at, _ in rig.read("Duration")] == [rig.minute - 4, rig.minute]


def test_a_minute_is_written_when_it_is_over(rig: Rig) -> None:
    rig.run(rig.meter(Subject(FUNCTION)))
    minute = rig.minute
    assert rig.read("Invocations") == []

    rig.clock.advance(60)

    rig.wait_until_written()
    assert [at for at, _ in rig.read("Invocations")] == [minute]


def test_asking_twice_in_a_minute_counts_nothing_twice(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    for _ in range(2):
        rig.run(meter)
        rig.recorder.flush()
        rig.recorder.flush()

    ((_, runs),) = rig.read("Invocations")
    ((_, peak),) = rig.read("ConcurrentExecutions")
    assert (runs.sum, peak.count, peak.max) == (2, 1, 1)


def test_concurrency_is_the_most_that_ran_at_once_in_each_minute_until_nothing_runs(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    other = rig.meter(Subject(SCOPE.function("other")))
    begun = rig.minute
    for each in (meter, meter, other):
        rig.tell(each.begin)
    rig.tell(meter.end)
    rig.clock.advance(60)
    rig.tell(meter.end)
    rig.tell(other.end)
    rig.clock.advance(60)
    rig.clock.advance(60)
    rig.recorder.flush()

    assert [(at - begun, peak.max) for at, peak in rig.read("ConcurrentExecutions", OF_FUNCTION)] == [(0, 2), (1, 1)]
    assert [(at - begun, peak.max) for at, peak in rig.read("ConcurrentExecutions")] == [(0, 3), (1, 2)]
    assert [peak.max for _, peak in rig.read("UnreservedConcurrentExecutions")] == [3, 2]
    assert [peak.max for _, peak in rig.read("ClaimedAccountConcurrency")] == [33, 32]


def test_what_is_reserved_is_not_among_the_unreserved(rig: Rig) -> None:
    rig.run(rig.meter(Subject(FUNCTION), reserved=True))
    rig.recorder.flush()

    assert rig.values("ConcurrentExecutions") == {1: 1}
    assert rig.read("UnreservedConcurrentExecutions") == []


def test_provisioned_concurrency_tells_how_much_of_it_is_used_and_what_found_none(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION, "live", "1"), provisioned=4)
    for each in (meter.own, meter.own, meter.spilled):
        rig.tell(each.begin)
        rig.tell(partial(each.invoked, rig.clock.monotonic_s(), 1.0, False))
    rig.recorder.flush()

    resource = (("FunctionName", "f"), ("Resource", "f:live"))
    assert rig.values("ProvisionedConcurrencyInvocations", resource) == {1: 2}
    assert rig.values("ProvisionedConcurrencySpilloverInvocations", resource) == {1: 1}
    assert rig.values("ProvisionedConcurrentExecutions", resource) == {2: 1}
    assert rig.values("ProvisionedConcurrencyUtilization", resource) == {0.5: 1}
    assert rig.values("Invocations", resource) == {1: 3}


def test_throttled_ones_are_no_invocations(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    rig.tell(meter.throttled)
    rig.recorder.flush()

    assert rig.values("Throttles", OF_FUNCTION) == {1: 1}
    assert rig.read("Invocations") == rig.read("Errors") == rig.read("ConcurrentExecutions") == []


def test_other_facts_count_for_the_function_or_for_whatever_they_are_of(rig: Rig) -> None:
    mapping = (("EventSourceMappingUUID", "b3e4"),)
    rig.tell(lambda: rig.recorder.add("AsyncEventAge", FUNCTION, 40.0))
    rig.tell(lambda: rig.recorder.add("AsyncEventAge", FUNCTION, 60.0))
    rig.tell(lambda: rig.recorder.add("DeadLetterErrors", FUNCTION, qualifier="live"))
    rig.tell(lambda: rig.recorder.add_for(SCOPE, mapping, "PolledEventCount", 10))
    rig.recorder.flush()

    assert rig.values("AsyncEventAge", OF_FUNCTION) == {40: 1, 60: 1}
    assert rig.values("DeadLetterErrors", (*OF_FUNCTION, ("Resource", "f:live"))) == {1: 1}
    assert rig.values("PolledEventCount", mapping) == {10: 1}
    assert rig.read("PolledEventCount") == []


def test_points_are_taken_from_any_thread_and_for_any_minute(rig: Rig) -> None:
    rig.recorder.publish([orders(rig.minute - 100, 5.0, 6.0)])
    rig.recorder.flush()

    ((at, values),) = rig.read("Orders", NORTH, "Shop")
    assert (at - rig.minute, values.spread) == (-100, {5: 1, 6: 1})


def test_the_rest_is_written_at_the_end_and_read_by_the_next_run(rig: Rig) -> None:
    rig.run(rig.meter(Subject(FUNCTION)))
    rig.recorder.stop()

    again = MetricFile(rig.path)
    assert [values.sum for _, _, values in again.read(SCOPE, LAMBDA, "Invocations", (), EVER)] == [1]
    assert stat.S_IMODE(rig.path.stat().st_mode) == 0o600
    again.close()


def test_without_a_fact_there_is_no_file_and_no_timer(rig: Rig) -> None:
    rig.recorder.flush()
    rig.clock.advance(600)

    assert not rig.path.exists()
    assert list(rig.file.metrics(SCOPE, None, None, 0)) == []


def test_what_a_full_disk_does_not_take_is_written_once_it_does(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    rig.run(meter)
    rig.recorder.flush()
    rig.run(meter)
    with files_end_at(rig.path.stat().st_size), pytest.raises(sqlite3.OperationalError):
        rig.recorder.flush()

    rig.recorder.flush()

    assert rig.values("Invocations") == {1: 2}


def test_a_disk_that_hangs_keeps_nobody_from_ending(rig: Rig) -> None:
    meter = rig.meter(Subject(FUNCTION))
    rig.run(meter)
    rig.recorder.flush()
    rig.run(meter)
    hanging = sqlite3.connect(rig.path)
    try:
        hanging.execute("BEGIN EXCLUSIVE")
        begun_s = monotonic()
        rig.recorder.stop()
        assert monotonic() - begun_s < 2 * STOP_LIMIT_S
    finally:
        hanging.close()


def test_a_file_that_is_no_database_is_set_aside(rig: Rig) -> None:
    rig.path.write_bytes(b"something else" * 1000)
    rig.run(rig.meter(Subject(FUNCTION)))
    rig.recorder.flush()

    assert rig.values("Invocations") == {1: 1}
    assert rig.path.with_name("metrics.db.old").read_bytes().startswith(b"something else")


def test_rows_older_than_fifteen_days_go(rig: Rig) -> None:
    rig.run(rig.meter(Subject(FUNCTION)))
    rig.recorder.flush()
    rig.clock.advance(15 * 24 * 3600 + 60)
    rig.run(rig.meter(Subject(SCOPE.function("other"))))
    rig.recorder.flush()

    assert [at for at, _ in rig.read("Invocations")] == [rig.minute]
    assert {dict(dims).get("FunctionName") for _, _, dims in rig.file.metrics(SCOPE, None, None, 0)} == {None, "other"}


def test_of_too_many_rows_the_oldest_go(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_emu.metrics.file.MOST_ROWS", 100)
    now = rig.minute
    rig.recorder.publish([orders(now - minute, 1.0) for minute in range(150)])
    rig.recorder.flush()

    assert [at for at, _ in rig.read("Orders", NORTH, "Shop")] == list(range(now - 89, now + 1))


def test_rows_that_take_too_many_bytes_go_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_emu.metrics.file.MOST_BYTES", 200_000)
    now = rig.minute
    for minute in range(200, 0, -1):
        rig.recorder.publish([orders(now - minute, *map(float, range(150)))])
        rig.recorder.flush()

    kept = [at - now for at, _ in rig.read("Orders", NORTH, "Shop")]
    assert kept == list(range(-len(kept), 0))
    assert 30 < len(kept) < 90  # each has some 2,400 bytes


def test_what_comes_late_takes_nothing_from_what_is_there(rig: Rig) -> None:
    """Also in a run, or after a pruning, that knows nothing of what is there."""
    minutes = [rig.minute - ago for ago in (0, 5, 3, 5, 0, 2, 3)]
    series = Series(SCOPE, "Shop", "Orders", NORTH, "Count")
    for minute in minutes:
        again = MetricFile(rig.path)
        for each in (minute, rig.minute):
            again.write([Point(series, each, Statistics.of([1.0]))], rig.clock.now_s())
        again.close()

    kept = {at - rig.minute: values.sum for at, values in rig.read("Orders", NORTH, "Shop")}
    assert kept == {0: 9, -5: 2, -3: 2, -2: 1}


def test_clearing_forgets_all(rig: Rig) -> None:
    rig.run(rig.meter(Subject(FUNCTION)))
    rig.recorder.flush()
    rig.run(rig.meter(Subject(FUNCTION)))
    rig.recorder.clear()
    rig.recorder.flush()

    assert list(rig.file.metrics(SCOPE, None, None, 0)) == []
