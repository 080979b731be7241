"""Stacks as they are recorded: found by name or id, changed one after the other, and what happened to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import NoSuchChangeSet, NoSuchStack, TooManyStacks
from lambda_emu.model.stacks import AVAILABLE, DELETED, REVIEWED, ChangeSet, StackEvent, StackRecord
from lambda_emu.store.transaction import Transaction

MOST_STACKS = 2_000
"""CloudFormation's own limit."""
MOST_EVENTS = 2_000
"""Of one stack; older ones are forgotten."""
MOST_DELETED = 50
"""So many are still known by their id."""
_ID = re.compile(r"arn:[a-z-]+:cloudformation:[a-z0-9-]+:\d{12}:stack/([^/]+)/[^/]+")


class Gone(Exception):
    """Somebody forgot the stack, as a reset does."""


def find(context: RequestContext, name: str, *, deleted: bool = True) -> StackRecord:
    """By name or id; by id also one that is deleted. NoSuchStack."""
    found = look(context, name)
    if found is None or (found.status == DELETED and not deleted):
        raise NoSuchStack(name)
    return found


def look(context: RequestContext, name: str) -> StackRecord | None:
    table, scope = context.store.stacks, context.scope
    is_id = _ID.fullmatch(name)
    if is_id is None:
        return table.get(scope, name) if not name.startswith("arn:") else None
    alive = table.get(scope, is_id[1])
    return alive if alive is not None and alive.id == name else table.get(scope, name)


def is_protected(context: RequestContext, record: StackRecord) -> bool:
    """Whether it must not be deleted: of a stack within others, whether the outermost must not."""
    root = None if record.root is None else look(context, record.root)
    return (root or record).is_protected


def change(context: RequestContext, record: StackRecord, edit: Callable[[StackRecord], StackRecord]) -> StackRecord:
    """As one step. Gone."""
    table, scope = context.store.stacks, context.scope

    def work(transaction: Transaction) -> StackRecord:
        found = transaction.get(table, scope, record.name)
        if found is None or found.id != record.id:
            raise Gone(record.id)
        after = edit(found)
        put(transaction, context, after)
        return after

    return context.store.write(work)


def put(transaction: Transaction, context: RequestContext, record: StackRecord) -> None:
    """TooManyStacks."""
    table, scope = context.store.stacks, context.scope
    if record.status == DELETED:
        transaction.put(table, scope, record.name, None)
        _forget_oldest(transaction, context)
    elif transaction.get(table, scope, record.name) is None and len(transaction.all(table, scope)) >= MOST_STACKS:
        raise TooManyStacks(MOST_STACKS)
    transaction.put(table, scope, record.key, record)


def _forget_oldest(transaction: Transaction, context: RequestContext) -> None:
    """Of those that are deleted, with their events."""
    store, scope = context.store, context.scope
    deleted = [one for one in transaction.all(store.stacks, scope) if one.status == DELETED]
    deleted.sort(key=lambda one: one.deleted_s or 0)
    for old in deleted[: max(len(deleted) + 1 - MOST_DELETED, 0)]:
        transaction.put(store.stacks, scope, old.id, None)
        _forget_events(transaction, context, old.id)


def _forget_events(transaction: Transaction, context: RequestContext, stack_id: str) -> None:
    table, scope = context.store.stack_events, context.scope
    for event in [one for one in transaction.all(table, scope) if one.stack_id == stack_id]:
        transaction.put(table, scope, event.key, None)


def events_of(context: RequestContext, stack_id: str) -> Sequence[StackEvent]:
    """The newest first."""
    events = [one for one in context.store.stack_events.all(context.scope) if one.stack_id == stack_id]
    return events[::-1]


def put_event(transaction: Transaction, context: RequestContext, event: StackEvent) -> None:
    table, scope = context.store.stack_events, context.scope
    transaction.put(table, scope, event.key, event)
    old = f"{event.stack_id} {event.number - MOST_EVENTS:08d}"
    if event.number >= MOST_EVENTS and transaction.get(table, scope, old) is not None:
        transaction.put(table, scope, old, None)


# -- change sets


def change_sets_of(context: RequestContext, stack_id: str) -> list[ChangeSet]:
    found = [one for one in context.store.change_sets.all(context.scope) if one.wanted.id == stack_id]
    return sorted(found, key=lambda one: one.created_s)


def find_change_set(context: RequestContext, name: str, stack: str | None) -> ChangeSet:
    """By its ARN, or by its name and the stack's name or ARN. NoSuchChangeSet."""
    for one in context.store.change_sets.all(context.scope):
        if one.id == name or (one.name == name and stack in (one.wanted.name, one.wanted.id)):
            return one
    raise NoSuchChangeSet(name)


def within(context: RequestContext, change_set: ChangeSet) -> list[ChangeSet]:
    """Those of the stacks within its stack, however deep."""
    return [one for one in context.store.change_sets.all(context.scope) if one.root == change_set.id]


def put_change_set(
    transaction: Transaction, context: RequestContext, change_set: ChangeSet, after: ChangeSet | None
) -> None:
    """With those within it. after: None, it goes, and so do stacks that were never more than looked at in it."""
    table, scope = context.store.change_sets, context.scope
    transaction.put(table, scope, change_set.key, after)
    for one in [one for one in transaction.all(table, scope) if one.root == change_set.id]:
        if after is None:
            transaction.put(table, scope, one.key, None)
            _forget_reviewed(transaction, context, one.wanted)
        elif one.execution == AVAILABLE:
            transaction.put(table, scope, one.key, replace(one, execution=after.execution))


def _forget_reviewed(transaction: Transaction, context: RequestContext, record: StackRecord) -> None:
    store, scope = context.store, context.scope
    found = transaction.get(store.stacks, scope, record.name)
    if found is not None and found.id == record.id and found.status == REVIEWED:
        transaction.put(store.stacks, scope, record.name, None)
        _forget_events(transaction, context, found.id)


def forget_change_set(context: RequestContext, change_set: ChangeSet) -> None:
    context.store.write(lambda transaction: put_change_set(transaction, context, change_set, None))
