"""Provisioned concurrency of versions and aliases: put, read, list, delete. docs/contract/api.md#concurrency."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_qualifier, key_of, look_up_function, qualifier_missing, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import LATEST, Target
from lambda_emu.model import quotas
from lambda_emu.model.concurrency.limits import check_provision, check_provisionable
from lambda_emu.model.concurrency.provisioned import NOTHING_READY, ProvisionedStatus, Readiness
from lambda_emu.model.concurrency.refusals import NeitherAliasNorVersion, ProvisionedConfigNotFound, UnpublishedVersion
from lambda_emu.model.function.function import Function, Provisioned
from lambda_emu.model.timestamps import last_modified

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        DeleteProvisionedConcurrencyConfigRequestTypeDef,
        GetProvisionedConcurrencyConfigRequestTypeDef,
        ListProvisionedConcurrencyConfigsRequestTypeDef,
        PutProvisionedConcurrencyConfigRequestTypeDef,
    )


@operation("PutProvisionedConcurrencyConfig")
def put_provisioned_concurrency_config(
    req: PutProvisionedConcurrencyConfigRequestTypeDef, context: RequestContext
) -> Result:
    """The answer shows a beginning, also where environments are there already."""
    target = context.target(req["FunctionName"], req["Qualifier"])
    if target.qualifier == LATEST:
        raise UnpublishedVersion
    qualifier, wanted = key_of(target), req["ProvisionedConcurrentExecutions"]
    config = Provisioned(wanted, last_modified(context.clock.now_s()))

    def edit(function: Function, all_functions: Sequence[Function]) -> Function:
        check_qualifier(function, qualifier)
        check_provisionable(function, qualifier)
        check_provision(function, qualifier, wanted, all_functions)
        return _with(function, {**function.provisioned, qualifier: config})

    try:
        context.store.change_among(target.id, edit)
    except KeyError:
        raise qualifier_missing(target) from None
    return _show(config, NOTHING_READY)


@operation("GetProvisionedConcurrencyConfig")
def get_provisioned_concurrency_config(
    req: GetProvisionedConcurrencyConfigRequestTypeDef, context: RequestContext
) -> Result:
    target = _check_published(context.target(req["FunctionName"], req["Qualifier"]))
    function = look_up_function(context, target.id, qualifier_missing(target))
    check_qualifier(function, target.qualifier)
    config = function.provisioned.get(key_of(target))
    if config is None:
        raise ProvisionedConfigNotFound
    [readiness] = _readiness(context, function, [key_of(target)])
    return _show(config, readiness)


@operation("ListProvisionedConcurrencyConfigs")
def list_provisioned_concurrency_configs(
    req: ListProvisionedConcurrencyConfigsRequestTypeDef, context: RequestContext
) -> Result:
    """By qualifier. AWS's order is not recorded."""
    function = look_up_function(context, context.target(req["FunctionName"]).id)
    size = min(req.get("MaxItems", quotas.PAGE), quotas.PAGE)
    qualifiers, marker = cut_page(sorted(function.provisioned), str, req.get("Marker"), size)
    shown = zip(qualifiers, _readiness(context, function, qualifiers), strict=True)
    return {
        "ProvisionedConcurrencyConfigs": [
            {"FunctionArn": function.id.arn(qualifier), **_show(function.provisioned[qualifier], readiness)}
            for qualifier, readiness in shown
        ],
        "NextMarker": marker,
    }


@operation("DeleteProvisionedConcurrencyConfig")
def delete_provisioned_concurrency_config(
    req: DeleteProvisionedConcurrencyConfigRequestTypeDef, context: RequestContext
) -> Result:
    """One that is absent is deleted too, as far as the caller can tell."""
    target = _check_published(context.target(req["FunctionName"], req["Qualifier"]))

    def edit(function: Function) -> Function:
        check_qualifier(function, target.qualifier)
        kept = {other: config for other, config in function.provisioned.items() if other != target.qualifier}
        return _with(function, kept)

    update_function(context, target.id, edit, qualifier_missing(target))
    return {}


def _check_published(target: Target) -> Target:
    if target.qualifier == LATEST:
        raise NeitherAliasNorVersion
    return target


def _with(function: Function, provisioned: dict[str, Provisioned]) -> Function:
    return replace(function, provisioned=MappingProxyType(provisioned))


def _readiness(context: RequestContext, function: Function, qualifiers: Sequence[str]) -> Sequence[Readiness]:
    """What the pool has, for each of these configurations, which exist."""
    versions = [function.version(qualifier) for qualifier in qualifiers]
    return context.readiness([version.deployment_id if version is not None else "" for version in versions])


def _show(config: Provisioned, readiness: Readiness) -> Result:
    status = readiness.status(config.requested)
    available = min(readiness.ready, config.requested)
    return {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": available,
        "Status": status.value,
        "StatusReason": readiness.failure if status is ProvisionedStatus.FAILED else None,
        "LastModified": config.last_modified,
    }
