"""Activities: tasks that wait until a worker of the user's own takes them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from lambda_emu.services.child.program.machines.language.waiting import Event

POLL_S = 60
"""As long as GetActivityTask waits."""
MOST_POLLS = 8
"""At once, since each holds one of the threads by which services are asked. More do not wait."""
MOST_TASKS = 10_000


class Tasks:
    """Of one activity, the oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque(maxlen=MOST_TASKS)
        self._has_come = Event()

    def add_task(self, task: Any) -> None:
        """As moto's interpreter calls it."""
        self._waiting.append(task)
        self._has_come.set()

    def take(self, limit_s: float) -> Any:
        """The next one; None: there is none in that time."""
        self._has_come.clear()
        try:
            return self._waiting.popleft()
        except IndexError:
            self._has_come.wait(limit_s)
            return self._waiting.popleft() if self._waiting else None


class Activities:
    """Used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all below
        self._tasks: dict[str, Tasks] = {}
        self._polls = 0

    def get(self, arn: str) -> Tasks | None:
        """As moto's interpreter asks for one; None: there is no such activity."""
        region, account = (arn.split(":") + [""] * 5)[3:5]
        if not region or arn not in stepfunctions_parser_backends[account][region].activities:
            return None
        with self._lock:
            return self._tasks.setdefault(arn, Tasks())

    def take(self, tasks: Tasks) -> Any:
        """Waits for one; None: there is none."""
        with self._lock:
            may_wait = self._polls < MOST_POLLS
            self._polls += 1
        try:
            return tasks.take(POLL_S if may_wait else 0)
        finally:
            with self._lock:
                self._polls -= 1
