"""What part of an event a path names: `$.detail.items[0]`, as far as EventBridge takes JSONPath."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Raw
from msgspec.json import encode

from lambda_emu.services.eventbridge.errors import ParameterInvalid

MISSING: Any = object()
"""What stands where an event has nothing."""
_STEP = re.compile(r"\.(?P<name>[^.\[\]*'\"\s]+)|\[(?P<at>[0-9]{1,9})\]|\['(?P<quoted>[^']+)'\]|(?P<all>\.\*|\[\*\])")
_ALL = object()

Path = tuple[Any, ...]
"""Names, places in arrays, and marks for all that there is."""


def parse_path(text: str, member: str) -> Path:
    """ParameterInvalid, which names the member that has it."""
    if not text.startswith("$"):
        raise ParameterInvalid(member, "JSONPath must start with '$'")  # (?)
    steps: list[Any] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ParameterInvalid(member, f"JSONPath cannot be read from character {at + 1} on")  # (?)
        if found["at"] is not None:
            steps.append(int(found["at"]))
        else:
            steps.append(_ALL if found["all"] else found["name"] or found["quoted"])
        at = found.end()
    return tuple(steps)


def at_path(value: Any, path: Path) -> Any:
    """MISSING if there is nothing. With marks for all: the array of what there is."""
    for place, step in enumerate(path):
        if step is _ALL:
            items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
            found = [at_path(item, path[place + 1 :]) for item in items]
            return [item for item in found if item is not MISSING]
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else MISSING
        else:
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return value


def read_raw(text: str) -> Any:
    """JSON whose numbers are written again as they were. ValueError."""
    try:
        return json.loads(text, parse_int=_raw, parse_float=_raw, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def write_raw(value: Any) -> str:
    """What `read_raw` read, without spaces."""
    try:
        return encode(value).decode()
    except UnicodeEncodeError:  # half a character, which JSON can name and UTF-8 cannot
        return json.dumps(value, default=lambda raw: json.loads(bytes(raw)), separators=(",", ":"))


def _raw(literal: str) -> Raw:
    return Raw(literal)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
