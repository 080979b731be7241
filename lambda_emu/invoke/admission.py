"""How many invocations a function may have at once: its reserved number, or a share of what is left. Contract 2.3."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.function import Function
from lambda_emu.pool.choice import Admission


def admission(function: Function, unreserved: int) -> Admission:
    """The limit that this function's invocations count against. unreserved: see `unreserved_concurrency`."""
    if function.reserved_concurrency is not None:
        return Admission(function.reserved_concurrency, reserved=True)
    return Admission(unreserved, reserved=False)


def unreserved_concurrency(functions: Iterable[Function], account_concurrency: int) -> int:
    """What all functions without a reservation share."""
    return account_concurrency - sum(function.reserved_concurrency or 0 for function in functions)
