"""Which resource of a REST API a request takes. docs/contract/events.md#rest-apis."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from msgspec import Struct

T = TypeVar("T")

ANY = "ANY"
_VARIABLE = re.compile(r"\{([^{}+]+)(\+?)\}")


class Match(Struct, Generic[T], frozen=True):
    """What a request takes, and what the variables of its path stand for."""

    resource: T
    parameters: Mapping[str, str]


class Node(Generic[T]):
    """A part of paths: what may follow it."""

    def __init__(self) -> None:
        self.literals: dict[str, Node[T]] = {}
        self.variable: Node[T] | None = None
        self.ends: list[End[T]] = []
        self.greedy: list[End[T]] = []


class End(Struct, Generic[T], frozen=True):
    """A resource, with its verbs and the names of the variables in its path."""

    names: tuple[str, ...]
    verbs: Container[str]
    resource: T

    def has(self, verb: str) -> bool:
        return verb in self.verbs or ANY in self.verbs


class Routes(Generic[T]):
    """Those of one deployment, as a tree: a literal part comes before a variable, which comes before a greedy one.

    Of two resources that fit, the first one that has the method is taken (?).
    """

    def __init__(self, resources: Iterable[tuple[str, Container[str], T]]) -> None:
        """Path, verbs, resource of each."""
        self._root: Node[T] = Node()
        for path, verbs, resource in resources:
            self._add(path, verbs, resource)

    def _add(self, path: str, verbs: Container[str], resource: T) -> None:
        node, names = self._root, []
        for part in parts_of(path):
            variable = _VARIABLE.fullmatch(part)
            if variable is None:
                node = node.literals.setdefault(part, Node())
                continue
            names.append(variable[1])
            if variable[2]:
                node.greedy.append(End(tuple(names), verbs, resource))
                return
            node.variable = node.variable or Node()
            node = node.variable
        node.ends.append(End(tuple(names), verbs, resource))

    def match(self, verb: str, path: str) -> Match[T] | None:
        """path: below the stage, as it was sent. A slash at its end is none of it."""
        parts = parts_of(path)
        found = self._find(self._root, verb, parts, 0, ())
        if found is None:
            return None
        end, values = found
        return Match(end.resource, dict(zip(end.names, map(unquote, values), strict=True)))

    def _find(
        self, node: Node[T], verb: str, parts: list[str], at: int, values: tuple[str, ...]
    ) -> tuple[End[T], tuple[str, ...]] | None:
        """As deep as the paths that were declared, whatever is asked for: what follows no node is not looked at."""
        if at == len(parts):
            return next(((end, values) for end in node.ends if end.has(verb)), None)
        literal = node.literals.get(unquote(parts[at]))
        found = None if literal is None else self._find(literal, verb, parts, at + 1, values)
        if found is None and node.variable is not None and parts[at]:
            found = self._find(node.variable, verb, parts, at + 1, (*values, parts[at]))
        if found is None and node.greedy:
            rest = "/".join(parts[at:])
            found = next(((end, (*values, rest)) for end in node.greedy if rest and end.has(verb)), None)
        return found


def parts_of(path: str) -> list[str]:
    """None of the root."""
    path = path.strip("/")
    return path.split("/") if path else []
