"""Stacks that were being worked on when the server ended are not worked on any more. Light, as each start asks."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.model.stacks import StackEvent, StackRecord
from lambda_emu.store import Store
from lambda_emu.store.transaction import Transaction

REASON = "lambda-emu ended while this stack was worked on"
ENDS = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
}
"""How each is told of after that: as what can be changed again, or deleted."""


def tell_interrupted(store: Store, now_s: float) -> None:
    """Before anybody can ask for a stack; its events tell it too. Not on the loop."""
    busy = [(scope, one) for scope, one in store.stacks.everywhere() if one.is_busy]
    if busy:
        store.write(lambda transaction: _tell(transaction, store, busy, now_s))


def _tell(transaction: Transaction, store: Store, busy: list[tuple[Scope, StackRecord]], now_s: float) -> None:
    for scope, one in busy:
        after = as_failed(one, REASON)
        transaction.put(store.stacks, scope, one.key, after)
        events = [event for event in store.stack_events.all(scope) if event.stack_id == one.id]
        for event in _ends(events, after, now_s):
            transaction.put(store.stack_events, scope, event.key, event)


def _ends(events: list[StackEvent], stack: StackRecord, now_s: float) -> Iterator[StackEvent]:
    """That what was begun has failed, and the stack with it, which is last."""
    events = sorted(events, key=lambda one: one.number)
    last = {one.logical_id: one for one in events}
    own = last.pop(stack.name, None)
    begun = [one for one in last.values() if one.status.endswith("_IN_PROGRESS")]
    for number, one in enumerate([*begun, *([own] if own else [])], events[-1].number + 1 if events else 0):
        status = stack.status if one is own else one.status.replace("_IN_PROGRESS", "_FAILED")
        id = f"{one.logical_id}-{status}-{now_s * 1000:.0f}"
        yield replace(one, number=number, id=id, at_s=now_s, status=status, reason=REASON, properties=None)


def as_failed(record: StackRecord, reason: str) -> StackRecord:
    return replace(record, status=ENDS.get(record.status, "UPDATE_FAILED"), reason=reason)
