"""What schedule expressions mean, held against a search minute by minute that knows nothing of how it is done."""

from __future__ import annotations

import os
import subprocess
import sys
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.schedules.expressions import (
    At,
    InvalidScheduleExpression,
    parse_rule_expression,
    parse_schedule_expression,
)
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.model.schedules.zones import UnknownZone, find_zone

LOADED = [HealthCheck.too_slow]
"""How long it takes to make an example says how busy the machine is."""
MINUTES_SEARCHED = 2 * 24 * 60
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
SPRING, AUTUMN = datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 10, 31, tzinfo=UTC)
"""The days on which Berlin sets its clocks."""


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


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


# -- the search -------------------------------------------------------------------------------------


def holds(field: str, value: int, most: int, names: list[str]) -> bool:
    """Whether a list has a value, by looking at every part of it."""

    def number(text: str) -> int:
        return names.index(text) + 1 if text in names else int(text)

    for part in field.split(","):
        base, _, step = part.partition("/")
        first, _, last = base.partition("-")
        if base == "*":
            low, high = (0 if most in (59, 23) else 1), most
        else:
            low = number(first)
            high = number(last) if last else most if step else low
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False


def means_day(of_month: str, of_week: str, day: date) -> bool:
    last = date(day.year, day.month, monthrange(day.year, day.month)[1])
    if of_week == "?":
        if of_month == "L":
            return day == last
        if of_month == "LW":
            return day == max(last - timedelta(n) for n in range(3) if (last - timedelta(n)).weekday() < 5)
        if of_month.endswith("W"):
            wanted = int(of_month[:-1])
            if wanted > last.day or day.weekday() > 4:
                return False
            whole = [date(day.year, day.month, n) for n in range(1, last.day + 1)]
            return day == min((d for d in whole if d.weekday() < 5), key=lambda d: abs(d.day - wanted))
        return holds(of_month, day.day, 31, [])
    number = (day.weekday() + 1) % 7 + 1
    if "#" in of_week:
        wanted_day, _, nth = of_week.partition("#")
        return holds(wanted_day, number, 7, WEEKDAYS) and (day.day - 1) // 7 + 1 == int(nth)
    if of_week != "L" and of_week.endswith("L"):
        return holds(of_week[:-1], number, 7, WEEKDAYS) and (day + timedelta(7)).month != day.month
    return holds("7" if of_week == "L" else of_week, number, 7, WEEKDAYS)


def searched(expression: str, instant_s: int, zone: str) -> int | None:
    """The first minute within two days; what comes twice on the clocks counts the first time."""
    minutes, hours, of_month, months, of_week, years = expression[5:-1].split()
    place = ZoneInfo(zone)
    start_s = instant_s // 60 * 60 + 60
    for minute_s in range(start_s, start_s + MINUTES_SEARCHED * 60, 60):
        local = datetime.fromtimestamp(minute_s, place)
        if (
            local.fold == 0
            and holds(minutes, local.minute, 59, [])
            and holds(hours, local.hour, 23, [])
            and holds(months, local.month, 12, MONTHS)
            and (years == "*" or holds(years, local.year, 2199, []))
            and means_day(of_month, of_week, local.date())
        ):
            return minute_s
    return None


def lists(least: int, most: int, names: list[str]) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    plain = st.sampled_from(names) if names else number.map(str)
    spans = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), number.map(str), spans), st.integers(1, most)).map("{0[0]}/{0[1]}".format)
    return st.one_of(
        st.just("*"), st.lists(st.one_of(plain, number.map(str), spans, steps), min_size=1, max_size=3).map(",".join)
    )


DAYS_OF_MONTH = st.one_of(
    st.just("*"), lists(1, 31, []), st.sampled_from(["L", "LW"]), st.integers(1, 31).map("{}W".format)
)
DAYS_OF_WEEK = st.one_of(
    lists(1, 7, WEEKDAYS),
    st.just("L"),
    st.sampled_from([*WEEKDAYS, *"1234567"]).map("{}L".format),
    st.tuples(st.sampled_from([*WEEKDAYS, *"1234567"]), st.integers(1, 5)).map("{0[0]}#{0[1]}".format),
)
DAYS = st.one_of(DAYS_OF_MONTH.map(lambda days: (days, "?")), DAYS_OF_WEEK.map(lambda days: ("?", days)))
CRONS = st.builds(
    lambda minutes, hours, days, months, years: f"cron({minutes} {hours} {days[0]} {months} {days[1]} {years})",
    lists(0, 59, []),
    lists(0, 23, []),
    DAYS,
    st.one_of(st.just("*"), lists(1, 12, MONTHS)),
    st.sampled_from(["*", "*", "2027", "2027-2030", "2024,2028", "2026/2"]),
)
INSTANTS = st.one_of(
    st.integers(int(at("2026-01-01")), int(at("2029-01-01"))),
    st.sampled_from([SPRING, AUTUMN]).flatmap(
        lambda day: st.integers(-90_000, 90_000).map(lambda by_s: int(day.timestamp()) + by_s)
    ),
)


@settings(max_examples=200, deadline=None, suppress_health_check=LOADED)
@given(CRONS, INSTANTS, st.sampled_from(ZONES))
@example("cron(0/15 * * * ? *)", int(AUTUMN.timestamp()) + 5_000, "Europe/Berlin")
@example("cron(30 2 * * ? *)", int(SPRING.timestamp()), "Europe/Berlin")
@example("cron(59 23 LW 2 ? *)", int(at("2027-02-25")), "UTC")
def test_a_cron_is_due_at_the_first_minute_that_a_search_finds(cron: str, instant_s: int, zone: str) -> None:
    found = Timing(cron, 0, zone).next_after(instant_s)

    wanted = searched(cron, instant_s, zone)
    if wanted is None:
        assert found is None or found > instant_s + (MINUTES_SEARCHED - 1) * 60
    else:
        assert found == wanted


@settings(max_examples=100, deadline=None, suppress_health_check=LOADED)
@given(CRONS, INSTANTS, st.sampled_from(ZONES), st.integers(0, 2 * 10**5))
def test_the_latest_of_those_that_were_due_is_the_one_that_going_through_all_finds(
    cron: str, instant_s: int, zone: str, over_s: int
) -> None:
    timing = Timing(cron, 0, zone)
    due_s = timing.next_after(instant_s)
    if due_s is None:
        return
    until_s = due_s + over_s
    latest_s, passed = due_s, 0
    while (next_s := timing.next_after(latest_s)) is not None and next_s <= until_s:
        latest_s, passed = next_s, passed + 1

    assert timing.latest(due_s, until_s) == latest_s
    assert timing.count(due_s, latest_s, 10**6) == passed


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
