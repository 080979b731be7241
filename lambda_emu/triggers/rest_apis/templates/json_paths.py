"""JSONPath, as `$input.path` and parameter mappings have it: names, indices, slices, `*`, `..`, filters, `length()`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed
from lambda_emu.triggers.rest_apis.templates.values import Value, are_equal, is_number

MOST_PATH = 4_096
MOST_STEPS = 200

_NAME = re.compile(r"[^.\[\]()'\"?@,*\s]+")
_LENGTH = re.compile(r"\.(?:length|size)\(\)")
_INSIDE = re.compile(
    r"""\[\s*(?:
        (?P<all>\*) |
        (?P<names>'(?:[^'\\]|\\.)*'(?:\s*,\s*'(?:[^'\\]|\\.)*')*) |
        (?P<quoted>"(?:[^"\\]|\\.)*") |
        (?P<slice>-?\d*\s*:\s*-?\d*) |
        (?P<indices>-?\d+(?:\s*,\s*-?\d+)*) |
        \?\((?P<filter>(?:[^()'"]|'[^']*'|"[^"]*")*)\)
    )\s*\]""",
    re.X | re.ASCII,
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_ESCAPED = re.compile(r"\\(.)")
_TEST = re.compile(
    r"""\s*@((?:\.[\w-]+|\['[^']*'\])*)\s*
        (?:(==|!=|<=|>=|<|>)\s*('[^']*'|"[^"]*"|-?\d+(?:\.\d+)?|true|false|null))?\s*""",
    re.X | re.ASCII,
)
_MEMBER = re.compile(r"\.([\w-]+)|\['([^']*)'\]", re.ASCII)


class Names(Struct, frozen=True):
    names: tuple[str, ...]


class Indices(Struct, frozen=True):
    indices: tuple[int, ...]


class Part(Struct, frozen=True):
    begin: int | None
    end: int | None


class All(Struct, frozen=True):
    pass


class Length(Struct, frozen=True):
    pass


class Test(Struct, frozen=True):
    """operator: None where it is enough that there is something."""

    path: tuple[str, ...]
    operator: str | None
    value: str | float | bool | None


class Filter(Struct, frozen=True):
    """One of these holds, of which all hold."""

    either: tuple[tuple[Test, ...], ...]


class Below(Struct, frozen=True):
    """All that is there, however deep."""


Step = Names | Indices | Part | All | Length | Filter | Below


class JsonPath(Struct, frozen=True):
    """is_definite: it leads to one place at most."""

    steps: tuple[Step, ...]
    is_definite: bool

    def find(self, document: Value, budget: Budget) -> Value:
        """None: there is nothing; of a path that may lead to many, a list."""
        found: Sequence[Value] = [document]
        for step in self.steps:
            following: list[Value] = []
            for value in found:
                for one in _step(step, value, budget):
                    budget.spend()
                    following.append(one)
            found = following
        if not self.is_definite:
            return list(found)
        return found[0] if found else None


@lru_cache(512)
def json_path(text: str) -> JsonPath:
    """TemplateFailed: it cannot be read."""
    text = text.strip()
    if len(text) > MOST_PATH:
        raise TemplateFailed("A path is too long")
    steps: list[Step] = []
    at = 1 if text.startswith("$") else 0
    if at == 0:
        text = "." + text
    while at < len(text):
        at = _read(text, at, steps)
        if len(steps) > MOST_STEPS:
            raise TemplateFailed("A path has too many steps")
    return JsonPath(tuple(steps), all(_leads_to_one(step) for step in steps))


def _leads_to_one(step: Step) -> bool:
    if isinstance(step, Names):
        return len(step.names) == 1
    return isinstance(step, Length) or (isinstance(step, Indices) and len(step.indices) == 1)


def _read(text: str, at: int, steps: list[Step]) -> int:
    if text.startswith("..", at):
        steps.append(Below())
        at += 2
        if text.startswith("[", at):
            return at
        return _name(text, at, steps)
    if (length := _LENGTH.match(text, at)) is not None:
        steps.append(Length())
        return length.end()
    if text.startswith(".", at):
        return _name(text, at + 1, steps)
    if (inside := _INSIDE.match(text, at)) is not None:
        steps.append(_bracket(inside))
        return inside.end()
    raise TemplateFailed(f"No JSONPath: {text}")


def _name(text: str, at: int, steps: list[Step]) -> int:
    if text.startswith("*", at):
        steps.append(All())
        return at + 1
    found = _NAME.match(text, at)
    if found is None:
        raise TemplateFailed(f"No JSONPath: {text}")
    steps.append(Names((found[0],)))
    return found.end()


def _bracket(inside: re.Match[str]) -> Step:
    if inside["all"]:
        return All()
    if inside["names"]:
        return Names(tuple(_ESCAPED.sub(r"\1", name) for name in _QUOTED.findall(inside["names"])))
    if inside["quoted"]:
        return Names((_ESCAPED.sub(r"\1", inside["quoted"][1:-1]),))
    if inside["slice"] is not None:
        begin, _, end = inside["slice"].partition(":")
        return Part(int(begin) if begin.strip() else None, int(end) if end.strip() else None)
    if inside["indices"] is not None:
        return Indices(tuple(int(index) for index in inside["indices"].split(",")))
    return _filter(inside["filter"])


def _filter(text: str) -> Filter:
    either = []
    for all_of in text.split("||"):
        tests = []
        for one in all_of.split("&&"):
            found = _TEST.fullmatch(one)
            if found is None:
                raise TemplateFailed(f"No filter of a JSONPath: {text}")
            path = tuple(name or quoted for name, quoted in _MEMBER.findall(found[1]))
            tests.append(Test(path, found[2], _literal(found[3])))
        either.append(tuple(tests))
    return Filter(tuple(either))


def _literal(text: str | None) -> str | float | bool | None:
    if text is None or text == "null":
        return None
    if text in ("true", "false"):
        return text == "true"
    return text[1:-1] if text[0] in "'\"" else float(text) if "." in text else int(text)


def _step(step: Step, value: Value, budget: Budget) -> Iterator[Value]:
    if isinstance(step, Names):
        yield from _named(step.names, value)
    elif isinstance(step, Below):
        yield from _below(value, budget)
    elif isinstance(step, All):
        yield from value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    elif isinstance(step, Length):
        yield from (len(value),) if isinstance(value, (list, dict, str)) else ()
    elif isinstance(value, list):
        if isinstance(step, Indices):
            yield from (value[index] for index in step.indices if -len(value) <= index < len(value))
        elif isinstance(step, Part):
            budget.spend(len(value))
            yield from value[step.begin : step.end]
        else:
            yield from (item for item in value if _passes(step, item, budget))


def _named(names: tuple[str, ...], value: Value) -> Iterator[Value]:
    if isinstance(value, dict):
        found = {name: value[name] for name in names if name in value}
        yield from found.values() if len(names) == 1 else (found,)


def _below(value: Value, budget: Budget) -> Iterator[Value]:
    waiting = [value]
    while waiting:
        budget.spend()
        found = waiting.pop()
        yield found
        if isinstance(found, (dict, list)):
            waiting.extend(reversed(list(found.values() if isinstance(found, dict) else found)))


def _passes(step: Filter, item: Value, budget: Budget) -> bool:
    return any(all(_holds(test, item, budget) for test in tests) for tests in step.either)


def _holds(test: Test, item: Value, budget: Budget) -> bool:
    budget.spend()
    found: Any = item
    for name in test.path:
        if not isinstance(found, dict) or name not in found:
            return test.operator == "!="
        found = found[name]
    if test.operator is None:
        return True
    if test.operator in ("==", "!="):
        is_same = type(found) is type(test.value) or (is_number(found) and is_number(test.value))
        return (is_same and are_equal(found, test.value, budget)) == (test.operator == "==")
    if not (is_number(found) and is_number(test.value)) and not (
        isinstance(found, str) and isinstance(test.value, str)
    ):
        return False
    order: int = (found > test.value) - (found < test.value)
    return {"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[test.operator]
