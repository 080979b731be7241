"""Selection expressions: `$request.body.action`, `${request.body.kind}-v${request.body.version}`, `\\$default`.

docs/contract/events.md#websocket-apis. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec.json import decode

Lookup = Callable[[str], Any]
"""The value of a variable such as `request.body.action`; None: there is none."""
MOST_CHARACTERS = 1024
"""Of what an expression comes to."""
BODY = "request.body."

_TOKEN = re.compile(r"\\\$|\$\{([^}]*)\}|\$([A-Za-z_][\w-]*(?:\.[\w-]+)*)|([^$\\]+|.)", re.DOTALL)


@cache
def parse(expression: str) -> tuple[tuple[bool, str], ...]:
    """Its parts: whether each is a variable, and its text."""
    found = []
    for token in _TOKEN.finditer(expression):
        variable = token[1] if token[1] is not None else token[2]
        if variable is not None:
            found.append((True, variable.strip()))
        else:
            found.append((False, token[3] if token[3] is not None else "$"))
    return tuple(found)


def evaluate(expression: str, look_up: Lookup) -> str | None:
    """None: one of its variables has no value, or one that is no scalar."""
    said = []
    for is_variable, text in parse(expression):
        value = look_up(text) if is_variable else text
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str | int | float):
            return None
        said.append(str(value))
    whole = "".join(said)
    return whole if len(whole) <= MOST_CHARACTERS else None


def in_message(text: str) -> Lookup:
    """Looks up `request.body.<path>` in a message, which is read when it is first asked for."""
    read: list[Any] = []

    def look_up(name: str) -> Any:
        if not name.startswith(BODY):
            return None
        if not read:
            read.append(_read(text))
        return value_at(read[0], name[len(BODY) :])

    return look_up


def value_at(found: Any, path: str) -> Any:
    """Below an object, by names with dots between them."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _read(text: str) -> Any:
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return None  # no JSON is nobody's route but $default's
