"""Patterns of terms: all of them, one of those with a question mark, none of those with a minus."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from lambda_emu.services.logs.patterns.reading import PatternInvalid, Scanner
from lambda_emu.services.logs.patterns.regex import Regex

TERM = re.compile(r"[^\s\"%]+")
PLAIN = re.compile(r"\w+\Z")
NO_VALUES: Mapping[str, str] = MappingProxyType({})

Test = Callable[[str], bool]


class Terms(Struct, frozen=True, eq=False):
    """optional: one of them must be there, where nothing else is asked for."""

    needed: tuple[Test, ...]
    optional: tuple[Test, ...]
    excluded: tuple[Test, ...]

    def match(self, message: str) -> Mapping[str, str] | None:
        if not all(test(message) for test in self.needed) or any(test(message) for test in self.excluded):
            return None
        if self.optional and not (self.needed or self.excluded) and not any(test(message) for test in self.optional):
            return None
        return NO_VALUES


def parse_terms(scanner: Scanner) -> Terms:
    """PatternInvalid."""
    found: dict[str, list[Test]] = {"": [], "?": [], "-": []}
    scanner.skip()
    while scanner.peek():
        sign = scanner.take("?", "-") or ""
        found[sign].append(_term(scanner))
        scanner.skip()
    return Terms(tuple(found[""]), tuple(found["?"]), tuple(found["-"]))


def _term(scanner: Scanner) -> Test:
    if scanner.peek() == '"':
        return _holding(scanner.quoted())
    if scanner.peek() == "%":
        return Regex(scanner.regex()).finds
    term = scanner.word(TERM) or ""
    if not PLAIN.match(term):
        raise PatternInvalid(f"Invalid character(s) in term '{term}'")
    return _holding(term)


def _holding(term: str) -> Test:
    return lambda message: term in message
