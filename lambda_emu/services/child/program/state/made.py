"""Changes that are no requests: functions by name, called with the same arguments whenever one is made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Make = Callable[..., Any]
M = TypeVar("M", bound=Make)

_MADE: dict[str, Make] = {}


def change(make: M) -> M:
    """Names it by its own name. Its arguments are what JSON has; time and chance are in them, or come of the moment."""
    _MADE[make.__name__] = make
    return make


def said_of(make: Make, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """For the journal."""
    return {"change": make.__name__, "with": dict(arguments)}


def make_change(said: Mapping[str, Any]) -> Any:
    """Now, or again. Whatever it raises: then nothing is changed."""
    return _MADE[said["change"]](**said["with"])
