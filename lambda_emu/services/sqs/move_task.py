"""A message move task: dead letters of one queue go back to where they came from, or to another queue."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Any

from msgspec import Struct

RUNNING, COMPLETED, FAILED, CANCELLED = "RUNNING", "COMPLETED", "FAILED", "CANCELLED"


class MoveTask(Struct, frozen=True):
    """number: of the last message that it may move; younger tasks have a larger one. rate: messages a second at most.

    source, destination: ARNs; destination: None: each goes to the queue whose dead letter it is.
    """

    number: int
    id: str
    source: str
    destination: str | None
    rate: int | None
    started_ms: int
    to_move: int
    moved: int = 0
    status: str = RUNNING
    reason: str | None = None

    @property
    def handle(self) -> str:
        return b64encode(json.dumps({"taskId": self.id, "sourceArn": self.source}).encode()).decode()

    def entry(self) -> dict[str, Any]:
        """As ListMessageMoveTasks tells it: only one that runs has a handle."""
        told = {
            "TaskHandle": self.handle if self.status == RUNNING else None,
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.reason,
            "StartedTimestamp": self.started_ms,
        }
        return {name: value for name, value in told.items() if value is not None}


def parse_handle(text: str) -> tuple[str, str] | None:
    """The task's id and its source; None: it is no handle."""
    try:
        read = json.loads(b64decode(text.encode("ascii"), validate=True))
    except (ValueError, NotBase64, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    id, source = read.get("taskId"), read.get("sourceArn")
    return (id, source) if isinstance(id, str) and isinstance(source, str) else None
