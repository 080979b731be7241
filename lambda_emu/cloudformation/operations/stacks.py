"""CreateStack, UpdateStack, DeleteStack, and what is set on a stack beside its template."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.differences import check_order
from lambda_emu.cloudformation.errors import (
    IsServed,
    NonTerminal,
    NotToRetain,
    NotYetFailed,
    NoUpdates,
    Protected,
    StackBusy,
    StackExists,
)
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.planning import failure_of, new_record, plan
from lambda_emu.cloudformation.policies import policy_of, policy_text
from lambda_emu.cloudformation.records import find, is_protected, look, put, put_change_set
from lambda_emu.model.stacks import AVAILABLE, DELETED, FAILED, OBSOLETE, SERVED, ChangeSet, StackRecord
from lambda_emu.store.transaction import Transaction
from lambda_emu.templates.deploying.records import resources_of
from lambda_emu.templates.deploying.removing import Leaves

CHANGEABLE = FAILED | {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}


def create_stack(asked: StackRequest) -> Result:
    context, members = asked.context, asked.members
    record = new_record(members, context, "CREATE_IN_PROGRESS")
    there = look(context, record.name)
    if there is not None:
        if there.token is not None and there.token == members.get("ClientRequestToken"):
            return {"StackId": there.id}
        raise StackExists(record.name)
    planned = plan(members, context, asked.deployer, record)
    check_order(planned.stack, context)
    asked.deployer.check_room()

    def work(transaction: Transaction) -> None:
        if transaction.get(context.store.stacks, context.scope, record.name) is not None:
            raise StackExists(record.name)
        put(transaction, context, planned.record)

    context.store.write(work)
    asked.deployer.create(planned, context)
    return {"StackId": record.id}


def update_stack(asked: StackRequest) -> Result:
    context, members = asked.context, asked.members
    before = find(context, members["StackName"], deleted=False)
    if before.token is not None and before.token == members.get("ClientRequestToken"):
        return {"StackId": before.id}
    check_changeable(before)
    check_terminal(before, failure_of(members))
    planned = plan(members, context, asked.deployer, before)
    policy, kept = policy_of(before, members, context), policy_text(members, context) or before.policy
    if is_same(planned.record, before):
        raise NoUpdates
    check_order(planned.stack, context)
    now_s = context.clock.now_s()
    record = replace(
        planned.record, status="UPDATE_IN_PROGRESS", updated_s=now_s, policy=kept, before=before.stable, drift=None
    )
    asked.deployer.check_room()
    begin(context, record, before, obsolete)
    asked.deployer.update(replace(planned, record=record, policy=policy), context, before)
    return {"StackId": before.id}


def is_same(wanted: StackRecord, before: StackRecord) -> bool:
    """Whether nothing is to be done. One that could not be changed last time is tried again."""
    if not before.status.endswith("_COMPLETE"):
        return False
    return (*_beside(wanted), json.loads(wanted.body)) == (*_beside(before), json.loads(before.body or "{}"))


def _beside(record: StackRecord) -> tuple[Any, ...]:
    return (tuple(record.parameters), record.tags, tuple(record.topics), record.role)


def check_changeable(record: StackRecord) -> None:
    """IsServed, StackBusy."""
    if record.origin == SERVED:
        raise IsServed(record.name)
    if record.status not in CHANGEABLE:
        raise StackBusy(record.id, record.status)


def check_terminal(record: StackRecord, failure: str) -> None:
    """A change that would be rolled back begins where all is as its template says. NonTerminal.

    failure: what becomes of what fails.
    """
    if record.status in FAILED and failure != "DO_NOTHING":
        raise NonTerminal(record.status)


def begin(
    context: RequestContext,
    record: StackRecord,
    before: StackRecord,
    becomes: Callable[[ChangeSet], ChangeSet | None],
) -> None:
    """Have it be so from now on, unless somebody else was quicker. StackBusy.

    becomes: of each of its change sets; None: it goes. What it raises keeps all as it is.
    """
    table, scope = context.store.change_sets, context.scope

    def work(transaction: Transaction) -> None:
        found = transaction.get(context.store.stacks, scope, before.name)
        if found is None or found.id != before.id or found.is_busy:
            raise StackBusy(before.id, "UPDATE_IN_PROGRESS" if found is None else found.status)
        for one in [one for one in transaction.all(table, scope) if one.wanted.id == before.id]:
            put_change_set(transaction, context, one, becomes(one))
        put(transaction, context, record)

    context.store.write(work)


def obsolete(change_set: ChangeSet) -> ChangeSet:
    """What was looked up of a stack that is another by now."""
    return replace(change_set, execution=OBSOLETE) if change_set.execution == AVAILABLE else change_set


def delete_stack(asked: StackRequest) -> Result:
    """One that is not there is deleted already."""
    context = asked.context
    record = look(context, asked.members["StackName"])
    if record is None or record.status in (DELETED, "DELETE_IN_PROGRESS"):
        return {}
    if record.origin == SERVED:
        raise IsServed(record.name)
    if is_protected(context, record):
        raise Protected(record.name)
    leaves = Leaves(_retained(asked, record), _is_forced(asked, record))
    record = _not_being_made(asked, record)
    if record.status == DELETED:
        return {}
    if record.is_busy:
        raise StackBusy(record.id, record.status, "deleted")
    asked.deployer.check_room()
    record = replace(record, role=asked.get("RoleARN", record.role))
    begin(context, replace(record, status="DELETE_IN_PROGRESS"), record, lambda _: None)
    asked.deployer.delete(record, context, asked.get("ClientRequestToken"), leaves)
    return {}


def _not_being_made(asked: StackRequest, record: StackRecord) -> StackRecord:
    """The same, as it is once its creation is undone, where that goes on. CloudFormation deletes right away."""
    if record.status != "CREATE_IN_PROGRESS":
        return record
    asked.deployer.end_creation(record)
    return look(asked.context, record.id) or record


def _retained(asked: StackRequest, record: StackRecord) -> frozenset[str]:
    """The logical ids of what is to stay. CloudFormationError."""
    wanted = frozenset(asked.get("RetainResources") or ())
    if wanted and record.status != "DELETE_FAILED":
        raise NotYetFailed(record.id, "When you delete a stack, specify which resources to retain")
    if not wanted <= resources_of(record.name, asked.context).keys():
        raise NotToRetain
    return wanted


def _is_forced(asked: StackRequest, record: StackRecord) -> bool:
    """Whether what cannot be removed stays without a word. NotYetFailed."""
    is_forced = bool(asked.get("DeletionMode") == "FORCE_DELETE_STACK")
    if is_forced and record.status != "DELETE_FAILED":
        what = "You can activate DeletionMode FORCE_DELETE_STACK in a delete stack operation"
        raise NotYetFailed(record.id, what)
    return is_forced
