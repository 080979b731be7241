"""What SEARCH looks for: `{AWS/Lambda,FunctionName} MetricName="Errors" NOT test`. docs/services.md#cloudwatch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lambda_emu.metrics.points import Dimensions
from lambda_emu.services.cloudwatch.errors import ValidationFailed

DEEPEST = 50
_TOKEN = re.compile(r'\s*(?:(?P<schema>\{[^{}]*\})|"(?P<exact>[^"]*)"|(?P<sign>[()=])|(?P<word>[^\s"(){}=]+))')

Listed = tuple[str, str, Dimensions]
"""Namespace, name, dimensions."""
Test = Callable[[Listed], bool]


def parse_search(text: str) -> Test:
    """Whether a metric is found. ValidationFailed."""
    search = _Search(_tokens(text))
    found = search.either(0)
    if search.kind:
        raise ValidationFailed(f"SEARCH: {search.text!r} is not expected")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise ValidationFailed(f"SEARCH: {text[at:].strip()[:20]!r} is not understood")
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return [*found, ("", "")]


class _Search:
    """Makes each part a test, from left to right. kind, text: of what comes next."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def either(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._takes("OR"):
            tests.append(self._all(depth))
        return lambda metric: any(test(metric) for test in tests)

    def _all(self, depth: int) -> Test:
        """AND may be left out."""
        tests = [self._one(depth)]
        while self.kind and self.text not in (")", "OR"):
            self._takes("AND")
            tests.append(self._one(depth))
        return lambda metric: all(test(metric) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise ValidationFailed("SEARCH: too many brackets in each other")
        if self._takes("NOT"):
            test = self._one(depth + 1)
            return lambda metric: not test(metric)
        if self._takes("("):
            inner = self.either(depth + 1)
            if not self._takes(")"):
                raise ValidationFailed("SEARCH: ')' is missing")
            return inner
        kind, text = self._take()
        if kind == "schema":
            return _schema(text)
        if kind not in ("word", "exact"):
            raise ValidationFailed(f"SEARCH: {text or 'the end'!r} is not expected")
        if self._takes("="):
            return self._member(text)
        return lambda metric: any(_fits(kind, text, one) for one in _texts(metric))

    def _member(self, name: str) -> Test:
        """The namespace, the name or a dimension of a metric."""
        kind, text = self._take()
        if kind not in ("word", "exact"):
            raise ValidationFailed(f"SEARCH: {name} has no value")

        def test(metric: Listed) -> bool:
            has = {"Namespace": metric[0], "MetricName": metric[1], **dict(metric[2])}
            return name in has and _fits(kind, text, has[name])

        return test

    def _takes(self, text: str) -> bool:
        """Take it, if that is next, and no text in quotes."""
        is_next = self.text == text and self.kind in ("sign", "word")
        if is_next:
            self._at += 1
        return is_next

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token


def _schema(text: str) -> Test:
    """A namespace and the names of all dimensions."""
    namespace, *names = (part.strip().strip('"') for part in text[1:-1].split(","))
    return lambda metric: metric[0] == namespace and {name for name, _ in metric[2]} == set(names)


def _texts(metric: Listed) -> Sequence[str]:
    return (metric[0], metric[1], *(text for pair in metric[2] for text in pair))


def _fits(kind: str, wanted: str, text: str) -> bool:
    """What is in quotes is the whole text, a word a part of it."""
    return wanted == text if kind == "exact" else wanted.lower() in text.lower()
