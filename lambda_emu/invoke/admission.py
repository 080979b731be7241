"""How many invocations a function may have at once: its reserved number, or a share of what is left. Contract 2.3."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.concurrency.limits import provisioned_in_all, set_aside
from lambda_emu.model.function.function import Function
from lambda_emu.pool.choice import Admission


def admission(function: Function, own: int, unreserved: int) -> Admission:
    """The limits that a version's invocations count against. unreserved: see `unreserved_concurrency`.

    own: what is provisioned for it. What of a reservation is provisioned is for the versions that have it alone.
    """
    if function.reserved_concurrency is not None:
        return Admission(function.reserved_concurrency - provisioned_in_all(function), reserved=True, provisioned=own)
    return Admission(unreserved, reserved=False, provisioned=own)


def unreserved_concurrency(functions: Iterable[Function], account_concurrency: int) -> int:
    """What all functions share, beyond what is set aside for some."""
    return account_concurrency - sum(set_aside(function) for function in functions)
