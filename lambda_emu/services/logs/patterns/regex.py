"""Regular expressions of filter patterns, matched in time that is linear in the text, whatever the expression.

No groups, as on AWS. States of a non-deterministic automaton are found together, and each set of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from lambda_emu.services.logs.patterns.reading import PatternInvalid

MOST_STATES = 2_000
MOST_SETS = 4_000
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda c: "0" <= c <= "9",
    "s": lambda c: c in " \t\n\r\f\v",
    "w": lambda c: c == "_" or (c.isascii() and c.isalnum()),
}
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}

Test = Callable[[str], bool]


class _Step(Struct, frozen=True, eq=False):
    """A character that must be there, as often as `least` to `most`; None: without end."""

    test: Test
    least: int
    most: int | None


class Regex:
    """PatternInvalid where it cannot be read."""

    def __init__(self, text: str) -> None:
        self._branches = [_Branch(*_parse(part)) for part in _split(text)]

    def finds(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return any(branch.finds(text) for branch in self._branches)


class _Branch:
    """One alternative: tests in a row, state n before the n-th. loops, skips: states whose test may repeat, or lack."""

    def __init__(self, steps: Sequence[_Step], at_start: bool, at_end: bool) -> None:
        self._at_start, self._at_end = at_start, at_end
        self._tests: list[Test] = []
        self._loops: set[int] = set()
        self._skips: set[int] = set()
        for step in steps:
            self._add(step)
        self._first = self._closed({0})
        self._moves: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def finds(self, text: str) -> bool:
        states, last, moves = self._first, len(self._tests), self._moves
        if last in states and not self._at_end:
            return True
        for character in text:
            key = states, character
            found = moves.get(key)
            if found is None:
                found = self._move(states, character)
            states = found
            if not self._at_end and last in states:
                return True
            if not states and self._at_start:
                return False
        return last in states

    def _move(self, states: frozenset[int], character: str) -> frozenset[int]:
        reached = set() if self._at_start else {0}
        for state in states:
            if state < len(self._tests) and self._tests[state](character):
                reached.add(state + 1)
                if state in self._loops:
                    reached.add(state)
        found = self._closed(reached)
        if len(self._moves) >= MOST_SETS:
            self._moves.clear()
        self._moves[states, character] = found
        return found

    def _closed(self, states: set[int]) -> frozenset[int]:
        """With those that are reached without a character."""
        found: set[int] = set()
        left = list(states)
        while left:
            state = left.pop()
            if state not in found:
                found.add(state)
                if state in self._skips:
                    left.append(state + 1)
        return frozenset(found)

    def _add(self, step: _Step) -> None:
        count = step.least if step.most is None else step.most
        if len(self._tests) + count > MOST_STATES:
            raise PatternInvalid("Invalid filter pattern: a regular expression repeats too much")
        for number in range(count):
            if number >= step.least:
                self._skips.add(len(self._tests))
            self._tests.append(step.test)
        if step.most is None:
            at = len(self._tests)
            self._skips.add(at)
            self._loops.add(at)
            self._tests.append(step.test)


def _split(text: str) -> list[str]:
    """Alternatives."""
    parts, start, at, within = [], 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            within = True
        elif text[at] == "]":
            within = False
        elif text[at] == "|" and not within:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _parse(text: str) -> tuple[list[_Step], bool, bool]:
    steps: list[_Step] = []
    at_start, at = text.startswith("^"), int(text.startswith("^"))
    while at < len(text):
        if text[at] == "$" and at == len(text) - 1:
            return steps, at_start, True
        test, at = _atom(text, at)
        least, most, at = _quantifier(text, at)
        steps.append(_Step(test, least, most))
    return steps, at_start, False


def _atom(text: str, at: int) -> tuple[Test, int]:
    character = text[at]
    if character == "\\":
        return _escape(text, at + 1)
    if character == "[":
        return _set(text, at + 1)
    if character == ".":
        return (lambda c: c != "\n"), at + 1
    if character in "()*+?{}^$":
        raise _wrong(f"{character!r} is not expected")
    return character.__eq__, at + 1


def _escape(text: str, at: int) -> tuple[Test, int]:
    character = text[at : at + 1]
    if character.lower() in _CLASSES and character:
        test = _CLASSES[character.lower()]
        return (test if character.islower() else lambda c: not test(c)), at + 1
    if character == "x":
        try:
            return chr(int(text[at + 1 : at + 3], 16)).__eq__, at + 3
        except ValueError:
            raise _wrong(r"\x takes two hexadecimal digits") from None
    if not character or (character.isalnum() and character not in _ESCAPES):
        raise _wrong(f"\\{character} is not known")
    return _ESCAPES.get(character, character).__eq__, at + 1


def _set(text: str, at: int) -> tuple[Test, int]:
    negated = text.startswith("^", at)
    at += negated
    tests: list[Test] = []
    begun = at
    while at < len(text) and (text[at] != "]" or at == begun):
        first, at_next = _escape(text, at + 1) if text[at] == "\\" else (text[at].__eq__, at + 1)
        low, high = text[at], text[at_next + 1 : at_next + 2]
        if low != "\\" and text.startswith("-", at_next) and high not in ("", "]", "\\"):
            if low > high:
                raise _wrong(f"the range {low}-{high} is empty")
            tests.append(_range(low, high))
            at = at_next + 2
        else:
            tests.append(first)
            at = at_next
    if at >= len(text):
        raise _wrong("a set is not closed")
    return (lambda c: any(test(c) for test in tests) != negated), at + 1


def _range(low: str, high: str) -> Test:
    return lambda c: low <= c <= high


def _quantifier(text: str, at: int) -> tuple[int, int | None, int]:
    character = text[at : at + 1]
    if character in ("*", "+", "?") and character:
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        return least, most, at + 1
    if character != "{":
        return 1, 1, at
    end = text.find("}", at)
    low, comma, high = text[at + 1 : max(end, at)].partition(",")
    if end < 0 or not low.isdecimal() or (high and not high.isdecimal()) or len(low) > 4 or len(high) > 4:
        raise _wrong("a repetition is not closed, or no number")
    if high and int(high) < int(low):
        raise _wrong("a repetition has no end")
    return int(low), (int(high) if high else None) if comma else int(low), end + 1


def _wrong(what: str) -> PatternInvalid:
    return PatternInvalid(f"Invalid filter pattern: in a regular expression, {what}")
