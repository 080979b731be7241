"""Java's regular expressions by Python's, where these cannot take long.

Backtracking takes a time that grows with the text by a power, or worse where repeats lie within each other: such
expressions are refused, and others are given as much text as they get through.
"""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]  # what `re` itself reads them into
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from msgspec import Struct

from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed, TemplateTooLong

MOST_PATTERN = 2_000
MOST_TRIES = 20_000_000
"""Places in a text, by the power of what repeats."""
TRIES_A_STEP = 400
FEW = 16
"""What repeats so often at most counts as standing there so often."""
_ONE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_GROUP = re.compile(r"\\(.)|\$(\d)|\$\{([A-Za-z]\w*)\}", re.S)
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.S)


class Regex(Struct, frozen=True):
    """Powers by which its time grows with the text: where it is searched for, and where all of the text is to match."""

    pattern: re.Pattern[str]
    power: int
    whole_power: int

    def matches(self, text: str, budget: Budget) -> bool:
        """All of the text. TemplateTooLong."""
        self._check(text, self.whole_power, budget)
        return self.pattern.fullmatch(text) is not None

    def check(self, text: str, budget: Budget) -> None:
        """Before it is searched for in the text. TemplateTooLong."""
        self._check(text, self.power, budget)

    def _check(self, text: str, power: int, budget: Budget) -> None:
        tries = max(len(text), 2) ** power
        if tries > MOST_TRIES:
            raise TemplateTooLong("A regular expression may take too long for its text")
        budget.read(text)
        budget.spend(tries // TRIES_A_STEP if power > 1 else 0)


@lru_cache(256)
def regex(text: str) -> Regex:
    """TemplateFailed: there is no such expression, or it may take longer than anybody waits."""
    if len(text) > MOST_PATTERN:
        raise TemplateFailed("A regular expression is too long")
    text = _QUOTED.sub(lambda quoted: re.escape(quoted[1]), text)
    try:
        read = list(parser.parse(text))
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise TemplateFailed(f"No regular expression: {error}") from error
    whole_power = _power(read, inside=False)
    power = whole_power if read and _goes_on(read[-1]) else whole_power + 1
    return Regex(pattern, power, max(whole_power, 1))


def replacement(text: str, found: re.Match[str]) -> str:
    """What Java puts there: `$1`, `${name}`, and what a backslash keeps. TemplateFailed."""

    def put(part: re.Match[str]) -> str:
        if part[1] is not None:
            return str(part[1])
        try:
            group = found.group(int(part[2])) if part[2] else found.group(str(part[3]))
        except IndexError as error:
            raise TemplateFailed(f"No group {part[0]}") from error
        return str(group or "")

    return _GROUP.sub(put, text) if "$" in text or "\\" in text else text


def _power(read: Any, *, inside: bool) -> int:
    """How many repeats without a near end it has, one after the other. TemplateFailed: within each other."""
    power = 0
    for code, value in read:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            _, most, body = value
            many = most == codes.MAXREPEAT or most > FEW
            if inside and most > 1:
                raise TemplateFailed("Repeats of a regular expression lie within each other")
            power += _power(body, inside=inside or most > 1) + (1 if many else 0)
        elif code is codes.SUBPATTERN:
            power += _power(value[3], inside=inside)
        elif code is codes.BRANCH:
            if inside and not _are_apart(value[1]):
                raise TemplateFailed("Alternatives of a regular expression repeat")
            power += max(_power(branch, inside=inside) for branch in value[1])
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            power += 1 + _power(value[1], inside=inside)
        elif code in (codes.GROUPREF, codes.GROUPREF_EXISTS):
            raise TemplateFailed("A regular expression refers to its groups")
        elif code is codes.ATOMIC_GROUP:
            power += _power(value, inside=inside)
    return power


def _goes_on(last: Any) -> bool:
    """Whether it ends with one kind of character as often as it comes, which takes nothing back."""
    code, value = last
    return code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and len(value[2]) == 1 and value[2][0][0] in _ONE


def _are_apart(branches: Any) -> bool:
    """Whether they begin with characters of their own, so that no text is read in two ways."""
    firsts = [branch[0] for branch in branches if len(branch)]
    any_other = [code for code, _ in firsts if code is codes.ANY]  # all but the end of a line
    if len(any_other) == 1 and all(value == ord("\n") for code, value in firsts if code is not codes.ANY):
        return len(firsts) == len(branches) == 2
    letters = {chr(value).lower() for code, value in firsts if code is codes.LITERAL}
    return len(letters) == len(branches)
