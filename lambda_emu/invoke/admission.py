"""How many invocations a function may have at once: its reserved number, or a share of what is left. Contract 2.3."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.concurrency import provisioned_in_all, provisioned_versions, set_aside
from lambda_emu.model.function import Function, FunctionVersion
from lambda_emu.pool.choice import Admission


def admission(function: Function, version: FunctionVersion, unreserved: int) -> Admission:
    """The limits that this version's invocations count against. unreserved: see `unreserved_concurrency`.

    What of a reservation is provisioned is for the versions that have it alone.
    """
    deployment_id = version.deployment_id
    own = sum(count for found, count in provisioned_versions(function) if found.deployment_id == deployment_id)
    if function.reserved_concurrency is not None:
        return Admission(function.reserved_concurrency - provisioned_in_all(function), reserved=True, provisioned=own)
    return Admission(unreserved, reserved=False, provisioned=own)


def unreserved_concurrency(functions: Iterable[Function], account_concurrency: int) -> int:
    """What all functions share, beyond what is set aside for some."""
    return account_concurrency - sum(set_aside(function) for function in functions)
