"""The rule of a composite alarm: ALARM("a") AND NOT (OK(b) OR FALSE)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from lambda_emu.services.alarms.alarm import MARK
from lambda_emu.services.alarms.errors import BadAlarm

MOST_CHARACTERS = 10_240
MOST_DEPTH = 50
MOST_CHILDREN = 100
_TOKEN = re.compile(
    r"""\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s()"']+))\s*\)
    |(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<paren>[()])|(?P<end>\Z))""",
    re.VERBOSE,
)
States = Mapping[str, str]
"""Of alarms, by name; one that is not there has none."""
Test = Callable[[States], bool]


class Rule(NamedTuple):
    """test: whether it is in ALARM, by the states of others. children: their names."""

    test: Test
    children: Collection[str]


@lru_cache(maxsize=1024)
def parse(text: str) -> Rule:
    """BadAlarm."""
    if not 0 < len(text) <= MOST_CHARACTERS:
        raise BadAlarm(f"AlarmRule must have 1 to {MOST_CHARACTERS} characters")
    reader = _Reader(text)
    test = reader.either(0)
    reader.expect_end()
    if len(reader.children) > MOST_CHILDREN:
        raise BadAlarm(f"AlarmRule must not have more than {MOST_CHILDREN} alarms")
    return Rule(test, reader.children)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._next: re.Match[str] | None = None
        self.children: dict[str, None] = {}

    def either(self, depth: int) -> Test:
        tests = [self.both(depth)]
        while self._takes("word", "OR"):
            tests.append(self.both(depth))
        return tests[0] if len(tests) == 1 else lambda states: any(test(states) for test in tests)

    def both(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._takes("word", "AND"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda states: all(test(states) for test in tests)

    def expect_end(self) -> None:
        if self._look()["end"] is None:
            raise self._wrong()

    def _one(self, depth: int) -> Test:
        if depth > MOST_DEPTH:
            raise BadAlarm(f"AlarmRule must not be deeper than {MOST_DEPTH}")
        if self._takes("word", "NOT"):
            test = self._one(depth + 1)
            return lambda states: not test(states)
        for word, value in (("TRUE", True), ("FALSE", False)):
            if self._takes("word", word):
                return lambda _, value=value: value  # type: ignore[misc]
        if self._takes("paren", "("):
            test = self.either(depth + 1)
            if not self._takes("paren", ")"):
                raise self._wrong()
            return test
        found = self._look()
        if found["state"] is None:
            raise self._wrong()
        self._advance(found)
        state, named = found["state"], found["quoted"] or found["single"] or found["bare"] or ""
        name = named.partition(MARK)[2] if MARK in named else named
        self.children[name] = None
        return lambda states: states.get(name) == state

    def _takes(self, group: str, value: str) -> bool:
        found = self._look()
        if found[group] != value:
            return False
        self._advance(found)
        return True

    def _look(self) -> re.Match[str]:
        if self._next is None:
            self._next = _TOKEN.match(self._text, self._at)
            if self._next is None:
                raise self._wrong()
        return self._next

    def _advance(self, found: re.Match[str]) -> None:
        self._at, self._next = found.end(), None

    def _wrong(self) -> BadAlarm:
        return BadAlarm(f"AlarmRule is not valid at character {self._at + 1}")
