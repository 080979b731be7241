"""Drift: whether what there is of a stack is what its template says. Looked at when the request comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.cloudformation.drift.detecting import detect
from lambda_emu.cloudformation.errors import CannotDetectDrift, Invalid, NoSuchDetection
from lambda_emu.cloudformation.operations.asked import Asked, Result
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.cloudformation.planning import planned_again
from lambda_emu.cloudformation.records import change, find
from lambda_emu.model.stacks import SERVED, Drift, DriftCheck, StackRecord
from lambda_emu.model.timestamps import millisecond

CHECKABLE = (
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
)


def detect_stack_drift(asked: Asked) -> Result:
    record = _checkable(asked)
    context, only = asked.context, asked.get("LogicalResourceIds")
    found = _detected(asked, record, only)
    check = DriftCheck(context.clock.new_id(), context.clock.now_s(), _with_others(record, found))
    change(context, record, lambda now: replace(now, drift=check))
    return {"StackDriftDetectionId": check.id}


def detect_stack_resource_drift(asked: Asked) -> Result:
    record, name = _checkable(asked), asked.members["LogicalResourceId"]
    found = _detected(asked, record, [name])
    if not found:
        raise Invalid(f"Resource {name} does not exist for stack {record.name}")
    check = record.drift or DriftCheck(asked.context.clock.new_id(), asked.context.clock.now_s(), ())
    now = _with_others(record, found)
    change(asked.context, record, lambda one: replace(one, drift=replace(check, found=now)))
    return {"StackResourceDrift": _told(record, found[0])}


def describe_stack_drift_detection_status(asked: Asked) -> Result:
    context, id = asked.context, asked.members["StackDriftDetectionId"]
    for record in context.store.stacks.all(context.scope):
        check = record.drift
        if check is not None and check.id == id:
            return {
                "StackId": record.id,
                "StackDriftDetectionId": id,
                "StackDriftStatus": check.status,
                "DetectionStatus": "DETECTION_COMPLETE",
                "DriftedStackResourceCount": check.drifted,
                "Timestamp": millisecond(check.at_s),
            }
    raise NoSuchDetection(id)


def describe_stack_resource_drifts(asked: Asked) -> Result:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    wanted = asked.get("StackResourceDriftStatusFilters")
    found = [one for one in (record.drift.found if record.drift else ()) if not wanted or one.status in wanted]
    size = asked.get("MaxResults") or 100
    return page(asked, "StackResourceDrifts", found, lambda one: _told(record, one), lambda one: one.logical_id, size)


def _checkable(asked: Asked) -> StackRecord:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.status not in CHECKABLE or record.origin == SERVED:
        raise CannotDetectDrift(record.id, record.status)
    return record


def _detected(asked: Asked, record: StackRecord, only: Collection[str] | None) -> list[Drift]:
    stack = planned_again(record, asked.context, "DO_NOTHING").stack
    with asked.deployer.reaching(asked.context) as reach:
        return [*detect(stack, reach, only)]


def _with_others(record: StackRecord, found: Collection[Drift]) -> tuple[Drift, ...]:
    """Those that were looked at before and not now stay."""
    known = {one.logical_id: one for one in (record.drift.found if record.drift else ())}
    known |= {one.logical_id: one for one in found}
    return tuple(one for _, one in sorted(known.items()))


def _told(record: StackRecord, one: Drift) -> Mapping[str, Any]:
    return {
        "StackId": record.id,
        "LogicalResourceId": one.logical_id,
        "PhysicalResourceId": one.identifier,
        "ResourceType": one.kind,
        "ExpectedProperties": one.expected,
        "ActualProperties": one.actual,
        "PropertyDifferences": one.differences if one.status != "DELETED" else None,
        "StackResourceDriftStatus": one.status,
        "Timestamp": millisecond(one.at_s),
    }
