"""Others hear of executions: the default bus of the status of standard ones, log groups of events where that is set.

By one thread, soon after it happened. What waits when the process ends is not told.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from msgspec import Struct

from lambda_emu.services.child.program.front import Front, FrontError
from lambda_emu.services.child.program.machines.table import RUNNING, Execution

log = logging.getLogger(__name__)

SOURCE, TYPE = "aws.states", "Step Functions Execution Status Change"
GATHER_S = 0.1
MOST_WAITING = 10_000
"""Beyond that the oldest are forgotten."""
MOST_ENTRIES, MOST_LINES, MOST_LINE_BYTES = 10, 1000, 900_000
MOST_DATA_BYTES = 248_000
"""Of input and output in an event for a bus; more is left out."""
DATA = ("input", "inputDetails", "output", "outputDetails")
FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")


class LogSettings(Struct, frozen=True):
    """Of a machine. group: its ARN, without `:*`. level: ALL, ERROR or FATAL."""

    group: str
    stream: str
    level: str
    has_data: bool


_begun = time.strftime("%Y-%m-%d-%H-%M", time.gmtime())
_number = uuid4().hex[:8]


def log_settings(machine: str, said: Mapping[str, Any]) -> LogSettings | None:
    """machine: its name. said: its loggingConfiguration; None: nothing is logged."""
    destinations = said.get("destinations") or [{}]
    group: str = (destinations[0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
    if said.get("level", "OFF") == "OFF" or group.count(":") < 6:
        return None
    stream = f"states/{machine}/{_begun}/{_number}"
    return LogSettings(group.removesuffix(":*"), stream, said["level"], bool(said.get("includeExecutionData")))


class Telling:
    """Used by any thread."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._come = threading.Condition()  # guards both below
        self._waiting: deque[tuple[str, str, Any]] = deque(maxlen=MOST_WAITING)
        self._is_begun = False

    def tell_status(self, execution: Execution) -> None:
        """Where a bus is told, its ARN; what, an entry."""
        region, account = execution.arn.split(":")[3:5]
        detail = json.dumps(_detail(execution))
        entry = {"Source": SOURCE, "DetailType": TYPE, "Resources": [execution.arn], "Detail": detail}
        self._add(f"arn:aws:events:{region}:{account}:event-bus/default", "", entry)

    def log_event(self, settings: LogSettings, execution: Execution, event: Mapping[str, Any]) -> None:
        if _is_wanted(settings.level, event["type"]):
            message = json.dumps(_line(settings, execution, event))
            line = {"timestamp": int(event["timestamp"] * 1000), "message": message}
            self._add(settings.group, settings.stream, line)

    def _add(self, where: str, stream: str, what: Any) -> None:
        with self._come:
            self._waiting.append((where, stream, what))
            if not self._is_begun:
                self._is_begun = True
                threading.Thread(target=self._run, name="of executions", daemon=True).start()
            self._come.notify()

    def _run(self) -> None:
        while True:
            with self._come:
                self._come.wait_for(lambda: self._waiting)
            time.sleep(GATHER_S)
            with self._come:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_LINES))]
            gathered: dict[tuple[str, str], list[Any]] = defaultdict(list)
            for where, stream, what in taken:
                gathered[where, stream].append(what)
            for (where, stream), several in gathered.items():
                self._send(where, stream, several)

    def _send(self, where: str, stream: str, several: Sequence[Any]) -> None:
        try:
            if stream:
                for lines in _by_size(several):
                    self._front.put_log_events(where, stream, lines)
            else:
                for at in range(0, len(several), MOST_ENTRIES):
                    self._front.put_events(where, SOURCE, several[at : at + MOST_ENTRIES])
        except (FrontError, ValueError) as error:
            log.warning("executions are not told of: %s", error)


def _by_size(lines: Sequence[Any]) -> list[list[Any]]:
    batches: list[list[Any]] = [[]]
    size = 0
    for line in lines:
        more = len(line["message"])
        if batches[-1] and size + more > MOST_LINE_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(line)
        size += more
    return batches


def _is_wanted(level: str, type: str) -> bool:
    is_error = type.endswith(("Failed", "Aborted", "TimedOut")) or type == "FailStateEntered"
    return level == "ALL" or type in FATAL or (level == "ERROR" and is_error)


def _line(settings: LogSettings, execution: Execution, event: Mapping[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("Details")), {})
    if not settings.has_data:
        details = {name: value for name, value in details.items() if name not in DATA}
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details,
        "redrive_count": str(execution.redrives),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(int(event["timestamp"] * 1000)),
        "execution_arn": execution.arn,
    }


def _detail(execution: Execution) -> dict[str, Any]:
    is_small = len(execution.input) + len(execution.output or "") <= MOST_DATA_BYTES
    included = {"included": is_small}
    return {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "stateMachineVersionArn": execution.version,
        "stateMachineAliasArn": execution.alias,
        "name": execution.name,
        "status": execution.status,
        "startDate": int(execution.begun_s * 1000),
        "stopDate": None if execution.ended_s is None else int(execution.ended_s * 1000),
        "input": execution.input if is_small else None,
        "inputDetails": included,
        "output": execution.output if is_small else None,
        "outputDetails": None if execution.status == RUNNING or execution.output is None else included,
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": execution.redrives,
        "redriveDate": None if execution.redriven_s is None else int(execution.redriven_s * 1000),
    }
