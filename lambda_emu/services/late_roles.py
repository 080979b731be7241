"""Roles that IAM is told of when the services' process begins: most functions have one, and nobody asks about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from msgspec import to_builtins

from lambda_emu.arn import Scope
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.store import Store
from lambda_emu.store.transaction import Transaction

Tell = Callable[[Sequence[Any]], None]
"""Has the process make them, each as what JSON has."""


class LateRoles:
    """In the store until a process has made them. From any thread but the loop's, `has_any` from every thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = store.late_roles
        self._lock = Lock()  # guards the one below, and that none is kept while all are handed over
        self._is_late = True

    @property
    def has_any(self) -> bool:
        return next(self._table.everywhere(), None) is not None

    def keep(self, scope: Scope, role: LateRole) -> bool:
        """False: it is not kept, since there is a process to be asked, or one of this name in the account."""
        with self._lock:
            if not self._is_late or any(at.account == scope.account for at in self._table.scopes_of(role.name)):
                return False
            self._store.write(lambda transaction: transaction.put(self._table, scope, role.name, role))
            return True

    def hand_over(self, tell: Tell) -> None:
        """What is kept is made, and nothing is kept from now on."""
        with self._lock:
            self._is_late = False
            roles = [*self._table.everywhere()]
            if not roles:
                return
            tell([{**to_builtins(role), "account": scope.account} for scope, role in roles])

            def forget(transaction: Transaction) -> None:
                for scope, role in roles:
                    if transaction.get(self._table, scope, role.name) == role:
                        transaction.put(self._table, scope, role.name, None)

            self._store.write(forget)

    def begin_anew(self) -> None:
        """The process is gone, and all that it knew."""
        with self._lock:
            self._is_late = True
