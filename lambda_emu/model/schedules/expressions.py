"""Schedule expressions: rate, cron, and at of Scheduler alone. What is refused, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.schedules.cron import FIRST_YEAR, LAST_YEAR, Cron, NotUnderstood, parse_cron
from lambda_emu.model.schedules.zones import instant_of, local_time, shifted_instant_of

MOST_CHARACTERS = 256
UNITS_S = {"minute": 60, "hour": 3600, "day": 86400}
RATE = re.compile(r"([0-9]+) (minute|hour|day)(s?)", re.ASCII)
AT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII)
END_S = 7_258_118_400
"""Nothing is due from the year 2200 on."""


class InvalidRuleExpression(LambdaError):
    """PutRule's. Recorded for rates and crons of every kind of mistake. hint: what is wrong."""

    code, status = "ValidationException", 400

    def __init__(self, reason: NotUnderstood) -> None:
        super().__init__("Parameter ScheduleExpression is not valid.")
        self.hint = str(reason)


class InvalidScheduleExpression(LambdaError):
    """CreateSchedule's and UpdateSchedule's. Recorded. hint: what is wrong."""

    code, status, text_key = "ValidationException", 400, "Message"

    def __init__(self, expression: str, reason: NotUnderstood) -> None:
        super().__init__(f"Invalid Schedule Expression {expression}.")
        self.hint = str(reason)


class Rate(Struct, frozen=True):
    """Every so many seconds, whatever clocks are set to: a day is 24 hours. is_plural: its unit was written so."""

    count: int
    unit: str
    is_plural: bool

    def next_after(self, instant_s: float, anchor_s: int) -> int:
        """The first later than this instant, of those from anchor_s on."""
        if instant_s < anchor_s:
            return anchor_s
        period_s = self.count * UNITS_S[self.unit]
        return anchor_s + ((int(instant_s) - anchor_s) // period_s + 1) * period_s


class At(Struct, frozen=True):
    """Once. local: in its schedule's time zone, in whole seconds."""

    local: datetime

    def instant_s(self, zone: tzinfo) -> int:
        """A time that clocks leap over in spring comes as much later: nothing that is to happen once is lost."""
        return shifted_instant_of(self.local, zone)


Expression = Rate | Cron | At


def next_of_cron(cron: Cron, instant_s: float, zone: tzinfo) -> int | None:
    """The first later than this instant; None: it means none any more.

    As Scheduler has it, what falls on a time that clocks leap over is left out, and what falls on one that comes twice
    is due the first time alone.
    """
    local = cron.next_local(local_time(instant_s, zone))
    while local is not None:
        found = instant_of(local, zone)
        if found is not None and found > instant_s:
            return found
        local = cron.next_local(local)
    return None


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """As Scheduler takes it. NotUnderstood."""
    if len(text) > MOST_CHARACTERS:
        raise NotUnderstood(f"it is longer than {MOST_CHARACTERS} characters")
    kind, bracket, rest = text.partition("(")
    if not bracket or not rest.endswith(")") or kind not in PARSERS:
        raise NotUnderstood(f"it is none of {', '.join(f'{name}(...)' for name in PARSERS)}")
    return PARSERS[kind](rest[:-1])


def parse_schedule_expression(text: str) -> Expression:
    """InvalidScheduleExpression."""
    try:
        return parse_expression(text)
    except NotUnderstood as reason:
        raise InvalidScheduleExpression(text, reason) from reason


def parse_rule_expression(text: str) -> Rate | Cron:
    """A rule's has no single time, and one minute is `1 minute`, two are `2 minutes`. InvalidRuleExpression."""
    try:
        expression = parse_expression(text)
        if isinstance(expression, At):
            raise NotUnderstood("rules know rate(...) and cron(...); a single time is a schedule of Scheduler")
        if isinstance(expression, Rate) and expression.is_plural != (expression.count > 1):
            raise NotUnderstood("the unit is in the singular with 1, else in the plural")
    except NotUnderstood as reason:
        raise InvalidRuleExpression(reason) from reason
    return expression


def _parse_rate(text: str) -> Rate:
    found = RATE.fullmatch(text)
    if found is None or not found[1].strip("0"):
        raise NotUnderstood("a rate is a number from 1 on, a space, and minutes, hours or days")
    return Rate(int(found[1]), found[2], bool(found[3]))


def _parse_at(text: str) -> At:
    found = AT.fullmatch(text)
    try:
        local = datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]
    except ValueError:
        local = None
    if local is None or not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise NotUnderstood("a single time is yyyy-mm-ddThh:mm:ss, from 1970 to 2199")
    return At(local)


PARSERS: Mapping[str, Callable[[str], Expression]] = {"rate": _parse_rate, "cron": parse_cron, "at": _parse_at}
