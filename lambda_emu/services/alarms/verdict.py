"""Which state follows from the points of a metric: M out of N, and what is missing. No I/O.

docs/services.md#alarms; the table in AWS's guide, "Configuring how CloudWatch alarms treat missing data", is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt

from msgspec import Struct

from lambda_emu.services.alarms.alarm import ALARM, INSUFFICIENT, OK

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (ge, "greater than or equal to"),
    "GreaterThanThreshold": (gt, "greater than"),
    "LessThanThreshold": (lt, "less than"),
    "LessThanOrEqualToThreshold": (le, "less than or equal to"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
MORE = 2
"""So many periods beyond those that are asked for are looked at where some are missing."""


class Verdict(Struct, frozen=True):
    """used: which points it came of, by their place, the newest first; missing: how many were not there."""

    value: str
    used: Sequence[int]
    missing: int


def judge(breaching: Sequence[bool | None], most: int, needed: int, treatment: str, before: str) -> Verdict:
    """breaching: of each period, the newest first; None: there is no point. most, needed: N and M.

    before: the state it has, which is kept where nothing says another.
    """
    real = [place for place, point in enumerate(breaching) if point is not None][:most]
    bad, missing = sum(bool(breaching[place]) for place in real), most - len(real)
    if bad >= needed:
        value = ALARM
    elif not missing or treatment == "notBreaching":
        value = OK
    elif treatment == "breaching":
        value = ALARM if bad + missing >= needed else OK
    elif bad < len(real):
        value = OK
    elif not real:
        value = INSUFFICIENT if treatment == "missing" else before
    else:  # all that is there breaches, and is too little: old enough, it will not be more
        value = ALARM if treatment == "missing" and real[-1] + 1 >= needed else before
    return Verdict(value, real, missing)
