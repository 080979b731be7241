"""Regular expressions of patterns and queries, matched in time that is linear in the text, whatever the expression.

A program of few instructions is run for all its paths together; each set of paths is found once and kept. Where there
are too many to keep, a text that needs more than MOST_STEPS counts as one in which nothing is found, which is told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from lambda_emu.services.logs.patterns.program import FOLDED, Parser, is_word, needed

log = logging.getLogger(__name__)

MOST_SETS = 2_000
MOST_MOVES = 50_000
"""From one set by a character to the next, that are kept."""
MOST_STEPS = 1_000_000
"""For one text, where no more are kept: about half a second."""
_START, _WORD, _OTHER = range(3)  # what stands before a place
_FOUND = -1

_Places = dict[int, int]
"""By `program.Step.saves`: where in the text."""


class Regex:
    """has_groups: whether parentheses group. PatternInvalid where it cannot be read."""

    def __init__(self, text: str, *, has_groups: bool = False) -> None:
        self._text = text
        self._is_told = False  # that a text needed too much
        self._moves = 0  # those that are kept
        self._is_folded = has_groups and text.startswith(FOLDED)
        text = text.removeprefix(FOLDED) if self._is_folded else text
        parser = Parser(text, has_groups, self._is_folded)
        self._program = parser.program()
        self.names = tuple(parser.names)
        """Of its groups that have one, in their order."""
        self._needed = needed(text)
        if self._is_folded:
            self._needed = self._needed.lower()
        self._sets: list[tuple[frozenset[int], int]] = []  # instructions, and what stands before
        self._table: list[dict[str, int]] = []  # by the number of a set: the next one, or _FOUND
        self._numbers: dict[tuple[frozenset[int], int], int] = {}
        self._lock = Lock()  # guards the adding of sets
        self._number(frozenset({0}), _START)

    def finds(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        if self._needed and self._needed not in (text.lower() if self._is_folded else text):
            return False
        table, at = self._table, 0
        for place, character in enumerate(text):
            found = table[at].get(character)
            if found is None:
                found = self._move(at, character)
                if found is None:
                    return self._find_without_keeping(text, place, *self._sets[at])
            if found == _FOUND:
                return True
            at = found
        return self._is_found(*self._sets[at], None)

    def groups(self, text: str) -> Mapping[str, str] | None:
        """What the groups found that have a name; None: it matches nowhere. It takes longer by the paths there are."""
        if not self.finds(text):
            return None
        found: _Places | None = None
        paths: list[tuple[int, _Places]] = []
        steps = 0
        for place in range(len(text) + 1):
            character = text[place] if place < len(text) else None
            before = _START if place == 0 else _WORD if is_word(text[place - 1]) else _OTHER
            if found is None:
                paths.append((0, {}))
            here = self._followed(paths, before, character, place)
            steps += len(here)
            if steps > MOST_STEPS:
                self._tell_of(text)
                return None
            paths = []
            for one, places in here:
                step = self._program[one]
                if not step.to:
                    found = places
                    break  # those behind it would rather not
                if step.test is not None and character is not None and step.test(character):
                    paths.append((step.to[0], places))
            if found is not None and not paths:
                break
        return None if found is None else self._named(text, found)

    def _named(self, text: str, found: _Places) -> Mapping[str, str]:
        numbered = enumerate(self.names)
        return {name: text[found[2 * n] : found[2 * n + 1]] for n, name in numbered if 2 * n + 1 in found}

    def _followed(
        self, paths: Sequence[tuple[int, _Places]], before: int, character: str | None, place: int
    ) -> list[tuple[int, _Places]]:
        """All instructions that stand here, the preferred ones first, each with the places of its groups."""
        found: dict[int, _Places] = {}
        left = list(reversed(paths))
        while left:
            one, places = left.pop()
            if one in found:
                continue
            found[one] = places
            step = self._program[one]
            if step.saves is not None:
                left.append((step.to[0], {**places, step.saves: place}))
            elif step.test is None and (step.anchor is None or _holds(step.anchor, before, character)):
                left.extend((to, places) for to in reversed(step.to))
        return list(found.items())

    def _move(self, at: int, character: str) -> int | None:
        """None: no more are kept."""
        if self._moves >= MOST_MOVES:
            return None
        paths, before = self._sets[at]
        if self._is_found(paths, before, character):
            found: int | None = _FOUND
        else:
            found = self._number(*self._passed(paths, before, character))
        if found is not None:
            self._table[at][character] = found
            self._moves += 1
        return found

    def _number(self, paths: frozenset[int], before: int) -> int | None:
        with self._lock:
            key = paths, before
            if key not in self._numbers:
                if len(self._sets) >= MOST_SETS:
                    return None
                self._sets.append(key)
                self._table.append({})
                self._numbers[key] = len(self._sets) - 1
            return self._numbers[key]

    def _find_without_keeping(self, text: str, place: int, paths: frozenset[int], before: int) -> bool:
        steps = 0
        for character in text[place:]:
            reached = self._reached(paths, before, character)
            steps += len(reached)
            if steps > MOST_STEPS:
                self._tell_of(text)
                return False
            if self._ends_in(reached):
                return True
            paths, before = self._behind(reached, character)
        return self._is_found(paths, before, None)

    def _tell_of(self, text: str) -> None:
        if not self._is_told:
            self._is_told = True
            log.warning(
                "%.100s is not looked for in texts as long as %d characters: it takes too long there",
                self._text,
                len(text),
            )

    def _is_found(self, paths: frozenset[int], before: int, character: str | None) -> bool:
        return self._ends_in(self._reached(paths, before, character))

    def _ends_in(self, reached: Iterable[int]) -> bool:
        return any(not self._program[one].to for one in reached)

    def _passed(self, paths: frozenset[int], before: int, character: str) -> tuple[frozenset[int], int]:
        """Behind the character, where it may begin as well."""
        return self._behind(self._reached(paths, before, character), character)

    def _behind(self, reached: Iterable[int], character: str) -> tuple[frozenset[int], int]:
        steps = [self._program[one] for one in reached]
        after = {step.to[0] for step in steps if step.test is not None and step.test(character)}
        return frozenset(after | {0}), _WORD if is_word(character) else _OTHER

    def _reached(self, paths: frozenset[int], before: int, character: str | None) -> set[int]:
        """All instructions that stand here. character: the next one; None: it is the end."""
        found: set[int] = set()
        left = list(paths)
        while left:
            one = left.pop()
            if one in found:
                continue
            found.add(one)
            step = self._program[one]
            if step.test is None and (step.anchor is None or _holds(step.anchor, before, character)):
                left.extend(step.to)
        return found


def _holds(anchor: str, before: int, character: str | None) -> bool:
    if anchor == "^":
        return before == _START
    if anchor == "$":
        return character is None
    is_boundary = (before == _WORD) != (character is not None and is_word(character))
    return is_boundary == (anchor == "b")
