"""Errors of tasks, by any name."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent


def task_failed(env: Any, error: str, cause: str, **where: str) -> FailureEvent:
    """where: the task's `resource` and `resourceType`."""
    details: Any = {"taskFailedEventDetails": {"error": error, "cause": cause, **where}}
    return FailureEvent(env, CustomErrorName(error), HistoryEventType.TaskFailed, details)
