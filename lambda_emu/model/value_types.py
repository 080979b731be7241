"""Kinds of values that people write, in settings and project files: how each is read and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class ValueType(Struct, frozen=True):
    """allowed: completes "must be". parse: the value of a text, ValueError if it is not allowed.

    many: several values, with commas between them in one text; a file may write them as a list.
    """

    allowed: str
    parse: Callable[[str], Any]
    many: bool = False


def text(allowed: str, pattern: str) -> ValueType:
    """A text that matches `pattern` from end to end."""

    def parse(written: str) -> str:
        if not _matches(pattern, written):
            raise ValueError(written)
        return written

    return ValueType(allowed, parse)


def choice(*words: str) -> ValueType:
    """One of these words."""

    def parse(written: str) -> str:
        if written not in words:
            raise ValueError(written)
        return written

    return ValueType(f"one of {', '.join(words)}", parse)


def whole(least: int, most: int, unit: str = "") -> ValueType:
    """A whole number, of `unit` where there is one; both ends included."""
    allowed = f"a whole number {f'of {unit} ' if unit else ''}from {least} to {most}"

    def parse(written: str) -> int:
        if re.fullmatch(r"[0-9]{1,9}", written) is None or not least <= int(written) <= most:
            raise ValueError(written)
        return int(written)

    return ValueType(allowed, parse)


def several(allowed: str, pattern: str) -> ValueType:
    """Any number of texts that each match `pattern` from end to end, as a tuple."""

    def parse(written: str) -> tuple[str, ...]:
        found = tuple(part for part in (part.strip() for part in written.split(",")) if part)
        if not all(_matches(pattern, part) for part in found):
            raise ValueError(written)
        return found

    return ValueType(allowed, parse, many=True)


def pairs(allowed: str) -> ValueType:
    """Any number of `Name=value`, as a tuple. A comma that no such name follows is the value's."""

    def parse(written: str) -> tuple[str, ...]:
        found = tuple(re.split(r",(?=[a-zA-Z0-9]+=)", written)) if written else ()
        if not all(_matches(r"[a-zA-Z0-9]{1,255}=.*", part) for part in found):
            raise ValueError(written)
        return found

    return ValueType(allowed, parse, many=True)


def _matches(pattern: str, written: str) -> bool:
    """Compiled when it is first needed, and kept by `re`: most settings and keys are not written."""
    return re.fullmatch(pattern, written, re.ASCII | re.DOTALL) is not None


def _flag(written: str) -> bool:
    if written.lower() not in _FLAGS:
        raise ValueError(written)
    return _FLAGS[written.lower()]


def _path(written: str) -> Path:
    if not written or "\0" in written:
        raise ValueError(written)
    try:
        return Path(written).expanduser()
    except RuntimeError as error:  # a home that nobody knows
        raise ValueError(written) from error


def _paths(written: str) -> tuple[Path, ...]:
    return tuple(_path(part.strip()) for part in written.split(",") if part.strip())


FLAG = ValueType("true or false", _flag)
PATH = ValueType("a path", _path)
PATHS = ValueType("paths, with commas between them", _paths, many=True)
