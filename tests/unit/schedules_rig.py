"""Cron expressions as they may be written, and times as clocks show them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck
from hypothesis import strategies as st

LOADED = [HealthCheck.too_slow]
"""How long it takes to make an example says how busy the machine is."""
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
SPRING, AUTUMN = datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 10, 31, tzinfo=UTC)
"""The days on which Berlin sets its clocks."""


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


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
