"""Patterns of times as Java's DateTimeFormatter has them, in English, for times in whole seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

Field = Callable[[datetime, int], str]
"""What a letter that stands there so often shows of a time."""
PatternPart = str | tuple[Field, int]
"""Text, or a field and how often its letter stands there."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_QUARTERS = ("1st quarter", "2nd quarter", "3rd quarter", "4th quarter")


class BadPattern(ValueError):
    """Java refuses it, or it asks for what is not known here. The text says why."""


def parse(pattern: str) -> Sequence[PatternPart]:
    """BadPattern."""
    found: list[PatternPart] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "'":
            text, at = _quoted(pattern, at + 1)
            found.append(text)
            continue
        end = at + 1
        while end < len(pattern) and pattern[end] == letter:
            end += 1
        if letter in "{}#":
            raise BadPattern(f"Pattern includes reserved character: '{letter}'")
        if letter.isascii() and letter.isalpha():
            found.append(_field(letter, end - at))
        elif letter not in "[]":  # around what is optional, and is there in every time
            found.append(letter * (end - at))
        at = end
    return found


def show(written: Sequence[PatternPart], time: datetime) -> str:
    """time: in its zone."""
    return "".join(one if isinstance(one, str) else one[0](time, one[1]) for one in written)


def _quoted(pattern: str, begin: int) -> tuple[str, int]:
    """The text, and where it goes on behind it. Two quotes are one, within a text too."""
    text, at = "", begin
    while (end := pattern.find("'", at)) >= 0:
        text += pattern[at:end]
        if pattern[end + 1 : end + 2] != "'" or end == begin:
            return text or "'", end + 1
        text, at = text + "'", end + 2
    raise BadPattern(f"Pattern ends with an incomplete string literal: {pattern}")


def _field(letter: str, count: int) -> tuple[Field, int]:
    field, most = _FIELDS.get(letter, (None, 0))
    if field is None:
        raise BadPattern(f"Unknown pattern letter: {letter}")
    if count > most or (letter == "V" and count != 2):
        raise BadPattern(f"Too many pattern letters: {letter}")
    return field, count


def _year(year: int, count: int) -> str:
    return f"{year % 100:02d}" if count == 2 else f"{year:0{count}d}"


def _named(names: Sequence[str], number: int, count: int) -> str:
    """As a number from one on, short, whole, or by its first letter."""
    if count < 3:
        return f"{number:0{count}d}"
    name = names[number - 1]
    return name[:3] if count == 3 else name if count == 4 else name[0]


def _day_of_week(time: datetime, count: int) -> str:
    return _named(_DAYS, time.isoweekday(), max(count, 3))


def _quarter(time: datetime, count: int) -> str:
    quarter = (time.month + 2) // 3
    return f"Q{quarter}" if count == 3 else _named(_QUARTERS, quarter, count)


def _saturday(time: datetime) -> datetime:
    """The last day of its week, by which weeks have their year and number."""
    return time + timedelta(days=(5 - time.weekday()) % 7)


def _week(time: datetime, count: int) -> str:
    return f"{(int(_saturday(time).strftime('%j')) + 6) // 7:0{count}d}"


def _offset_s(time: datetime) -> int:
    offset = time.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _offset(time: datetime, count: int) -> str:
    """`+01`, `+0100`, `+01:00`; hours alone have no minutes where there are none."""
    seconds = _offset_s(time)
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    hours, rest = divmod(minutes, 60)
    if count == 1:
        return f"{sign}{hours:02d}" + (f"{rest:02d}" if rest else "")
    return f"{sign}{hours:02d}{':' if count in (3, 5) else ''}{rest:02d}"


def _offset_or_z(time: datetime, count: int) -> str:
    return _offset(time, count) if _offset_s(time) else "Z"


def _offset_from_gmt(time: datetime, count: int) -> str:
    """In short or, four letters, with all digits."""
    seconds = _offset_s(time)
    if not seconds:
        return "GMT"
    if count == 4:
        return f"GMT{_offset(time, 3)}"
    hours, rest = divmod(abs(seconds) // 60, 60)
    return f"GMT{'-' if seconds < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def _old_offset(time: datetime, count: int) -> str:
    if count == 4:
        return _offset_from_gmt(time, 4)
    return _offset_or_z(time, 3) if count == 5 else _offset(time, 2)


def _zone(time: datetime, _: int) -> str:
    return str(time.tzinfo)


def _short_zone(time: datetime, _: int) -> str:
    return time.tzname() or ""


def _second_of_day(time: datetime) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second


def _number(of: Callable[[datetime], int]) -> Field:
    return lambda time, count: f"{of(time):0{count}d}"


_FIELDS: Mapping[str, tuple[Field, int]] = MappingProxyType(
    {
        "G": (lambda _, count: "AD" if count < 4 else "Anno Domini" if count == 4 else "A", 5),
        "u": (lambda time, count: _year(time.year, count), 19),
        "y": (lambda time, count: _year(time.year, count), 19),
        "Y": (lambda time, count: _year(_saturday(time).year, count), 19),
        "w": (_week, 2),
        "D": (_number(lambda time: int(time.strftime("%j"))), 3),
        "M": (lambda time, count: _named(_MONTHS, time.month, count), 5),
        "L": (lambda time, count: _named(_MONTHS, time.month, count), 5),
        "Q": (_quarter, 4),
        "q": (_quarter, 4),
        "d": (_number(lambda time: time.day), 2),
        "E": (_day_of_week, 5),
        "a": (lambda time, _: "AM" if time.hour < 12 else "PM", 1),
        "h": (_number(lambda time: (time.hour + 11) % 12 + 1), 2),
        "K": (_number(lambda time: time.hour % 12), 2),
        "k": (_number(lambda time: (time.hour + 23) % 24 + 1), 2),
        "H": (_number(lambda time: time.hour), 2),
        "m": (_number(lambda time: time.minute), 2),
        "s": (_number(lambda time: time.second), 2),
        "S": (lambda _, count: "0" * count, 9),
        "A": (_number(lambda time: _second_of_day(time) * 1000), 19),
        "n": (_number(lambda _: 0), 19),
        "N": (_number(lambda time: _second_of_day(time) * 10**9), 19),
        "V": (_zone, 2),
        "z": (_short_zone, 3),
        "O": (_offset_from_gmt, 4),
        "X": (_offset_or_z, 5),
        "x": (_offset, 5),
        "Z": (_old_offset, 5),
    }
)
"""Each with how often its letter may stand there at most."""
