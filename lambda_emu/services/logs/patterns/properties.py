"""Patterns of properties: `{ $.user.id = 1 && ($.error EXISTS || $.list[0] = "a*") }`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

from msgspec import Struct
from msgspec.json import decode

from lambda_emu.services.logs.patterns.reading import Scanner
from lambda_emu.services.logs.patterns.values import Comparison, Value, read_comparison, text_of

NAME = re.compile(r"[A-Za-z0-9_\-:@#$]+")
INDEX = re.compile(r"\d{1,6}|\*")
IS = re.compile(r"(IS\s+(TRUE|FALSE|NULL)|NOT\s+EXISTS|EXISTS)(?![A-Za-z0-9_])", re.IGNORECASE)
MOST_DEEP = 32
ANY = "*"

Step = str | int
Test = Callable[[Any], bool]
_MISSING = object()


class Properties(Struct, frozen=True, eq=False):
    """selectors: of the properties that it names, each as it is written."""

    holds: Test
    selectors: Mapping[str, tuple[Step, ...]]

    def match(self, message: str) -> Mapping[str, str] | None:
        document = document_of(message)
        if document is None or not self.holds(document):
            return None
        found = {name: next(select(document, path), _MISSING) for name, path in self.selectors.items()}
        return {name: text_of(value) for name, value in found.items() if _is_plain(value)}


def document_of(message: str) -> Any | None:
    """An object or array; None: it is none. One may be in a text that says more before it."""
    text = message.strip()
    if text[:1] not in ("{", "["):
        return None
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return None


def select(document: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    """The values at a path; none, or with an asterisk several."""
    if not path:
        yield document
        return
    step, *rest = path
    if step == ANY and isinstance(document, list):
        for one in document:
            yield from select(one, tuple(rest))
    elif isinstance(step, int) and isinstance(document, list):
        if step < len(document):
            yield from select(document[step], tuple(rest))
    elif isinstance(step, str) and isinstance(document, dict) and step in document:
        yield from select(document[step], tuple(rest))


def parse_selector(scanner: Scanner) -> tuple[str, tuple[Step, ...]]:
    """`$.a['b'][0].c`, as it is written and as steps. PatternInvalid."""
    begun = scanner.at
    scanner.expect("$")
    path: list[Step] = []
    while scanner.peek() in (".", "[") and len(path) < MOST_DEEP:
        path.append(_step(scanner))
    return scanner.text[begun : scanner.at], tuple(path)


def parse_properties(scanner: Scanner) -> Properties:
    """PatternInvalid."""
    selectors: dict[str, tuple[Step, ...]] = {}
    scanner.expect("{")
    holds = _either(scanner, selectors, 0)
    scanner.expect("}")
    scanner.end()
    return Properties(holds, selectors)


def _either(scanner: Scanner, selectors: dict[str, tuple[Step, ...]], deep: int) -> Test:
    tests = [_both(scanner, selectors, deep)]
    while scanner.take("||"):
        tests.append(_both(scanner, selectors, deep))
    return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)


def _both(scanner: Scanner, selectors: dict[str, tuple[Step, ...]], deep: int) -> Test:
    tests = [_one(scanner, selectors, deep)]
    while scanner.take("&&"):
        tests.append(_one(scanner, selectors, deep))
    return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)


def _one(scanner: Scanner, selectors: dict[str, tuple[Step, ...]], deep: int) -> Test:
    if scanner.take("("):
        if deep >= MOST_DEEP:
            raise scanner.wrong("too many parentheses")
        test = _either(scanner, selectors, deep + 1)
        scanner.expect(")")
        return test
    scanner.skip()
    name, path = parse_selector(scanner)
    selectors[name] = path
    scanner.skip()
    said = scanner.word(IS)
    if said is not None:
        return _state(path, " ".join(said.upper().split()))
    return _compared(path, read_comparison(scanner))


def _state(path: tuple[Step, ...], said: str) -> Test:
    if said == "NOT EXISTS":
        return lambda document: not any(True for _ in select(document, path))
    if said == "EXISTS":
        return lambda document: any(True for _ in select(document, path))
    wanted = {"IS TRUE": True, "IS FALSE": False, "IS NULL": None}[said]
    return lambda document: any(value is wanted for value in select(document, path))


def _compared(path: tuple[Step, ...], comparison: Comparison) -> Test:
    return lambda document: any(comparison.holds(value) for value in select(document, path) if _is_plain(value))


def _is_plain(value: object) -> TypeGuard[Value]:
    return value is None or isinstance(value, str | int | float | bool)


def _step(scanner: Scanner) -> Step:
    if scanner.peek() == ".":
        scanner.at += 1
        if scanner.peek() != "[":
            name = scanner.word(NAME)
            if name is None:
                raise scanner.wrong("the name of a property is missing")
            return name
    scanner.at += 1
    quote = scanner.peek()
    if quote in ("'", '"'):
        end = scanner.text.find(quote, scanner.at + 1)
        if end < 0:
            raise scanner.wrong("a quote is not closed")
        name, scanner.at = scanner.text[scanner.at + 1 : end], end + 1
        scanner.expect("]")
        return name
    index = scanner.word(INDEX)
    if index is None:
        raise scanner.wrong("an index is missing")
    scanner.expect("]")
    return ANY if index == ANY else int(index)
