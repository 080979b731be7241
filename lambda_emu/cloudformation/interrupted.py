"""Stacks that were being worked on when the server ended are not worked on any more. Light, as each start asks."""

from __future__ import annotations

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.model.stacks import StackRecord
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


def tell_interrupted(store: Store) -> None:
    """Before anybody can ask for a stack. Not on the loop."""
    busy = [(scope, one) for scope, one in store.stacks.everywhere() if one.is_busy]
    if busy:
        store.write(lambda transaction: _tell(transaction, store, busy))


def _tell(transaction: Transaction, store: Store, busy: list[tuple[Scope, StackRecord]]) -> None:
    for scope, one in busy:
        transaction.put(store.stacks, scope, one.key, as_failed(one, REASON))


def as_failed(record: StackRecord, reason: str) -> StackRecord:
    return replace(record, status=ENDS.get(record.status, "UPDATE_FAILED"), reason=reason)
