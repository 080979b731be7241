"""Patterns of fields: `[ip, user, ..., status = 4*, size > 1000]` of an event that spaces part."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from lambda_emu.services.logs.patterns.reading import Scanner
from lambda_emu.services.logs.patterns.values import OPERATORS, read_comparison

NAME = re.compile(r"[A-Za-z0-9_\-]+")
FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
REST = "..."
MOST_FIELDS = 1_000
"""Of an event that are looked at."""

Test = Callable[[str], bool]


class Field(Struct, frozen=True, eq=False):
    """name: None: it is known by its number. holds: None: whatever it is."""

    name: str | None
    holds: Test | None


class Fields(Struct, frozen=True, eq=False):
    """before, after: fields in front of those that may be any, and behind them; after: None: there are just these."""

    before: tuple[Field, ...]
    after: tuple[Field, ...] | None

    def match(self, message: str) -> Mapping[str, str] | None:
        found = _split(message)
        least = len(self.before) + len(self.after or ())
        if len(found) < least or (self.after is None and len(found) != least):
            return None
        pairs = [(number, *pair) for number, pair in enumerate(zip(self.before, found, strict=False), 1)]
        if self.after:
            begun = len(found) - len(self.after)
            pairs += [(begun + n, *pair) for n, pair in enumerate(zip(self.after, found[begun:], strict=True), 1)]
        if not all(field.holds is None or field.holds(text) for _, field, text in pairs):
            return None
        return {f"${field.name or number}": text for number, field, text in pairs}


def parse_fields(scanner: Scanner) -> Fields:
    """PatternInvalid."""
    scanner.expect("[")
    parts: list[list[Field]] = [[]]
    while True:
        scanner.skip()
        if scanner.take(REST):
            if len(parts) > 1:
                raise scanner.wrong("... stands there twice")
            parts.append([])
        elif scanner.peek() not in ("]", ",", ""):
            parts[-1].append(_field(scanner))
        else:
            parts[-1].append(Field(None, None))
        if scanner.take(",") is None:
            break
    scanner.expect("]")
    scanner.end()
    return Fields(tuple(parts[0]), tuple(parts[1]) if len(parts) > 1 else None)


def _field(scanner: Scanner) -> Field:
    names: set[str] = set()
    holds = _either(scanner, names)
    if len(names) > 1:
        raise scanner.wrong("one field has two names")
    return Field(names.pop() if names else None, holds)


def _either(scanner: Scanner, names: set[str]) -> Test | None:
    tests = [_both(scanner, names)]
    while scanner.take("||"):
        tests.append(_both(scanner, names))
    given = [test for test in tests if test is not None]
    return None if len(given) < len(tests) else lambda text: any(test(text) for test in given)


def _both(scanner: Scanner, names: set[str]) -> Test | None:
    tests = [_one(scanner, names)]
    while scanner.take("&&"):
        tests.append(_one(scanner, names))
    given = [test for test in tests if test is not None]
    return (lambda text: all(test(text) for test in given)) if given else None


def _one(scanner: Scanner, names: set[str]) -> Test | None:
    if scanner.take("("):
        test = _either(scanner, names)
        scanner.expect(")")
        return test
    scanner.skip()
    name = scanner.word(NAME)
    if name is None:
        raise scanner.wrong("the name of a field is missing")
    names.add(name)
    scanner.skip()
    if not any(scanner.text.startswith(one, scanner.at) for one in OPERATORS):
        return None
    return read_comparison(scanner).holds


def _split(message: str) -> list[str]:
    """Quotes and brackets hold together what is between them."""
    found = []
    for part in FIELD.finditer(message.strip()):
        found.append(next(group for group in part.groups() if group is not None))
        if len(found) >= MOST_FIELDS:
            break
    return found
