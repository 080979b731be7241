"""Metric math: an expression is read into steps, and these are taken with the lines of the other queries.

docs/services.md#cloudwatch has the functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from lambda_emu.services.cloudwatch.errors import ValidationFailed
from lambda_emu.services.cloudwatch.functions import FUNCTIONS
from lambda_emu.services.cloudwatch.lines import Line, Value, combine

MOST_CHARACTERS = 2048
DEEPEST = 50
"""So many brackets in each other."""
MOST_LINES = 500
"""Of an array."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/^<>(),\[\]]))"
)
LEVELS: Sequence[Sequence[str]] = (("||",), ("&&",), ("<", ">", "<=", ">=", "==", "!="), ("+", "-"), ("*", "/"))
"""Operators between two, those that bind least first."""
WORDS = {"AND": "&&", "OR": "||"}


class Lines(Protocol):
    """What an expression is about."""

    def value(self, id: str) -> Value:
        """Of another query. ValidationFailed."""

    def metrics(self, part: str | None) -> Sequence[Line]:
        """Of all queries of metrics, or those with this in their id."""

    def search(self, text: str, stat: str, period_s: int | None) -> Sequence[Line]:
        """Of all metrics that are found. CloudWatchError."""

    def begins(self, period_s: int) -> Sequence[int]:
        """When each period of this length begins."""


Step = Callable[[Lines], Value | str]


class _Token(NamedTuple):
    kind: str
    text: str


def parse(expression: str) -> Step:
    """ValidationFailed."""
    if len(expression) > MOST_CHARACTERS:
        raise ValidationFailed(f"The expression is longer than {MOST_CHARACTERS} characters.")
    parser = _Parser(_tokens(expression))
    step = parser.level(0)
    parser.expect("")
    return step


def evaluate(step: Step, lines: Lines) -> Value:
    """ValidationFailed."""
    value = step(lines)
    if isinstance(value, str):
        raise ValidationFailed("a text is no time series")
    return value


def _tokens(expression: str) -> list[_Token]:
    found, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValidationFailed(f"{text[at:].strip()[:20]!r} is not understood")
        assert token.lastgroup is not None
        kind, word = token.lastgroup, token[token.lastgroup]
        found.append(_Token("sign", WORDS[word]) if kind == "name" and word in WORDS else _Token(kind, word))
        at = token.end()
    return [*found, _Token("end", "")]


class _Parser:
    """Makes each part of an expression a step, from left to right."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def level(self, number: int) -> Step:
        """Operators of this level, and what binds more."""
        if number == len(LEVELS):
            return self._signed()
        step = self.level(number + 1)
        while self._next.kind == "sign" and self._next.text in LEVELS[number]:
            step = _operation(self._take().text, step, self.level(number + 1))
        return step

    def expect(self, text: str) -> None:
        if self._take().text != text:
            raise ValidationFailed(f"{text or 'the end'!r} is expected in place of {self._tokens[self._at - 1].text!r}")

    def _signed(self) -> Step:
        if self._next.text in ("-", "+") and self._next.kind == "sign":
            sign = self._take().text
            step = self._deeper(self._signed)
            return step if sign == "+" else _operation("*", lambda _: -1.0, step)
        step = self._atom()
        if self._next.text == "^":
            self._take()
            step = _operation("^", step, self._deeper(self._signed))
        return step

    def _atom(self) -> Step:
        kind, text = self._take()
        if kind == "number":
            number = float(text)
            return lambda _: number
        if kind == "text":
            return lambda _: text[1:-1]
        if kind == "name":
            return self._call(text) if self._next.text == "(" else _named(text)
        if text == "(":
            step = self._deeper(lambda: self.level(0))
            self.expect(")")
            return step
        if text == "[":
            return _array(self._list("]"))
        raise ValidationFailed(f"{text or 'the end'!r} is not expected")

    def _call(self, name: str) -> Step:
        self._take()
        given = self._list(")")
        if name == "METRICS":
            return _metrics(given)
        if name == "SEARCH":
            return _search(given)
        function = FUNCTIONS.get(name)
        if function is None:
            raise ValidationFailed(f"the function {name} is not built into lambda-emu")
        return lambda lines: function([step(lines) for step in given], lines.begins)

    def _list(self, end: str) -> Sequence[Step]:
        steps: list[Step] = []
        while self._next.text != end or self._next.kind != "sign":
            if steps:
                self.expect(",")
            steps.append(self._deeper(lambda: self.level(0)))
        self._take()
        return steps

    def _deeper(self, parse: Callable[[], Step]) -> Step:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValidationFailed("The expression has too many brackets in each other.")
        step = parse()
        self._depth -= 1
        return step

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token


def _operation(sign: str, one: Step, other: Step) -> Step:
    return lambda lines: combine(sign, evaluate(one, lines), evaluate(other, lines))


def _named(name: str) -> Step:
    if name in ("REPEAT", "LINEAR"):
        return lambda _: name
    return lambda lines: lines.value(name)


def _array(steps: Sequence[Step]) -> Step:
    def make(lines: Lines) -> Value:
        values = [evaluate(step, lines) for step in steps]
        found: list[Line] = []
        for value in values:
            if isinstance(value, float):
                raise ValidationFailed("an array has time series, and no numbers")
            found += [value] if isinstance(value, Line) else value
            if len(found) > MOST_LINES:
                raise ValidationFailed(f"an array has more than {MOST_LINES} time series")
        return found

    return make


def _metrics(given: Sequence[Step]) -> Step:
    def find(lines: Lines) -> Value:
        part = given[0](lines) if given else None
        if part is not None and not isinstance(part, str):
            raise ValidationFailed("METRICS takes a text, or nothing")
        return lines.metrics(part)

    return find


def _search(given: Sequence[Step]) -> Step:
    def find(lines: Lines) -> Value:
        text, stat, period = (*(step(lines) for step in given), None, None, None)[:3]
        if not isinstance(text, str) or not isinstance(stat, str) or not isinstance(period, float | None):
            raise ValidationFailed("SEARCH takes what to look for, a statistic and perhaps a period")
        found = lines.search(text, stat, None if period is None else int(period))
        if len(found) > MOST_LINES:
            raise ValidationFailed(f"SEARCH finds more than {MOST_LINES} metrics")
        return found

    return find
