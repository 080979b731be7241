"""Change sets: what would become of a stack, looked at before it is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.differences import changes_of
from lambda_emu.cloudformation.errors import (
    ChangeSetExists,
    ChangeSetNotReady,
    Invalid,
    InvalidName,
    NoSuchChangeSet,
    StackExistsForChangeSet,
    StackMissing,
    TransformFailed,
)
from lambda_emu.cloudformation.history import History
from lambda_emu.cloudformation.operations.asked import Asked, Result
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.cloudformation.operations.stacks import begin, check_changeable, is_same
from lambda_emu.cloudformation.planning import NAME, failure_of, new_record, plan, planned_again
from lambda_emu.cloudformation.records import (
    change_sets_of,
    find,
    find_change_set,
    forget_change_set,
    forget_change_sets,
    look,
    put,
    put_change_set,
)
from lambda_emu.model.stacks import DELETED, REVIEWED, ChangeSet, StackRecord
from lambda_emu.model.timestamps import millisecond

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
MOST_CHANGE_SETS = 1_000
"""Of a stack."""


def create_change_set(asked: Asked) -> Result:
    context, members = asked.context, asked.members
    name = members["ChangeSetName"]
    if not re.fullmatch(NAME, name):
        raise InvalidName(name, "changeSetName", NAME)
    kind = members.get("ChangeSetType", "UPDATE")
    if kind not in ("CREATE", "UPDATE"):
        raise Invalid(f"Change sets of type {kind} are not served by lambda-emu")
    record = _of_new(asked) if kind == "CREATE" else _of_old(asked)
    there = next((one for one in change_sets_of(context, record.id) if one.name == name), None)
    if there is not None and there.token != members.get("ClientToken"):
        raise ChangeSetExists(name, "Template")
    if there is not None:
        return {"Id": there.id, "StackId": record.id}
    if len(change_sets_of(context, record.id)) >= MOST_CHANGE_SETS:
        raise Invalid(f"A stack has at most {MOST_CHANGE_SETS} change sets")
    change_set = _looked_through(asked, record, kind)
    if look(context, record.name) is None:
        _begin_review(context, record)
    put_change_set(context, change_set)
    return {"Id": change_set.id, "StackId": record.id}


def _of_new(asked: Asked) -> StackRecord:
    """The stack that it is to make."""
    context, members = asked.context, asked.members
    record = look(context, members["StackName"])
    if record is None or record.status == DELETED:
        return new_record(members, context, REVIEWED)
    if record.status != REVIEWED:
        raise StackExistsForChangeSet(record.name, members["ChangeSetName"])
    return record


def _of_old(asked: Asked) -> StackRecord:
    name = asked.members["StackName"]
    record = look(asked.context, name)
    if record is None or record.status == DELETED:
        raise StackMissing(name)
    check_changeable(record)
    return record


def _looked_through(asked: Asked, record: StackRecord, kind: str) -> ChangeSet:
    """Of a template that is none the request is refused; what cannot be expanded is told by the change set."""
    context, members = asked.context, asked.members
    id = context.scope.arn(f"changeSet/{members['ChangeSetName']}/{context.clock.new_id()}", "cloudformation")
    empty = ChangeSet(
        id,
        members["ChangeSetName"],
        kind,
        "FAILED",
        "UNAVAILABLE",
        context.clock.now_s(),
        record,
        description=members.get("Description"),
        token=members.get("ClientToken"),
        failure=failure_of(members),
    )
    try:
        planned = plan(members, context, asked.deployer, record, looks_first=True)
    except TransformFailed as error:
        return replace(empty, reason=error.text)
    found = replace(empty, wanted=replace(planned.record, change_set=id))
    if kind == "UPDATE" and is_same(planned.record, record):
        return replace(found, reason=NO_CHANGES)
    changes = changes_of(planned.stack, context)
    return replace(found, status="CREATE_COMPLETE", execution="AVAILABLE", changes=changes)


def _begin_review(context: RequestContext, record: StackRecord) -> None:
    context.store.write(lambda transaction: put(transaction, context, record))
    History(context, record).stack(REVIEWED, "User Initiated")


def execute_change_set(asked: Asked) -> Result:
    context, members = asked.context, asked.members
    change_set = find_change_set(context, members["ChangeSetName"], members.get("StackName"))
    if change_set.execution != "AVAILABLE":
        raise ChangeSetNotReady(change_set.id, change_set.status)
    before = find(context, change_set.wanted.id, deleted=False)
    is_new = before.status == REVIEWED
    if not is_new:
        check_changeable(before)
    failure = "DO_NOTHING" if members.get("DisableRollback") else change_set.failure or "ROLLBACK"
    now_s = context.clock.now_s()
    record = replace(
        change_set.wanted,
        status="CREATE_IN_PROGRESS" if is_new else "UPDATE_IN_PROGRESS",
        outputs=before.outputs,
        created_s=before.created_s,
        updated_s=now_s,
        is_protected=before.is_protected,
        policy=before.policy,
        keeps_failed=failure == "DO_NOTHING",
        token=members.get("ClientRequestToken"),
    )
    planned = planned_again(record, context, failure)
    asked.deployer.check_room()
    begin(context, record, before)
    put_change_set(context, replace(change_set, execution="EXECUTE_COMPLETE"))
    forget_change_sets(context, before, but=change_set.id)
    if is_new:
        asked.deployer.create(planned, context)
    else:
        asked.deployer.update(planned, context, before)
    return {}


def delete_change_set(asked: Asked) -> Result:
    """One that is not there is deleted already."""
    context, members = asked.context, asked.members
    name, stack = members["ChangeSetName"], members.get("StackName")
    try:
        forget_change_set(context, find_change_set(context, name, stack))
    except NoSuchChangeSet:
        return {}
    return {}


def describe_change_set(asked: Asked) -> Result:
    context, members = asked.context, asked.members
    one = find_change_set(context, members["ChangeSetName"], members.get("StackName"))
    wanted = one.wanted
    changes = page(asked, "Changes", one.changes, lambda change: change, _name_of)
    return {
        "ChangeSetName": one.name,
        "ChangeSetId": one.id,
        "StackId": wanted.id,
        "StackName": wanted.name,
        "Description": one.description,
        "Parameters": [{"ParameterKey": each.key, "ParameterValue": each.shown} for each in wanted.parameters],
        "CreationTime": millisecond(one.created_s),
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "StatusReason": one.reason,
        "NotificationARNs": wanted.topics,
        "RollbackConfiguration": {},
        "Capabilities": wanted.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
        "IncludeNestedStacks": False,
        "OnStackFailure": None if one.failure == "ROLLBACK" else one.failure,
        **changes,
    }


def _name_of(change: Mapping[str, Any]) -> str:
    return str(change["ResourceChange"]["LogicalResourceId"])


def list_change_sets(asked: Asked) -> Result:
    record = find(asked.context, asked.members["StackName"])
    found = change_sets_of(asked.context, record.id)
    return page(asked, "Summaries", found, _summary, lambda one: str(one.id))


def _summary(one: ChangeSet) -> Mapping[str, Any]:
    return {
        "StackId": one.wanted.id,
        "StackName": one.wanted.name,
        "ChangeSetId": one.id,
        "ChangeSetName": one.name,
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "StatusReason": one.reason,
        "CreationTime": millisecond(one.created_s),
        "Description": one.description,
        "IncludeNestedStacks": False,
    }
