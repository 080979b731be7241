"""When alarms are looked at: at the end of each minute, one at a time, and never while there are none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from timetable_rig import CountingClock
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.file import MetricFile
from lambda_emu.metrics.points import Point, Series
from lambda_emu.metrics.recorder import Recorder
from lambda_emu.metrics.statistics import Statistics
from lambda_emu.services.alarms import table
from lambda_emu.services.alarms.alarm import Alarm
from lambda_emu.services.alarms.errors import TooManyAlarms
from lambda_emu.services.alarms.notices import Change
from lambda_emu.services.alarms.operations import MOST_ALARMS
from lambda_emu.services.alarms.serving import AlarmServer
from lambda_emu.services.alarms.watch import Watch
from lambda_emu.services.late import ask_store
from lambda_emu.store import Store

SCOPE = Scope("123456789012", "us-east-1")
ALARM: dict[str, Any] = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


@dataclass
class Rig:
    store: Store
    loop: Loop
    clock: CountingClock
    recorder: Recorder
    server: AlarmServer
    watch: Watch
    told: list[tuple[str, str]]

    def ask(self, operation: str, **members: Any) -> Any:
        answer = self.server.ask(operation, members, SCOPE)
        self.loop.ask(lambda: None, 10)
        return answer

    def put(self, name: str, **members: Any) -> None:
        self.ask("PutMetricAlarm", AlarmName=name, **ALARM | members)

    def count(self, metric: str, value: float) -> None:
        series = Series(SCOPE, "Shop", metric, (), "None")
        self.recorder.keep([Point(series, int(self.clock.now_s() // 60), Statistics.of([value]))])

    def change(self, name: str, make: Callable[[Alarm], Alarm | list[Alarm]]) -> None:
        """On disk, whatever the operations take."""

        def step(connection: sqlite3.Connection) -> None:
            alarm = table.alarm(connection, SCOPE, name)
            assert alarm is not None
            made = make(alarm)
            for each in made if isinstance(made, list) else [made]:
                table.put(connection, each)

        ask_store(self.store, step, 60)

    def state(self, name: str) -> str:
        return str(self.ask("DescribeAlarms", AlarmNames=[name])["MetricAlarms"][0]["StateValue"])

    def pass_minute(self) -> None:
        self.clock.advance(60 - self.clock.now_s() % 60 + 1)


@contextmanager
def running(folder: Path) -> Iterator[Rig]:
    loop, clock, told = Loop(), CountingClock(stands=True), list[tuple[str, str]]()
    loop.start()
    clock.bind(loop.asyncio)
    store = Store.open(folder)
    recorder = Recorder(MetricFile(folder / "metrics.db"), loop, clock, lambda _: 0)

    def tell(change: Change) -> list[Any]:
        told.append((change.alarm.name, change.alarm.state.value))
        return []

    watch = Watch(store, loop, clock, recorder, lambda: None, tell, lambda _: None)
    server = AlarmServer(store, loop, clock, recorder.file, watch, tell, lambda _: None)
    try:
        yield Rig(store, loop, clock, recorder, server, watch, told)
    finally:
        loop.ask(watch.close, 10)
        recorder.stop()
        loop.stop()
        store.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path) as rig:
        yield rig


def none_waits(rig: Rig) -> Callable[[], bool]:
    return lambda: not rig.clock.waiting


def test_nothing_runs_while_there_is_no_alarm(rig: Rig) -> None:
    rig.ask("DescribeAlarms")
    assert rig.clock.waiting == set()

    for name in "abc":
        rig.put(name)
        assert len(rig.clock.waiting) == 1
    rig.ask("DeleteAlarms", AlarmNames=["a", "b", "c"])
    rig.pass_minute()

    eventually(none_waits(rig), "the timer to end")
    rig.put("a")
    assert len(rig.clock.waiting) == 1


def test_a_restart_goes_on_with_what_is_there(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.put("a")
        rig.count("Errors", 1)
    with running(tmp_path) as rig:
        rig.loop.ask(rig.watch.begin, 10)
        rig.pass_minute()

        eventually(lambda: rig.state("a") != "INSUFFICIENT_DATA", "the alarm to be looked at")
        assert len(rig.clock.waiting) >= 1


def test_a_new_state_is_told_once_and_again_when_it_comes_back(rig: Rig) -> None:
    rig.put("a")
    for value in (1, 1, 0, 0, 1):
        rig.count("Errors", value)
        rig.pass_minute()
        wanted = "ALARM" if value else "OK"
        eventually(lambda wanted=wanted: rig.state("a") == wanted, f"it to be {wanted}")  # type: ignore[misc]

    assert rig.told == [("a", "ALARM"), ("a", "OK"), ("a", "ALARM")]


def test_an_alarm_that_fails_holds_up_no_other(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.put("ill")
    rig.put("well")
    rig.change("ill", lambda alarm: replace(alarm, members={**alarm.members, "Period": "an hour"}))
    rig.count("Errors", 1)

    rig.pass_minute()

    eventually(lambda: rig.told == [("well", "ALARM")], "the other one")
    assert "alarm:ill cannot be evaluated" in caplog.text


def test_there_are_as_many_as_on_aws(rig: Rig) -> None:
    rig.put("a")
    rig.change("a", lambda alarm: [replace(alarm, name=f"a{number}") for number in range(MOST_ALARMS - 1)])

    rig.put("a", Threshold=2.0)
    with pytest.raises(TooManyAlarms):
        rig.put("b")
