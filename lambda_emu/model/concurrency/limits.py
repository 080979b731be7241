"""How much of the account's concurrency functions take, reserved and provisioned.

docs/contract/quotas.md, docs/contract/api.md#concurrency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lambda_emu.arn import FunctionId
from lambda_emu.model.capacity.managed_instances import on_instances
from lambda_emu.model.capacity.refusals import NotOnInstances
from lambda_emu.model.concurrency.refusals import (
    AliasOfProvisionedVersion,
    AliasWithWeights,
    ProvisionedAboveReserved,
    ProvisionedAboveUnreserved,
    ProvisionedTooHigh,
    ReservedBelowProvisioned,
    ReservedConcurrencyTooHigh,
    UnpublishedVersion,
    VersionOfProvisionedAlias,
)
from lambda_emu.model.function.function import Function, FunctionState, FunctionVersion
from lambda_emu.model.function.tenancy import check_without_tenants
from lambda_emu.model.quotas import CONCURRENT_EXECUTIONS, MINIMUM_UNRESERVED


def set_aside(function: Function) -> int:
    """What others cannot use: its reserved concurrency, which holds the provisioned one, or that alone."""
    if function.reserved_concurrency is not None:
        return function.reserved_concurrency
    return provisioned_in_all(function)


def provisioned_in_all(function: Function, besides: str | None = None) -> int:
    """Of all its versions and aliases, but for one."""
    return sum(config.requested for qualifier, config in function.provisioned.items() if qualifier != besides)


def provisioned_versions(function: Function) -> Sequence[tuple[FunctionVersion, int]]:
    """The versions that environments are kept of, and how many.

    An alias's number is its version's; those that it sends a share to have none of it (not recorded).
    """
    counts: dict[int, int] = {}
    for qualifier, config in function.provisioned.items():
        version = function.version(qualifier)
        if version is not None and version.version.isdigit() and version.progress.state is FunctionState.ACTIVE:
            counts[int(version.version)] = counts.get(int(version.version), 0) + config.requested
    return [(function.versions[number], count) for number, count in sorted(counts.items())]


def check_reservation(id: FunctionId, wanted: int, functions: Iterable[Function]) -> None:
    """Whether this function may reserve so much. ReservedBelowProvisioned, ReservedConcurrencyTooHigh."""
    others = 0
    for function in functions:
        if function.id != id:
            others += set_aside(function)
        elif wanted < (provisioned := provisioned_in_all(function)):
            raise ReservedBelowProvisioned(wanted, provisioned)
    if CONCURRENT_EXECUTIONS - others - wanted < MINIMUM_UNRESERVED:
        raise ReservedConcurrencyTooHigh(MINIMUM_UNRESERVED)


def check_provisionable(function: Function, qualifier: str) -> None:
    """Whether this version or alias, which exists, may be provisioned.

    NotWithTenants, NotOnInstances, UnpublishedVersion, AliasWithWeights, AliasOfProvisionedVersion,
    VersionOfProvisionedAlias.
    """
    check_without_tenants(function.latest, "Provisioned concurrency")
    if on_instances(function.latest.other):
        raise NotOnInstances("Provisioned concurrency")
    alias = function.aliases.get(qualifier)
    if alias is None:
        pointing = [name for name, other in function.aliases.items() if other.function_version == qualifier]
        if any(name in function.provisioned for name in pointing):
            raise VersionOfProvisionedAlias
        return
    if alias.weights:
        raise AliasWithWeights
    if not alias.function_version.isdigit():
        raise UnpublishedVersion
    if alias.function_version in function.provisioned:
        raise AliasOfProvisionedVersion


def check_provision(function: Function, qualifier: str, wanted: int, functions: Iterable[Function]) -> None:
    """Whether so much is left for it. ProvisionedAboveReserved, ProvisionedAboveUnreserved, ProvisionedTooHigh."""
    in_all = provisioned_in_all(function, besides=qualifier) + wanted
    if function.reserved_concurrency is not None:
        if in_all > function.reserved_concurrency:
            raise ProvisionedAboveReserved
        return
    others = sum(set_aside(other) for other in functions if other.id != function.id)
    unreserved = CONCURRENT_EXECUTIONS - others - provisioned_in_all(function, besides=qualifier)
    if wanted > unreserved:
        raise ProvisionedAboveUnreserved(unreserved)
    if unreserved - wanted < MINIMUM_UNRESERVED:
        raise ProvisionedTooHigh(MINIMUM_UNRESERVED)
