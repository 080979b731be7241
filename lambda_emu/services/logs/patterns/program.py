"""Regular expressions read into programs of few instructions, for `regex` to run."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from lambda_emu.services.logs.patterns.reading import PatternInvalid

MOST_INSTRUCTIONS = 2_000
MOST_DEEP = 32
MOST_READ = 20_000
"""Parts, each as often as what is around it repeats."""
FOLDED = "(?i)"
_GROUP = re.compile(r"\?(?::|P?<([A-Za-z_][A-Za-z0-9_]{0,63})>)")

Test = Callable[[str], bool]


def is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


_CLASSES: dict[str, Test] = {
    "d": lambda c: "0" <= c <= "9",
    "s": lambda c: c in " \t\n\r\f\v",
    "w": is_word,
}
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


class Step(Struct, frozen=True, eq=False):
    """One instruction: test a character, or an anchor, then go on; or go on at both places, the first one rather; else
    it was found. saves: where a group begins or ends: twice its number, and one more at its end.
    """

    test: Test | None = None
    anchor: str | None = None
    to: tuple[int, ...] = ()
    saves: int | None = None


class Parser:
    """Writes instructions as it reads: those of a part stand together, and what repeats is read again."""

    def __init__(self, text: str, has_groups: bool, is_folded: bool) -> None:
        self._text = text
        self._is_folded = is_folded
        self._has_groups = has_groups
        self._at = self._deep = self._read = 0
        self._steps: list[Step] = []
        self.names: list[str] = []

    def program(self) -> list[Step]:
        self._either()
        if self._at < len(self._text):
            raise _wrong(f"{self._text[self._at]!r} is not expected")
        self._add(Step())
        return self._steps

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _add(self, step: Step) -> int:
        if len(self._steps) >= MOST_INSTRUCTIONS:
            raise _wrong("it repeats too much")
        self._steps.append(step)
        return len(self._steps) - 1

    def _either(self) -> None:
        begun, ends = len(self._steps), []
        self._row()
        while self._peek() == "|":
            self._at += 1
            ends.append(self._add(Step()))
            self._insert(begun, Step(to=(begun + 1, len(self._steps) + 1)))
            ends = [end + 1 for end in ends]
            begun = len(self._steps)
            self._row()
        for end in ends:
            self._steps[end] = Step(to=(len(self._steps),))

    def _row(self) -> None:
        while self._peek() not in ("", "|", ")"):
            self._repeated()

    def _repeated(self) -> None:
        begun_at, begun = self._at, len(self._steps)
        self._atom()
        least, most = self._quantifier()
        is_short = self._has_groups and (least, most) != (1, 1) and self._peek() == "?"  # as few as can be
        self._at += is_short
        behind = self._at
        if (least, most) == (1, 1):
            return
        del self._steps[begun:]
        for number in range(least if most is None else most):
            if number >= least:
                break
            self._again(begun_at)
        if most is None:
            loop = self._add(Step())
            self._again(begun_at)
            self._add(Step(to=(loop,)))
            self._steps[loop] = _either_way(loop + 1, len(self._steps), is_short)
        else:
            skips = []
            for _ in range(most - least):
                skips.append(self._add(Step()))
                self._again(begun_at)
            for skip in skips:
                self._steps[skip] = _either_way(skip + 1, len(self._steps), is_short)
        self._at = behind

    def _again(self, at: int) -> None:
        self._at = at
        self._atom()

    def _insert(self, at: int, step: Step) -> None:
        """Those behind it, which lead to one another alone, move."""
        self._add(step)
        moved = self._steps[at:-1]
        self._steps[at] = step
        self._steps[at + 1 :] = [
            Step(one.test, one.anchor, tuple(to + 1 if to >= at else to for to in one.to), one.saves) for one in moved
        ]

    def _atom(self) -> None:
        character = self._peek()
        self._at += 1
        self._read += 1
        if self._read > MOST_READ:
            raise _wrong("it repeats too much")
        if character == "(" and self._has_groups:
            self._group()
        elif character in ("^", "$"):
            self._add(Step(anchor=character, to=(len(self._steps) + 1,)))
        elif character == "\\" and self._peek() in ("b", "B") and self._peek():
            self._add(Step(anchor=self._peek(), to=(len(self._steps) + 1,)))
            self._at += 1
        elif character in ("(", ")", "*", "+", "?", "{", "}"):
            raise _wrong(f"{character!r} is not expected")
        else:
            self._add(Step(self._folded(self._test(character)), to=(len(self._steps) + 1,)))

    def _group(self) -> None:
        self._deep += 1
        if self._deep > MOST_DEEP:
            raise _wrong("too many parentheses")
        number: int | None = None
        if self._peek() == "?":
            number = self._beginning_of_group()
        if number is not None:
            self._add(Step(to=(len(self._steps) + 1,), saves=2 * number))
        self._either()
        if self._peek() != ")":
            raise _wrong("a parenthesis is not closed")
        self._at += 1
        self._deep -= 1
        if number is not None:
            self._add(Step(to=(len(self._steps) + 1,), saves=2 * number + 1))

    def _beginning_of_group(self) -> int | None:
        """Its number, if it has a name: one that repeats is read several times."""
        found = _GROUP.match(self._text, self._at)
        if found is None:
            raise _wrong("a group begins with (, (?: or (?<name>")
        self._at = found.end()
        name = found[1]
        if name is not None and name not in self.names:
            self.names.append(name)
        return None if name is None else self.names.index(name)

    def _folded(self, test: Test) -> Test:
        return (lambda c: test(c) or test(c.swapcase())) if self._is_folded else test

    def _test(self, character: str) -> Test:
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._set()
        return (lambda c: c != "\n") if character == "." else character.__eq__

    def _escape(self) -> Test:
        character = self._peek()
        self._at += 1
        if character and character.lower() in _CLASSES:
            test = _CLASSES[character.lower()]
            return test if character.islower() else lambda c: not test(c)
        if character == "x":
            digits, self._at = self._text[self._at : self._at + 2], self._at + 2
            try:
                return chr(int(digits, 16)).__eq__
            except ValueError:
                raise _wrong(r"\x takes two hexadecimal digits") from None
        if not character or (character.isalnum() and character not in _ESCAPES):
            raise _wrong(f"\\{character} is not known")
        return _ESCAPES.get(character, character).__eq__

    def _set(self) -> Test:
        is_negated = self._peek() == "^"
        self._at += is_negated
        tests: list[Test] = []
        begun = self._at
        while self._peek() != "]" or self._at == begun:
            low = self._peek()
            if not low:
                raise _wrong("a set is not closed")
            self._at += 1
            test = self._escape() if low == "\\" else low.__eq__
            high = self._text[self._at + 1 : self._at + 2]
            if low != "\\" and self._peek() == "-" and high not in ("", "]", "\\"):
                self._at += 2
                test = _range(low, high)
            tests.append(test)
        self._at += 1
        return lambda c: any(test(c) for test in tests) != is_negated

    def _quantifier(self) -> tuple[int, int | None]:
        found = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self._peek())
        if found is not None:
            self._at += 1
            return found
        if self._peek() != "{":
            return 1, 1
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : max(end, self._at)].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()) or len(low) > 4 or len(high) > 4:
            raise _wrong("a repetition is not closed, or no number")
        if high and int(high) < int(low):
            raise _wrong("a repetition has no end")
        self._at = end + 1
        return int(low), (int(high) if high else None) if comma else int(low)


def _either_way(on: int, past: int, is_short: bool) -> Step:
    return Step(to=(past, on) if is_short else (on, past))


def needed(text: str) -> str:
    """The longest text that stands in whatever an expression finds, as a glance tells; most texts lack it."""
    if "|" in text:
        return ""
    found, run, at, deep = [""], "", 0, 0
    while at < len(text):
        character, at = text[at], at + 1
        if character == "\\" and text[at : at + 1] and not text[at].isalnum():
            character, at = text[at], at + 1
        elif character == "\\":
            character, at = "", at + (3 if text[at : at + 1] == "x" else 1)
        elif character == "[":
            character, at = "", _end_of_set(text, at)
        elif character in "().*+?{}^$":
            deep += {"(": 1, ")": -1}.get(character, 0)
            at = text.find("}", at) + 1 if character == "{" else at
            character = ""
        if deep or not character or text[at : at + 1] in ("*", "?", "{"):
            found.append(run)
            run = ""
        else:
            run += character
    return max(*found, run, key=len)


def _end_of_set(text: str, at: int) -> int:
    """at: behind its bracket."""
    at += text.startswith("^", at)
    begun = at
    while at < len(text) and (text[at] != "]" or at == begun):
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _range(low: str, high: str) -> Test:
    if low > high:
        raise _wrong(f"the range {low}-{high} is empty")
    return lambda c: low <= c <= high


def _wrong(what: str) -> PatternInvalid:
    return PatternInvalid(f"Invalid filter pattern: in a regular expression, {what}")
