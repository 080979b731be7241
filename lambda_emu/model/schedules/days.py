"""Which days of a month a cron expression means: each rule is given a year and a month, and says its days in order.

Days of the week are AWS's: 1 is Sunday, 7 is Saturday.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Sequence

Days = Callable[[int, int], Sequence[int]]

SUNDAY, SATURDAY = 1, 7


def days_of_month(wanted: Collection[int]) -> Days:
    in_order = sorted(wanted)
    return lambda year, month: [day for day in in_order if day <= _last(year, month)]


def days_of_week(wanted: Collection[int]) -> Days:
    def days(year: int, month: int) -> Sequence[int]:
        first, last = monthrange(year, month)
        return [day for day in range(1, last + 1) if (first + day) % 7 + 1 in wanted]

    return days


def last_day() -> Days:
    return lambda year, month: [_last(year, month)]


def last_working_day() -> Days:
    """From Monday to Friday."""
    return lambda year, month: [_nearest_working_day(year, month, _last(year, month))]


def nearest_working_day(wanted: int) -> Days:
    """Nearest to that day and in the same month; none in a month that has no such day."""
    return lambda year, month: [_nearest_working_day(year, month, wanted)] if wanted <= _last(year, month) else []


def last_of_week(wanted: int) -> Days:
    """The month's last Friday, for instance."""
    every = days_of_week([wanted])
    return lambda year, month: every(year, month)[-1:]


def nth_of_week(wanted: int, number: int) -> Days:
    """The month's third Friday, for instance."""
    every = days_of_week([wanted])
    return lambda year, month: every(year, month)[number - 1 : number]


def _last(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _nearest_working_day(year: int, month: int, day: int) -> int:
    first, last = monthrange(year, month)
    of_week = (first + day) % 7 + 1
    if of_week == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if of_week == SUNDAY:
        return day + 1 if day < last else day - 2
    return day
