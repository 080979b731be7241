"""When a schedule is due: its expression with zone, start, end and window, as it is kept."""

from __future__ import annotations

from math import ceil

from msgspec import Struct

from lambda_emu.model.schedules.expressions import END_S, At, Expression, Rate, next_of_cron, parse_expression
from lambda_emu.model.schedules.zones import UTC_NAME, find_zone

LONGEST_AGE_S = 86_400
"""What a retry policy that says nothing has, of rules and of schedules."""


class Timing(Struct, frozen=True):
    """Times are epoch seconds.

    anchor_s: the first time of a rate; others begin anywhere. start_s, end_s: none is before or after those; a single
    time knows neither. window_s: it may come so much later than it is due. most_age_s: what was missed is not made up
    for when it is older.
    """

    expression: str
    anchor_s: int
    zone: str = UTC_NAME
    start_s: float | None = None
    end_s: float | None = None
    window_s: int = 0
    most_age_s: int = LONGEST_AGE_S

    @classmethod
    def of_rule(cls, expression: str, now_s: float, most_age_s: int = LONGEST_AGE_S) -> Timing:
        """A rule's rate comes for the first time when its period is over, counted from when the rule was put.

        From the whole second before: who moves the clock by a period afterwards has it come.
        """
        parsed = parse_expression(expression)
        now = int(now_s)
        anchor_s = parsed.next_after(now, now) if isinstance(parsed, Rate) else now
        return cls(expression, anchor_s, most_age_s=most_age_s)

    @property
    def parsed(self) -> Expression:
        return parse_expression(self.expression)

    @property
    def is_once(self) -> bool:
        return isinstance(self.parsed, At)

    def first(self, now_s: float) -> int | None:
        """What is due first, of all from now on; None: nothing."""
        return self.next_after(ceil(now_s) - 1)

    def next_after(self, instant_s: float) -> int | None:
        """What is due next, later than this instant; None: nothing any more."""
        expression = self.parsed
        if instant_s >= END_S:
            return None
        if isinstance(expression, At):
            once_s = expression.instant_s(find_zone(self.zone))
            return once_s if once_s > instant_s else None
        if self.start_s is not None:
            instant_s = min(max(instant_s, ceil(self.start_s) - 1), END_S)
        if isinstance(expression, Rate):
            found: int | None = expression.next_after(instant_s, self.anchor_s)
        else:
            found = next_of_cron(expression, instant_s, find_zone(self.zone))
        latest_s = END_S if self.end_s is None else min(self.end_s, END_S)
        return found if found is not None and found <= latest_s else None

    def latest(self, due_s: int, until_s: float) -> int:
        """The last that is due until this instant. due_s: one that is due by then. Halves what is between."""
        latest_s, least_s, most_s = due_s, due_s, int(until_s)
        while most_s > least_s:
            middle_s = (least_s + most_s) // 2
            found = self.next_after(middle_s)
            if found is not None and found <= until_s:
                latest_s = least_s = found
            else:
                most_s = middle_s
        return latest_s

    def count(self, due_s: int, before_s: int, most: int) -> int:
        """How many are due from due_s on and before before_s; `most` if there are more."""
        expression, found = self.parsed, 0
        if isinstance(expression, Rate):
            period_s = expression.next_after(self.anchor_s, self.anchor_s) - self.anchor_s
            return min((before_s - due_s) // period_s, most)
        at_s: int | None = due_s
        while at_s is not None and at_s < before_s and found < most:
            found += 1
            at_s = self.next_after(at_s)
        return found
