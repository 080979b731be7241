"""Durations as people write them: `90s`, `1h30m`, `7d`."""

from __future__ import annotations

import re

UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?[wdhms])+", re.ASCII)
_PART = re.compile(r"([\d.]+)([wdhms])", re.ASCII)


def read_duration(text: str) -> float | None:
    """In seconds; None: it is none. Parts may come in any order, and have fractions."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * UNITS_S[unit] for number, unit in _PART.findall(text))


def write_duration(seconds: float) -> str:
    """`1d2h30m`: whole seconds; to the millisecond where it is less than a minute."""
    if round(seconds, 3) < 60:
        return f"{round(seconds, 3):g}s"
    left, parts = round(seconds), list[str]()
    for unit in "dhms":
        count, left = divmod(left, UNITS_S[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
