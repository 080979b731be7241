"""An event as a query sees it: what CloudWatch says of it, and the fields that are found in its message."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lambda_emu.logs.groups import StoredEvent
from lambda_emu.services.logs.patterns.properties import document_of

Value = str | int | float | bool | None
MOST_FIELDS = 200
"""Of one event that are found by themselves."""
MB = 1_000_000
_REPORT = re.compile(
    r"REPORT RequestId: (\S+)\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB\t"
    r"Max Memory Used: (\d+) MB\t(?:Init Duration: ([\d.]+) ms\t)?"
)
_REQUEST = re.compile(r"\b(?:RequestId: |\t)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
_TYPES = ("START", "END", "REPORT", "INIT_START", "EXTENSION", "TELEMETRY", "XRAY")


class Time(int):
    """Milliseconds since the epoch, which are shown as a time."""


class Row:
    """Fields are found when the first one is asked for. values: those that the query made."""

    __slots__ = ("_found", "event", "values")

    def __init__(self, event: StoredEvent | None = None, values: dict[str, Value] | None = None) -> None:
        self.event = event
        self.values: dict[str, Value] = values or {}
        self._found: dict[str, Value] | None = None

    def get(self, name: str) -> Value:
        if name in self.values:
            return self.values[name]
        if self.event is None:
            return None
        make = _SYSTEM.get(name)
        return self.found.get(name) if make is None else make(self.event)

    @property
    def found(self) -> dict[str, Value]:
        if self._found is None:
            self._found = {} if self.event is None else dict(_discovered(self.event.message))
        return self._found

    def names(self) -> set[str]:
        """Of all its fields."""
        return {*self.values, *self.found, *_SYSTEM} if self.event is not None else set(self.values)


def time_shown(at_ms: float) -> str:
    """`2024-01-31 12:00:00.000`, UTC."""
    shown = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
    return shown.removesuffix("+00:00")


def pointer_of(event: StoredEvent) -> str:
    """By which GetLogRecord finds it."""
    owner = event.owner
    return urlsafe_b64encode(f"{owner.scope.account} {owner.scope.region} {owner.group} {event.id}".encode()).decode()


_SYSTEM: dict[str, Any] = {
    "@timestamp": lambda event: Time(event.position.at_ms),
    "@ingestionTime": lambda event: Time(event.ingested_ms),
    "@message": lambda event: event.message,
    "@logStream": lambda event: event.owner.stream,
    "@log": lambda event: f"{event.owner.scope.account}:{event.owner.group}",
    "@ptr": pointer_of,
}


def _discovered(message: str) -> Iterator[tuple[str, Value]]:
    document = document_of(message)
    if document is not None:
        left = MOST_FIELDS
        for pair in _flat(document, ""):
            yield pair
            left -= 1
            if left == 0:
                break
        return
    word = message.split(" ", 1)[0].split("\t", 1)[0]
    if word in _TYPES:
        yield "@type", word
    request = _REQUEST.search(message)
    if request is not None:
        yield "@requestId", request[1]
    report = _REPORT.match(message)
    if report is not None:
        _, duration, billed, size, used, init = report.groups()
        yield from {
            "@duration": float(duration),
            "@billedDuration": float(billed),
            "@memorySize": float(size) * MB,
            "@maxMemoryUsed": float(used) * MB,
        }.items()
        if init is not None:
            yield "@initDuration", float(init)


def _flat(document: Any, name: str) -> Iterator[tuple[str, Value]]:
    """`a.b.0` by its path."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from _flat(value, f"{name}.{index}" if name else str(index))
    elif document is not None:
        yield name, document
