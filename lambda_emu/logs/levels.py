"""Levels and times of a JSON log, and which level a line of a function has.

docs/contract/logs-billing.md#json-and-levels.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """The levels of LoggingConfig, least important first. The system levels are DEBUG, INFO and WARN."""

    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


ALIASES = {"WARNING": Level.WARN, "CRITICAL": Level.FATAL}  # as Python's logging names them
BY_NAME = {level.name: level for level in Level} | ALIASES


def configured_level(name: str | None) -> Level:
    """A level as LoggingConfig names it; INFO where it names none."""
    return Level.INFO if name is None else Level[name]


def declared_level(members: dict[str, Any]) -> Level:
    """The level a structured line gives itself; INFO when it is missing or unknown."""
    name = members.get("level", members.get("log_level"))
    return BY_NAME.get(name.upper(), Level.INFO) if isinstance(name, str) else Level.INFO


def iso_time(now_s: float) -> str:
    """`2024-01-01T00:00:00.123Z` of seconds since the epoch."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(now_s * 1000) % 1000:03d}Z"
