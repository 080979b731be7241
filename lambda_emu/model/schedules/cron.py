"""AWS's cron: minutes, hours, day of month, month, day of week, year. Found by steps of fields, never of minutes.

One of the two days is `?`. docs.aws.amazon.com/scheduler, "Schedule types"; what that leaves open is Quartz's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from lambda_emu.model.schedules.days import (
    SATURDAY,
    Days,
    days_of_month,
    days_of_week,
    last_day,
    last_of_week,
    last_working_day,
    nearest_working_day,
    nth_of_week,
)

FIRST_YEAR, LAST_YEAR = 1970, 2199
NUMBER = re.compile(r"[0-9]{1,4}")


class NotUnderstood(ValueError):
    """No expression. The text says what of it is wrong, for whoever wrote it."""


class Field(Struct, frozen=True):
    """What one of the six may hold. names: that stand for numbers. wraps: 22-2 goes over the end."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = {}
    wraps: bool = True

    def number(self, text: str) -> int:
        named = self.names.get(text.upper())
        if named is not None:
            return named
        if not NUMBER.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise NotUnderstood(f"{self.name}: {text!r} is not from {self.least} to {self.most}")
        return int(text)


MONTHS = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
WEEK = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
MINUTES, HOURS = Field("minutes", 0, 59), Field("hours", 0, 23)
DAY_OF_MONTH, MONTH = Field("day of month", 1, 31), Field("month", 1, 12, MONTHS)
DAY_OF_WEEK, YEAR = Field("day of week", 1, 7, WEEK), Field("year", FIRST_YEAR, LAST_YEAR, wraps=False)


class Cron(Struct, frozen=True):
    """One that was parsed. All but the days are in order, and none is empty."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: Days
    months: Sequence[int]
    years: Sequence[int]

    def next_local(self, after: datetime) -> datetime | None:
        """The first minute that it means later than this time, both without a zone; None: there is none."""
        start = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                found = self._in_month(year, month, start)
                if found is not None:
                    return found
        return None

    def _in_month(self, year: int, month: int, start: datetime) -> datetime | None:
        for day in self.days(year, month):
            if (year, month, day) > (start.year, start.month, start.day):
                return datetime(year, month, day, self.hours[0], self.minutes[0])
            if (year, month, day) == (start.year, start.month, start.day):
                found = self._on_day(start)
                if found is not None:
                    return found
        return None

    def _on_day(self, start: datetime) -> datetime | None:
        for hour in self.hours[bisect_left(self.hours, start.hour) :]:
            if hour > start.hour:
                return start.replace(hour=hour, minute=self.minutes[0])
            at = bisect_left(self.minutes, start.minute)
            if at < len(self.minutes):
                return start.replace(minute=self.minutes[at])
        return None


def parse_cron(text: str) -> Cron:
    """What stands between the brackets. NotUnderstood."""
    fields = text.split()
    if len(fields) != 6:
        names = "minutes, hours, day of month, month, day of week, year"
        raise NotUnderstood(f"it has {len(fields)} fields, not the six of {names}")
    minutes, hours, of_month, month, of_week, year = fields
    of_month, of_week = of_month.strip(","), of_week.strip(",")
    if (of_month == "?") == (of_week == "?"):
        raise NotUnderstood("one of day of month and day of week is ?, the other is not")
    days = _days_of_month(of_month) if of_week == "?" else _days_of_week(of_week)
    return Cron(_values(MINUTES, minutes), _values(HOURS, hours), days, _values(MONTH, month), _values(YEAR, year))


def _days_of_month(text: str) -> Days:
    text = text.upper()
    if text == "L":
        return last_day()
    if text in ("LW", "WL"):
        return last_working_day()
    if text.endswith("W"):
        return nearest_working_day(DAY_OF_MONTH.number(text[:-1]))
    return days_of_month(_values(DAY_OF_MONTH, text))


def _days_of_week(text: str) -> Days:
    text = text.upper()
    if text == "L":
        return days_of_week([SATURDAY])
    if "#" in text:
        day, _, number = text.partition("#")
        if number not in ("1", "2", "3", "4", "5"):
            raise NotUnderstood(f"day of week: one day and a number from 1 to 5 stand around #, not {text!r}")
        return nth_of_week(DAY_OF_WEEK.number(day), int(number))
    if text.endswith("L"):
        return last_of_week(DAY_OF_WEEK.number(text[:-1]))
    return days_of_week(_values(DAY_OF_WEEK, text))


def _values(field: Field, text: str) -> Sequence[int]:
    """All that a list means, in order. Commas too many do no harm, as PutRule shows."""
    parts = [part for part in text.split(",") if part]
    if not parts:
        raise NotUnderstood(f"{field.name}: nothing is there")
    return sorted({value for part in parts for value in _part(field, part)})


def _part(field: Field, text: str) -> Sequence[int]:
    base, slash, step_text = text.partition("/")
    if slash and (not NUMBER.fullmatch(step_text) or not 1 <= int(step_text) <= field.most):
        raise NotUnderstood(f"{field.name}: {text!r} has no step from 1 to {field.most}")
    step = int(step_text) if slash else 1
    if base == "*":
        return range(field.least, field.most + 1, step)
    first_text, dash, last_text = base.partition("-")
    first = field.number(first_text)
    if dash:
        return _between(field, first, field.number(last_text), step)
    return range(first, field.most + 1, step) if slash else [first]


def _between(field: Field, first: int, last: int, step: int) -> Sequence[int]:
    if first <= last:
        return range(first, last + 1, step)
    if not field.wraps:
        raise NotUnderstood(f"{field.name}: {first} is later than {last}")
    size = field.most - field.least + 1
    return [(value - field.least) % size + field.least for value in range(first, last + size + 1, step)]
