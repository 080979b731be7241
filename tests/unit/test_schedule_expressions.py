"""What schedule expressions mean, as the guides of AWS say it, and what is none."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedules_rig import CRONS, LOADED, at

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.schedules.expressions import (
    At,
    InvalidScheduleExpression,
    parse_rule_expression,
    parse_schedule_expression,
)
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.model.schedules.zones import UnknownZone, find_zone


def following(expression: str, after: str, count: int = 1, zone: str = "UTC") -> list[str]:
    """In UTC, without the seconds."""
    timing, now_s, found = Timing(expression, 0, zone), at(after), []
    for _ in range(count):
        due_s = timing.next_after(now_s)
        if due_s is None:
            break
        found.append(f"{datetime.fromtimestamp(due_s, UTC):%Y-%m-%d %H:%M}")
        now_s = due_s
    return found


# -- what AWS's guides show ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("cron(0 10 * * ? *)", ["2026-11-27 10:00", "2026-11-28 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-11-27 12:15", "2026-11-28 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-27 18:00", "2026-11-30 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01 08:00", "2027-01-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-11-27 09:15", "2026-11-27 09:30"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-27 09:10", "2026-11-27 09:20"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-27 09:05", "2026-11-27 09:10"]),
        ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-11-27 20:00", "2026-11-27 20:30"]),
        ("cron(15 10 ? * 6L 2022-2023)", []),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-11-27 10:15", "2026-12-25 10:15"]),
        ("cron(0 2 ? * SAT#3 *)", ["2026-12-19 02:00", "2027-01-16 02:00"]),
        ("cron(0 0 3W * ? *)", ["2026-12-03 00:00", "2027-01-04 00:00"]),
        ("cron(0 0 1W 8 ? *)", ["2027-08-02 00:00", "2028-08-01 00:00"]),
        ("cron(0 0 1W 5 ? *)", ["2027-05-03 00:00", "2028-05-01 00:00"]),  # the 1st is a Saturday
        ("cron(0 0 31W 1 ? *)", ["2027-01-29 00:00", "2028-01-31 00:00"]),  # the 31st is a Sunday
        ("cron(0 0 31W * ? *)", ["2026-12-31 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30 00:00", "2026-12-31 00:00"]),
        ("cron(0 0 L 2 ? *)", ["2027-02-28 00:00", "2028-02-29 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(59 23 31 12 ? 2199)", ["2199-12-31 23:59"]),
        # taken by AWS as users saw it
        ("cron(0/5, 9-18, ?, *, MON-FRI, *)", ["2026-11-27 09:05", "2026-11-27 09:10"]),
        ("cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", ["2026-11-28 08:00", "2026-11-28 08:01"]),
        ("cron(1-31/30 1-1 ? * 1,7 *)", ["2026-11-28 01:01", "2026-11-28 01:31"]),
    ],
)
def test_the_guides_examples_are_due_when_they_say(expression: str, due: list[str]) -> None:
    parse_rule_expression(expression)

    assert following(expression, "2026-11-27 09:00", 2) == due


REFUSED_BY_BOTH = [
    "cron(0 1 * * * *)",
    "cron(0 1 ? * ? *)",
    "cron(7 20 * * NOT *)",
    "cron(INVALID)",
    "cron()",
    "cron(0 dummy ? * MON-FRI *)",
    "cron(71 8 1 * ? *)",
    "cron(*/60 * * * ? *)",
    "cron(* ? * * * *)",
    "cron(*/1 * * * *)",
    "cron(0/0 * * * ? *)",
    "cron(, * * * ? *)",
    "cron(0 0 ? * 3#1,6#3 *)",
    "cron(0 0 ? * 3#6 *)",
    "cron(0 0 ? * -1 *)",
    "cron(0 0 32W * ? *)",
    "cron(0 0 1 13 ? *)",
    "cron(0 0 1 1 ? 1969)",
    "cron(0 0 1 1 ? 2200)",
    "cron(0 0 1 1 ? 2030-2020)",
    "cron(٣ 0 1 1 ? *)",
    "rate(10 seconds)",
    "rate(10 years)",
    "rate()",
    "rate(10)",
    "rate(10 minutess)",
    "rate(foo minutes)",
    "rate(0 minutes)",
    "rate(-10 minutes)",
    "rate( 10 minutes )",
    " rate(10 minutes)",
    "rate(10 minutes",
    "daily",
    "",
    "cron(" + "0," * 200 + "0 * * * ? *)",
]


@pytest.mark.parametrize("expression", REFUSED_BY_BOTH)
def test_what_aws_refuses_is_refused_in_its_words_with_the_reason_beside_them(expression: str) -> None:
    with pytest.raises(LambdaError) as of_rule:
        parse_rule_expression(expression)
    with pytest.raises(LambdaError) as of_schedule:
        parse_schedule_expression(expression)

    assert (of_rule.value.code, of_rule.value.text) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )
    assert (of_schedule.value.code, of_schedule.value.text) == (
        "ValidationException",
        f"Invalid Schedule Expression {expression}.",
    )
    assert of_rule.value.hint
    assert of_schedule.value.hint == of_rule.value.hint


PIECES = [
    "cron(",
    "rate(",
    "at(",
    ")",
    " ",
    "*",
    "?",
    "L",
    "W",
    "LW",
    "#",
    "/",
    "-",
    ",",
    "0",
    "5",
    "31",
    "99",
    "MON",
    "٣",
]


@settings(max_examples=500, deadline=None, suppress_health_check=LOADED)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=40).map("cron({})".format) | CRONS
)
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    try:
        parse_schedule_expression(text)
    except InvalidScheduleExpression:
        return
    Timing(text, 0, "Europe/Berlin").next_after(at("2026-11-27"))


@pytest.mark.parametrize(
    "expression",
    ["rate(1 minutes)", "rate(1 hours)", "rate(1 days)", "rate(10 minute)", "rate(10 hour)", "rate(10 day)"],
)
def test_a_rules_unit_is_in_the_number_of_its_figure_and_scheduler_does_not_mind(expression: str) -> None:
    parse_schedule_expression(expression)

    with pytest.raises(LambdaError, match="Parameter ScheduleExpression is not valid"):
        parse_rule_expression(expression)


def test_only_scheduler_knows_a_single_time() -> None:
    assert parse_schedule_expression("at(2022-12-31T23:59:59)") == At(datetime(2022, 12, 31, 23, 59, 59))

    with pytest.raises(LambdaError, match="Parameter ScheduleExpression is not valid"):
        parse_rule_expression("at(2022-12-31T23:59:59)")
    for wrong in ("at(2021-12-31T23:59:59Z)", "at(2021-12-31)", "at(2021-02-30T00:00:00)", "at(0001-01-01T00:00:00)"):
        with pytest.raises(LambdaError, match="Invalid Schedule Expression"):
            parse_schedule_expression(wrong)


@pytest.mark.parametrize("never", ["cron(0 0 30 2 ? *)", "cron(0 0 31 4,6,9,11 ? *)", "cron(0 0 29 2 ? 2027/4)"])
def test_a_cron_that_never_comes_says_so_at_once(never: str) -> None:
    timing = Timing(never, 0, "Europe/Berlin")
    timing.next_after(0)
    begun_s = perf_counter()

    assert timing.next_after(at("1970-01-01")) is None

    assert perf_counter() - begun_s < 1.0  # a search by minutes has 120 million to look at


# -- zones ------------------------------------------------------------------------------------------


def test_a_time_that_clocks_leap_over_is_left_out() -> None:
    due = following("cron(30 2 * * ? *)", "2027-03-26 12:00", 3, "Europe/Berlin")

    assert due == ["2027-03-27 01:30", "2027-03-29 00:30", "2027-03-30 00:30"]


def test_a_time_that_comes_twice_is_due_once() -> None:
    due = following("cron(30 2 * * ? *)", "2027-10-29 12:00", 3, "Europe/Berlin")

    assert due == ["2027-10-30 00:30", "2027-10-31 00:30", "2027-11-01 01:30"]


def test_a_day_of_a_rate_has_24_hours_when_clocks_are_set_too() -> None:
    anchor_s = int(at("2027-03-27 12:00", "Europe/Berlin"))
    timing = Timing("rate(1 day)", anchor_s, "Europe/Berlin")

    assert timing.next_after(anchor_s) == anchor_s + 24 * 3600


def test_a_single_time_that_clocks_leap_over_comes_as_much_later() -> None:
    """AWS's guide speaks of cron alone; what is to happen once is not lost."""
    assert following("at(2027-03-28T02:30:15)", "2027-03-27", 2, "Europe/Berlin") == ["2027-03-28 01:30"]


@pytest.mark.parametrize(
    "name", ["Mars/Base", "", "../../etc/passwd", "/etc/passwd", "America", "right/UTC", "a\0b", "localtime"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        find_zone(name)


# -- start, end and the first time --------------------------------------------------------------------


def test_a_rate_comes_first_at_its_anchor_and_keeps_in_step_with_it() -> None:
    timing = Timing("rate(7 minutes)", 1_000_000)

    assert timing.first(999_000) == 1_000_000
    assert timing.first(1_000_000) == 1_000_000
    assert timing.first(1_000_000.5) == 1_000_420
    assert timing.next_after(1_000_420) == 1_000_840


def test_a_rules_rate_comes_first_when_its_period_is_over() -> None:
    timing = Timing.of_rule("rate(5 minutes)", 1_000_000.25)

    assert timing.first(1_000_000.25) == 1_000_300


def test_nothing_is_due_before_the_start_or_after_the_end() -> None:
    start_s, end_s = at("2027-01-02 00:00"), at("2027-01-03 00:00")
    timing = Timing("cron(0 0 * * ? *)", 0, "UTC", start_s, end_s)

    assert timing.first(at("2026-06-01")) == start_s
    assert timing.next_after(start_s) == end_s
    assert timing.next_after(end_s) is None


def test_a_single_time_knows_no_start_and_no_end_and_is_over_when_it_is_past() -> None:
    timing = Timing("at(2027-01-02T00:00:00)", 0, "UTC", at("2030-01-01"), at("2020-01-01"))

    assert timing.first(at("2026-01-01")) == at("2027-01-02")
    assert timing.first(at("2027-01-02 00:00:01")) is None


def test_a_rate_longer_than_time_is_due_no_more() -> None:
    timing = Timing(f"rate({'9' * 200} days)", 1_000_000)

    assert timing.first(0) == 1_000_000
    assert timing.next_after(1_000_000) is None


def test_zones_are_known_where_the_machine_has_none() -> None:
    program = "from lambda_emu.model.schedules.zones import find_zone; print(find_zone('Europe/Berlin'))"
    nowhere = os.environ | {"PYTHONTZPATH": ""}

    ran = subprocess.run([sys.executable, "-c", program], env=nowhere, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "Europe/Berlin"
