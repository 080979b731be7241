"""What is due at a time of day becomes work once, in order, whatever becomes of the server."""

from __future__ import annotations

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest
import timetable_rig
from store_rig import files_end_at
from timetable_rig import PREFIX, Rig, running, work_left
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.destinations.delivery import Delivery, work_of
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.services.timetable import table
from lambda_emu.services.timetable.table import Firing
from lambda_emu.services.timetable.timetable import AGAIN_AFTER_S, LONGEST_WAIT_S
from lambda_emu.store import WorkItem

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path) as rig:
        yield rig


def test_a_rate_fires_at_each_of_its_times(rig: Rig) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(5 minutes)", anchor_s=begun_s + 10)

    rig.clock.advance(9)
    assert rig.fired() == []
    rig.clock.advance(2)
    assert rig.fired() == [("a", begun_s + 10)]
    rig.clock.advance(300)
    assert rig.fired() == [("a", begun_s + 10), ("a", begun_s + 310)]


def test_what_falls_due_on_the_way_fires_in_its_order_with_its_own_time(rig: Rig) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("slow", "rate(7 minutes)", anchor_s=begun_s + 420)
    rig.put("fast", "rate(3 minutes)", anchor_s=begun_s + 180)
    once_s = begun_s + 400
    rig.put("once", f"at({timestamp(once_s)})")

    rig.clock.advance(DAY + 1)

    fired = rig.fired()
    assert fired == sorted(fired, key=lambda one: (one[1], one[0]))
    assert Counter(name for name, _ in fired) == {"slow": DAY // 420, "fast": DAY // 180, "once": 1}
    assert ("once", once_s) in fired


def test_a_single_time_fires_once_and_is_over(rig: Rig) -> None:
    once_s = ceil(rig.clock.now_s()) + 100
    rig.put("once", f"at({timestamp(once_s)})")

    rig.clock.advance(DAY)

    assert rig.fired() == [("once", once_s)]
    assert rig.owner.ended == ["once"]
    assert rig.next_of("once") is None


def test_a_recurring_one_is_over_after_its_end(rig: Rig) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 minute)", anchor_s=begun_s, end_s=begun_s + 2 * MINUTE)

    rig.clock.advance(HOUR)

    assert rig.fired() == [("a", begun_s), ("a", begun_s + 60), ("a", begun_s + 120)]
    assert rig.owner.ended == ["a"]


def test_what_is_entered_anew_goes_by_its_new_time_alone(rig: Rig) -> None:
    rig.put("a", "rate(1 minute)")
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 hour)", anchor_s=begun_s + HOUR)

    rig.clock.advance(HOUR + 1)

    assert rig.fired() == [("a", begun_s + HOUR)]


def test_what_is_removed_fires_no_more(rig: Rig) -> None:
    rig.put("a", "rate(1 minute)")
    rig.step(lambda connection: table.remove(connection, PREFIX + "a"))

    rig.clock.advance(HOUR)

    assert rig.fired() == []


@pytest.mark.parametrize("never", ["at(2022-12-31T23:59:59)", "cron(0 0 30 2 ? *)", "cron(0 0 1 1 ? 2020-2021)"])
def test_what_never_comes_is_no_entry_and_is_told(rig: Rig, never: str, caplog: pytest.LogCaptureFixture) -> None:
    """AWS takes it."""
    rig.put("a", never)

    rig.clock.advance(HOUR)

    assert rig.fired() == []
    assert rig.next_of("a") is None
    assert f"schedule/default/a is never due: {never} means no time from 20" in caplog.text


def test_a_window_puts_each_firing_somewhere_within_it(rig: Rig) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 hour)", anchor_s=begun_s + HOUR, window_s=10 * MINUTE)
    late: list[float] = []
    for number in range(1, 9):
        rig.clock.advance(begun_s + number * HOUR - 1 - rig.clock.now_s())
        assert len(rig.fired()) == number - 1
        for _ in range(10 * MINUTE // 20 + 1):
            rig.clock.advance(20)
            if len(rig.fired()) == number:
                late.append(rig.clock.now_s() - begun_s - number * HOUR)
                break

    assert rig.fired() == [("a", begun_s + number * HOUR) for number in range(1, 9)]
    assert max(late) <= 10 * MINUTE + 20
    assert len({round(each) for each in late}) > 1


def test_the_time_that_the_machine_shows_is_what_counts(rig: Rig) -> None:
    """Somebody sets its clock ahead; it is noticed within a minute."""
    once_s = ceil(rig.clock.now_s()) + HOUR
    rig.put("once", f"at({timestamp(once_s)})")

    rig.clock.set_wall(HOUR)
    rig.clock.advance(LONGEST_WAIT_S)

    assert rig.fired() == [("once", once_s)]


def test_an_idle_timetable_has_no_timer_and_one_with_entries_has_two(rig: Rig) -> None:
    """For what is due, and to see whether the machine's time was set."""
    assert len(rig.clock.waiting) == 0
    for number in range(20):
        rig.put(f"a{number}", "rate(1 day)", anchor_s=int(rig.clock.now_s()) + DAY)
        assert len(rig.clock.waiting) == 2


def test_a_user_who_sets_time_back_has_what_recurs_at_its_next_times_and_nothing_that_is_over(rig: Rig) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("recurs", "rate(1 hour)", anchor_s=begun_s + HOUR)
    rig.put("passed", f"at({timestamp(begun_s + 2 * HOUR)})")
    rig.put("comes", f"at({timestamp(begun_s + 12 * HOUR)})")
    rig.clock.advance(10 * HOUR + 1)
    before = rig.fired()

    rig.clock.set_wall(-10 * HOUR)
    rig.loop.ask(rig.timetable.set_back, 10)
    rig.settle()
    rig.clock.advance(3 * HOUR)

    assert rig.fired()[len(before) :] == [("recurs", begun_s + number * HOUR) for number in (1, 2, 3)]
    assert rig.next_of("comes") == begun_s + 12 * HOUR


def test_one_whose_work_cannot_be_made_holds_up_no_other(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.owner.broken.add("ill")
    rig.put("ill", "rate(1 minute)")
    rig.put("well", "rate(1 minute)")

    rig.clock.advance(2 * MINUTE + 1)

    assert [name for name, _ in rig.fired()] == ["well", "well"]
    assert "schedule/default/ill is due and fails" in caplog.text
    next_s = rig.next_of("ill")
    assert next_s is not None
    assert next_s > rig.clock.now_s()


def test_one_that_cannot_be_read_any_more_holds_up_no_other(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.put("ill", "cron(* * * * ? *)")
    rig.put("well", "rate(1 minute)")
    of_nowhere = "UPDATE timetable SET timing = replace(timing, 'UTC', 'Mars/Base') WHERE arn LIKE '%ill'"
    rig.step(lambda connection: connection.execute(of_nowhere) and None)

    rig.clock.advance(2 * MINUTE + 1)

    assert [name for name, _ in rig.fired()] == ["well", "well"]
    assert "ill is due no more until it is changed" in caplog.text


# -- while nobody was there ---------------------------------------------------------------------------


def test_after_a_time_away_single_times_fire_and_of_others_the_latest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path) as rig:
        begun_s = ceil(rig.clock.now_s())
        rig.put("often", "rate(1 minute)", anchor_s=begun_s + MINUTE)
        rig.put("cron", "cron(0 * * * ? *)")
        rig.put("once", f"at({timestamp(begun_s + DAY + HOUR)})")
        rig.put("once-and-old", f"at({timestamp(begun_s + 100)})")
        rig.put("old", "rate(30 days)", anchor_s=begun_s + 10)
        rig.put("later", "rate(1 day)", anchor_s=begun_s + 3 * DAY)

    with running(tmp_path, 2 * DAY + 30) as rig, caplog.at_level(logging.WARNING):
        fired = dict(rig.fired())
        now_s = rig.clock.now_s()
        assert len(rig.fired()) == len(fired)
        assert fired["once"] == begun_s + DAY + HOUR
        assert now_s - MINUTE < fired["often"] <= now_s
        assert now_s - HOUR < fired["cron"] <= now_s
        assert fired.keys() == {"once", "often", "cron"}  # the others are older than a day
        assert rig.next_of("once-and-old") is None
        rig.clock.advance(MINUTE)
        assert ("often", fired["often"] + MINUTE) in rig.fired()[3:]

    minutes, hours = (fired["often"] - begun_s) // MINUTE, int(now_s) // HOUR - (begun_s - 1) // HOUR
    told = [record.message for record in caplog.records if "--catch-up" in record.message]
    assert len(told) == 1
    assert told[0].startswith(f"{minutes - 1 + hours - 1 + 1 + 1} firings of 4 schedules were due")


def test_after_a_machine_slept_the_latest_fires_within_a_minute(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 minute)", anchor_s=begun_s + MINUTE)

    rig.clock.sleep(HOUR - 2)
    rig.clock.advance(MINUTE + 1)

    assert rig.fired() == [("a", begun_s + HOUR)]
    assert "59 firings of 1 schedules were due" in caplog.text
    rig.clock.advance(HOUR)
    assert len(rig.fired()) == 61


def test_catching_up_fires_all_in_their_order(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        begun_s = ceil(rig.clock.now_s())
        rig.put("a", "rate(1 minute)", anchor_s=begun_s + MINUTE)
        rig.put("b", "rate(2 minutes)", anchor_s=begun_s + MINUTE)

    with running(tmp_path, DAY + 30, catch_up=True) as rig:
        fired = all_of(rig, 2160)

    assert fired == sorted(fired, key=lambda one: (one[1], one[0]))
    assert [at_s for name, at_s in fired if name == "a"] == [begun_s + MINUTE * number for number in range(1, 1441)]


def test_what_was_missed_is_counted_to_a_bound(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path) as rig:
        rig.put("a", "cron(* * * * ? *)")

    with running(tmp_path, 400 * DAY) as rig:
        assert len(rig.fired()) == 1

    assert f"more than {table.COUNTED_MOST} firings of 1 schedules" in caplog.text


# -- its work ------------------------------------------------------------------------------------------


class Deliveries:
    """The owner of entries that go to one target by the outbox, whose sender this is too."""

    target = "arn:aws:test:us-east-1:123456789012:target"
    most = 4

    def __init__(self, rig: Rig) -> None:
        self.clock = rig.clock
        self.outbox = Outbox(rig.store, rig.loop, rig.clock, {"test": self})
        self.wake = self.outbox.wake
        self.got: list[bytes] = []

    def work_of(self, connection: sqlite3.Connection, firing: Firing) -> list[WorkItem]:
        function = Scope("123456789012", "us-east-1").function("f")
        delivery = Delivery(self.clock.new_id(), self.target, function, firing.arn)
        return [work_of(delivery, self.clock.steady_s(), str(firing.scheduled_s).encode())]

    def end(self, connection: sqlite3.Connection, arn: str) -> None: ...

    async def send(self, delivery: Delivery, body: bytes) -> None:
        self.got.append(body)


def test_what_fires_reaches_its_target_by_the_outbox(rig: Rig) -> None:
    deliveries = Deliveries(rig)
    rig.owners["scheduler"] = deliveries
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 minute)", anchor_s=begun_s + MINUTE)

    rig.clock.advance(3 * MINUTE + 1)

    wanted = [str(begun_s + number * MINUTE).encode() for number in (1, 2, 3)]
    eventually(lambda: sorted(deliveries.got) == wanted, "three deliveries")
    rig.loop.ask(deliveries.outbox.stop, 10)


# -- once --------------------------------------------------------------------------------------------


def test_what_a_full_disk_cannot_keep_fires_once_there_is_room(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    begun_s = ceil(rig.clock.now_s())
    rig.put("a", "rate(1 minute)", anchor_s=begun_s + MINUTE)
    with files_end_at(0):
        rig.clock.advance(MINUTE + 1)
        eventually(lambda: "what is due cannot be written" in caplog.text, "word of the disk")
        rig.clock.advance(MINUTE)
        assert rig.owner.woken == []

    rig.clock.advance(AGAIN_AFTER_S)

    fired = all_of(rig, 2)
    assert fired == [("a", begun_s + MINUTE), ("a", begun_s + 2 * MINUTE)]


def test_no_firing_is_lost_or_enqueued_twice_when_its_server_is_killed(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(40)]
    with running(tmp_path) as rig:
        first_s = ceil(rig.clock.now_s()) + MINUTE
        for number, name in enumerate(names):
            rig.put(name, f"rate({number % 3 + 1} minutes)", anchor_s=first_s)
    ahead_s = 0.0
    for _ in range(5):
        killed_after(tmp_path, ahead_s, len(work_left(tmp_path)) + random.randint(500, 1500))
        ahead_s = max(at_s for _, at_s in work_left(tmp_path)) - first_s

    with running(tmp_path, ahead_s, catch_up=True) as rig:
        next_s = {name: rig.next_of(name) for name in names}
    found = Counter(work_left(tmp_path))
    assert max(found.values()) == 1
    for number, name in enumerate(names):
        wanted = range(first_s, next_s[name] or 0, (number % 3 + 1) * MINUTE)
        assert len(wanted) > 10
        assert sorted(at_s for its, at_s in found if its == name) == list(wanted)


def killed_after(folder: Path, ahead_s: float, work: int) -> None:
    """Run a server until so much work is there, and kill it."""
    command = [sys.executable, timetable_rig.__file__, str(folder), str(ahead_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            eventually(lambda: len(work_left(folder)) >= work, "firings")
        finally:
            os.kill(server.pid, signal.SIGKILL)


def all_of(rig: Rig, count: int) -> list[tuple[str, int]]:
    """What fired, as soon as it is so much."""
    eventually(lambda: len(rig.fired()) >= count, f"{count} firings")
    return rig.fired()


def timestamp(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"
