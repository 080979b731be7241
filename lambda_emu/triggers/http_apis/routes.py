"""Which route a request takes: the most specific one that has its method and its path. docs/contract/events.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from msgspec import Struct

T = TypeVar("T")

DEFAULT_KEY = "$default"
ANY = "ANY"
LITERAL, VARIABLE, GREEDY = range(3)
"""Kinds of a segment, the more specific one first."""

_KEY = re.compile(r"([A-Z]{3,7}) (/\S*)")
_VARIABLE = re.compile(r"\{([\w.:-]+)(\+?)\}", re.ASCII)


class RouteShape(Struct, frozen=True):
    """A route key taken apart: `GET /items/{id}`. path: empty of the `$default` route. segments: kind, and its text."""

    method: str
    path: str
    segments: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, key: str) -> RouteShape | None:
        """None: it is no route key of an HTTP API."""
        if key == DEFAULT_KEY:
            return cls(ANY, "", ())
        found = _KEY.fullmatch(key)
        if found is None:
            return None
        segments = tuple(_segment(text) for text in found[2][1:].split("/"))
        return cls(found[1], found[2], segments)

    @property
    def rank(self) -> tuple[object, ...]:
        """What is asked first is the least: `$default` comes last, ANY after a method of its own."""
        return not self.path, tuple(kind for kind, _ in self.segments), self.method == ANY

    def parameters(self, method: str, segments: tuple[str, ...]) -> dict[str, str] | None:
        """What its variables stand for in a request with these segments, still percent-encoded; None: not its own."""
        if self.method not in (ANY, method):
            return None
        if not self.path:
            return {}
        if len(self.segments) > len(segments):
            return None
        found: dict[str, str] = {}
        for at, (kind, text) in enumerate(self.segments):
            if kind == GREEDY:
                rest = "/".join(segments[at:])
                return found | {text: unquote(rest)} if rest else None
            said = unquote(segments[at])
            if kind == LITERAL and said != text:
                return None
            if kind == VARIABLE:
                if not said:
                    return None
                found[text] = said
        return found if len(self.segments) == len(segments) else None


class Match(Struct, Generic[T], frozen=True):
    """The route that a request takes, and what its variables stand for."""

    route: T
    parameters: Mapping[str, str]


class Routes(Generic[T]):
    """Those of one stage."""

    def __init__(self, routes: Iterable[tuple[RouteShape, T]]) -> None:
        self._routes = sorted(routes, key=lambda one: one[0].rank)

    def match(self, method: str, path: str) -> Match[T] | None:
        """path: without the stage, as it was sent."""
        segments = tuple(path[1:].split("/"))
        for shape, route in self._routes:
            parameters = shape.parameters(method, segments)
            if parameters is not None:
                return Match(route, parameters)
        return None


def _segment(text: str) -> tuple[int, str]:
    found = _VARIABLE.fullmatch(text)
    if found is None:
        return LITERAL, text
    return (GREEDY if found[2] else VARIABLE), found[1]
