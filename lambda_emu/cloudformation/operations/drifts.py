"""Drift: whether what there is of a stack is what its template says. Looked at when the request comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.drift.detecting import detect
from lambda_emu.cloudformation.errors import CannotDetectDrift, Invalid, NoSuchDetection, NoSuchStack
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.planning import planned_again
from lambda_emu.cloudformation.records import Gone, change, find
from lambda_emu.model.stacks import SERVED, Drift, DriftCheck, DriftDetection, StackRecord
from lambda_emu.model.timestamps import millisecond
from lambda_emu.templates.deploying.records import resources_of

MOST_DETECTIONS = 10
"""Of one stack whose ids are known."""
CHECKABLE = (
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
)


def detect_stack_drift(asked: StackRequest) -> Result:
    record, clock = _checkable(asked), asked.context.clock
    found = _detected(asked, record, asked.get("LogicalResourceIds"))
    id, now_s = clock.new_id(), clock.now_s()

    def checked(now: StackRecord) -> StackRecord:
        check = DriftCheck(id, now_s, _with_others(now, found))
        one = DriftDetection(id, now_s, check.status, check.drifted)
        return replace(now, drift=check, detections=(*now.detections, one)[-MOST_DETECTIONS:])

    _keep(asked.context, record, checked)
    return {"StackDriftDetectionId": id}


def detect_stack_resource_drift(asked: StackRequest) -> Result:
    record, name = _checkable(asked), asked.members["LogicalResourceId"]
    found = _detected(asked, record, [name])
    new = DriftCheck(asked.context.clock.new_id(), asked.context.clock.now_s(), ())

    def checked(now: StackRecord) -> StackRecord:
        return replace(now, drift=replace(now.drift or new, found=_with_others(now, found)))

    _keep(asked.context, record, checked)
    return {"StackResourceDrift": _told(record, found[0])}


def describe_stack_drift_detection_status(asked: StackRequest) -> Result:
    context, id = asked.context, asked.members["StackDriftDetectionId"]
    for record in context.store.stacks.all(context.scope):
        for one in record.detections:
            if one.id == id:
                return {
                    "StackId": record.id,
                    "StackDriftDetectionId": id,
                    "StackDriftStatus": one.status,
                    "DetectionStatus": "DETECTION_COMPLETE",
                    "DriftedStackResourceCount": one.drifted,
                    "Timestamp": millisecond(one.at_s),
                }
    raise NoSuchDetection(id)


def describe_stack_resource_drifts(asked: StackRequest) -> Result:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    wanted = asked.get("StackResourceDriftStatusFilters")
    found = [one for one in (record.drift.found if record.drift else ()) if not wanted or one.status in wanted]
    size = asked.get("MaxResults") or 100
    return page(asked, "StackResourceDrifts", found, lambda one: _told(record, one), lambda one: one.logical_id, size)


def _checkable(asked: StackRequest) -> StackRecord:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.status not in CHECKABLE or record.origin == SERVED:
        raise CannotDetectDrift(record.id, record.status)
    return record


def _detected(asked: StackRequest, record: StackRecord, only: Collection[str] | None) -> list[Drift]:
    """only: logical ids; Invalid for one that is not there."""
    there = resources_of(record.name, asked.context)
    for name in only or ():
        if name not in there:
            raise Invalid(f"Resource {name} does not exist for stack {record.name}")
    stack = planned_again(record, asked.context, "DO_NOTHING").stack
    with asked.deployer.reaching(asked.context) as reach:
        return [*detect(stack, reach, only)]


def _keep(context: RequestContext, record: StackRecord, checked: Callable[[StackRecord], StackRecord]) -> None:
    """record: the stack that was looked at; what is found of one that was changed since says nothing of it."""

    def edit(now: StackRecord) -> StackRecord:
        if (now.status, now.updated_s) != (record.status, record.updated_s):
            raise CannotDetectDrift(now.id, now.status)
        return checked(now)

    try:
        change(context, record, edit)
    except Gone:
        raise NoSuchStack(record.name) from None


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
