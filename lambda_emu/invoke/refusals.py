"""Events that were refused: how often in a row, and which goes on first when another of its function has ended."""

from __future__ import annotations

from lambda_emu.arn import FunctionId
from lambda_emu.store import QueuedEvent


class Refusals:
    """By request id; each event is forgotten when it has run or is given up."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lines: dict[FunctionId, dict[str, None]] = {}  # who waits for room, in order

    def add(self, event: QueuedEvent) -> int:
        """It was refused; returns how many times in a row."""
        self._lines.setdefault(event.function, {})[event.request_id] = None
        self._counts[event.request_id] = count = self._counts.get(event.request_id, 0) + 1
        return count

    def forget(self, event: QueuedEvent) -> None:
        self._counts.pop(event.request_id, None)
        self._leave(event.function, event.request_id)

    def first(self, function: FunctionId) -> str | None:
        """Request id of the one that waited longest. It leaves the line, but its count stays."""
        line = self._lines.get(function)
        if not line:
            return None
        request_id = next(iter(line))
        self._leave(function, request_id)
        return request_id

    def clear(self) -> None:
        """All events are gone."""
        self._counts.clear()
        self._lines.clear()

    def _leave(self, function: FunctionId, request_id: str) -> None:
        line = self._lines.get(function, {})
        line.pop(request_id, None)
        if not line:
            self._lines.pop(function, None)
