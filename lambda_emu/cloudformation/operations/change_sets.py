"""Change sets: what would become of a stack, looked at before it is done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.deploying import INITIATED
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
    WithinChangeSet,
)
from lambda_emu.cloudformation.history import History
from lambda_emu.cloudformation.looking_within import NO_CHANGES, LookingWithin
from lambda_emu.cloudformation.operations.describing import page
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.operations.stacks import begin, check_changeable, check_terminal, is_same
from lambda_emu.cloudformation.planning import NAME, failure_of, new_record, plan, planned_again
from lambda_emu.cloudformation.policies import policy_of
from lambda_emu.cloudformation.records import (
    Gone,
    change_sets_of,
    find,
    find_change_set,
    forget_change_set,
    look,
    put,
    within,
)
from lambda_emu.model.stacks import AVAILABLE, DELETED, EXECUTED, OBSOLETE, REVIEWED, ChangeSet, StackRecord
from lambda_emu.model.timestamps import millisecond
from lambda_emu.store.transaction import Transaction
from lambda_emu.templates.deploying.prepared import Prepared, PreparedWithin

MOST_CHANGE_SETS = 1_000
"""Of a stack."""


def create_change_set(asked: StackRequest) -> Result:
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
    change_set, within, new = _looked_through(asked, record, kind)
    change_set = _keep(context, change_set, record, within, new)
    return {"Id": change_set.id, "StackId": change_set.wanted.id}


def _of_new(asked: StackRequest) -> StackRecord:
    """The stack that it is to make."""
    context, members = asked.context, asked.members
    record = look(context, members["StackName"])
    if record is None or record.status == DELETED:
        return new_record(members, context, REVIEWED)
    if record.status != REVIEWED:
        raise StackExistsForChangeSet(record.name, members["ChangeSetName"])
    return record


def _of_old(asked: StackRequest) -> StackRecord:
    name = asked.members["StackName"]
    record = look(asked.context, name)
    if record is None or record.status == DELETED:
        raise StackMissing(name)
    check_changeable(record)
    return record


def _looked_through(
    asked: StackRequest, record: StackRecord, kind: str
) -> tuple[ChangeSet, Sequence[ChangeSet], Sequence[StackRecord]]:
    """With those of stacks within its stack, and those stacks that are not there yet.

    Of a template that is none the request is refused; what cannot be expanded is told by the change set.
    """
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
        looks_within=bool(members.get("IncludeNestedStacks")),
    )
    try:
        planned = plan(members, context, asked.deployer, record, looks_first=True)
    except TransformFailed as error:
        return replace(empty, reason=error.text), (), ()
    found = replace(empty, wanted=replace(planned.record, change_set=id))
    is_no_other = kind == "UPDATE" and is_same(planned.record, record)
    if is_no_other and not found.looks_within:
        return replace(found, reason=NO_CHANGES), (), ()
    with asked.deployer.reaching(context, planned.record.role) as reach:
        changes = changes_of(planned.stack, reach.context)
        within = LookingWithin(found, reach)
        if found.looks_within:
            found = within.look(planned.stack, found, changes)
        else:
            found = replace(found, status="CREATE_COMPLETE", execution=AVAILABLE, changes=changes)
    if is_no_other and found.status != "FAILED" and not found.changes:
        return replace(found, status="FAILED", execution="UNAVAILABLE", reason=NO_CHANGES), (), ()
    return found, within.found, within.new


def _keep(
    context: RequestContext,
    change_set: ChangeSet,
    record: StackRecord,
    within: Sequence[ChangeSet],
    new: Sequence[StackRecord],
) -> ChangeSet:
    """With the stack that it is to make. record: as it was when it was looked through. within, new: as looked through.

    Of a stack that somebody else has begun to review meanwhile it is one more; of one that was changed, OBSOLETE.
    StackExistsForChangeSet, ChangeSetExists.
    """
    store, scope = context.store, context.scope

    def work(transaction: Transaction) -> tuple[ChangeSet, bool]:
        found, kept = transaction.get(store.stacks, scope, record.name), change_set
        if found is None and change_set.kind == "UPDATE":
            raise StackMissing(record.name)
        if found is None:
            put(transaction, context, replace(record, reason=INITIATED))  # as the event below leaves it
        elif found.id != record.id and (within or found.status != REVIEWED):
            raise StackExistsForChangeSet(record.name, change_set.name)
        elif found.id != record.id:
            kept = replace(change_set, wanted=replace(change_set.wanted, id=found.id, created_s=found.created_s))
        elif found != record and change_set.execution == AVAILABLE:
            kept = replace(change_set, execution=OBSOLETE)
        same = [one for one in transaction.all(store.change_sets, scope) if one.wanted.id == kept.wanted.id]
        if any(one.name == kept.name for one in same):
            raise ChangeSetExists(kept.name, "Template")
        for one in (kept, *within):
            execution = kept.execution if one.execution == AVAILABLE else one.execution
            transaction.put(store.change_sets, scope, one.key, replace(one, execution=execution))
        for stack in new:
            put(transaction, context, replace(stack, reason=INITIATED))
        return kept, found is None

    kept, is_first = store.write(work)
    for stack in (*([record] if is_first else []), *new):
        with suppress(Gone):
            History(context, stack).stack(REVIEWED, INITIATED)
    return kept


def execute_change_set(asked: StackRequest) -> Result:
    context, members = asked.context, asked.members
    change_set = find_change_set(context, members["ChangeSetName"], members.get("StackName"))
    before = find(context, change_set.wanted.id, deleted=False)
    token = members.get("ClientRequestToken")
    if token is not None and (before.change_set, before.token) == (change_set.id, token):
        return {}
    if change_set.root is not None:
        raise WithinChangeSet(change_set.id, change_set.root, "executed")
    _check_ready(change_set)
    is_new = before.status == REVIEWED
    failure = "DO_NOTHING" if members.get("DisableRollback") else change_set.failure or "ROLLBACK"
    if not is_new:
        check_changeable(before)
        check_terminal(before, failure)
    now_s = context.clock.now_s()
    record = replace(
        change_set.wanted,
        status="CREATE_IN_PROGRESS" if is_new else "UPDATE_IN_PROGRESS",
        outputs=before.outputs,
        created_s=before.created_s,
        updated_s=now_s,
        is_protected=before.is_protected,
        policy=before.policy,
        before=None if is_new else before.stable,
        drift=None,
        keeps_failed=failure == "DO_NOTHING",
        token=token,
    )
    planned = planned_again(record, context, failure)
    planned = replace(planned, retains=not members.get("RetainExceptOnCreate"), prepared=_prepared(context, change_set))
    asked.deployer.check_room()
    begin(context, record, before, lambda one: _executed(one) if one.id == change_set.id else None)
    if is_new:
        asked.deployer.create(planned, context)
    else:
        asked.deployer.update(replace(planned, policy=policy_of(before, {}, context)), context, before)
    return {}


def _prepared(context: RequestContext, change_set: ChangeSet) -> PreparedWithin:
    """The stacks within its stack, as they were looked at."""
    return {
        one.path: Prepared(one.wanted.name, one.wanted.id, one.id, one.wanted.template)
        for one in within(context, change_set)
    }


def _check_ready(change_set: ChangeSet) -> None:
    """ChangeSetNotReady."""
    if change_set.execution != AVAILABLE:
        raise ChangeSetNotReady(change_set.id, change_set.status, change_set.execution)


def _executed(change_set: ChangeSet) -> ChangeSet:
    """ChangeSetNotReady, where somebody else was quicker."""
    _check_ready(change_set)
    return replace(change_set, execution=EXECUTED)


def delete_change_set(asked: StackRequest) -> Result:
    """One that is not there is deleted already."""
    context, members = asked.context, asked.members
    name, stack = members["ChangeSetName"], members.get("StackName")
    try:
        change_set = find_change_set(context, name, stack)
    except NoSuchChangeSet:
        return {}
    if change_set.root is not None:
        raise WithinChangeSet(change_set.id, change_set.root, "deleted")
    forget_change_set(context, change_set)
    return {}


def describe_change_set(asked: StackRequest) -> Result:
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
        "Parameters": [each.told for each in wanted.parameters],
        "CreationTime": millisecond(one.created_s),
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "StatusReason": one.reason,
        "NotificationARNs": wanted.topics,
        "RollbackConfiguration": {},
        "Capabilities": wanted.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
        "IncludeNestedStacks": one.looks_within,
        "ParentChangeSetId": one.parent,
        "RootChangeSetId": one.root,
        "OnStackFailure": None if one.failure == "ROLLBACK" else one.failure,
        **changes,
    }


def _name_of(change: Mapping[str, Any]) -> str:
    return str(change["ResourceChange"]["LogicalResourceId"])


def list_change_sets(asked: StackRequest) -> Result:
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
        "IncludeNestedStacks": one.looks_within,
        "ParentChangeSetId": one.parent,
        "RootChangeSetId": one.root,
    }
