"""When cron expressions are due, held against a search minute by minute that knows nothing of how it is done."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st
from schedules_rig import AUTUMN, CRONS, LOADED, MONTHS, SPRING, WEEKDAYS, ZONES, at

from lambda_emu.model.schedules.timing import Timing

MINUTES_SEARCHED = 2 * 24 * 60


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
