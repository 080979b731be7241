"""What callers are told of an execution, and whether it may be redriven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program.machines.table import RUNNING, SUCCEEDED, Execution

REDRIVABLE_S = 14 * 24 * 3600
"""Since it was over."""
MOST_OPEN_S = 365 * 24 * 3600
"""Since it began."""
MOST_REDRIVABLE = 24_998
"""Events: there is room for that of the redrive, and for one more."""
LISTED = ("executionArn", "name", "status", "startDate", "stopDate", "redriveCount", "redriveDate")


def told(known: Execution) -> dict[str, Any]:
    """Of an execution, whatever asks."""
    said: dict[str, Any] = {"executionArn": known.arn, "name": known.name, "status": known.status}
    said |= {"stateMachineArn": known.machine, "startDate": known.begun_s, "stopDate": known.ended_s}
    said |= {"input": known.input, "inputDetails": {"included": True}, "output": known.output}
    if known.status == SUCCEEDED:
        said["outputDetails"] = {"included": True}
    return _present(said | {"error": known.error, "cause": known.cause, "traceHeader": known.trace})


def described(known: Execution, events: int, now_s: float) -> dict[str, Any]:
    """events: how many its history has."""
    why_not = why_not_redriven(known, events, now_s)
    status = {"redriveStatus": "REDRIVABLE" if why_not is None else "NOT_REDRIVABLE", "redriveStatusReason": why_not}
    return told(known) | _present(_of_kept(known) | status)


def listed(known: Execution) -> dict[str, Any]:
    said = {name: value for name, value in (told(known) | _of_kept(known)).items() if name in LISTED}
    return _present(said | _versions(known) | {"stateMachineArn": known.machine})


def why_not_redriven(known: Execution, events: int, now_s: float) -> str | None:
    """None: it may be. In AWS's words."""
    if known.ended_s is None or known.status in (RUNNING, SUCCEEDED):
        return f"Execution is {known.status} and cannot be redriven"
    if events > MOST_REDRIVABLE:
        return "Execution history event limit exceeded"
    if now_s - known.begun_s > MOST_OPEN_S:
        return "Execution has exceeded the max execution time"
    if now_s - known.ended_s > REDRIVABLE_S:
        return "Execution redrivable period exceeded"
    return None


def _of_kept(known: Execution) -> dict[str, Any]:
    return _versions(known) | {"redriveCount": known.redrives, "redriveDate": known.redriven_s}


def _versions(known: Execution) -> dict[str, Any]:
    return {"stateMachineVersionArn": known.version, "stateMachineAliasArn": known.alias}


def _present(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
