"""Capacity providers of Lambda Managed Instances. docs/contract/api.md#capacity-providers.

They are kept and shown; no instance is ever started for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_account, check_role, get_record, locate_resource
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import FunctionId, ResourceArn, Scope, parse_resource_arn
from lambda_emu.model.capacity.capacity_provider import (
    DELETING,
    KIND,
    CapacityProvider,
    check_unused,
    new_provider,
    update_provider,
    versions_on,
)
from lambda_emu.model.capacity.managed_instances import CONFIG, INSTANCES
from lambda_emu.model.capacity.refusals import CapacityProviderExists, CapacityProviderNotFound
from lambda_emu.model.quotas import PAGE
from lambda_emu.model.timestamps import last_modified
from lambda_emu.store import Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateCapacityProviderRequestTypeDef,
        DeleteCapacityProviderRequestTypeDef,
        GetCapacityProviderRequestTypeDef,
        ListCapacityProvidersRequestTypeDef,
        ListFunctionVersionsByCapacityProviderRequestTypeDef,
        UpdateCapacityProviderRequestTypeDef,
    )


@operation("CreateCapacityProvider")
def create_capacity_provider(req: CreateCapacityProviderRequestTypeDef, context: RequestContext) -> Result:
    place = _place(context, req["CapacityProviderName"])
    check_role(context, req["PermissionsConfig"]["CapacityProviderOperatorRoleArn"])
    providers, now_s = context.store.capacity_providers, context.clock.now_s()
    provider = new_provider(place.name, req, now_s, last_modified(now_s))

    def create(transaction: Transaction) -> None:
        if transaction.get(providers, place.scope, place.name) is not None:
            raise CapacityProviderExists(str(place))
        transaction.put(providers, place.scope, place.name, provider)

    context.store.write(create)
    return {"CapacityProvider": _show(place.scope, provider, provider.state(now_s))}


@operation("GetCapacityProvider")
def get_capacity_provider(req: GetCapacityProviderRequestTypeDef, context: RequestContext) -> Result:
    place = _place(context, req["CapacityProviderName"])
    provider = _provider_at(place, context.store.capacity_providers.get)
    return {"CapacityProvider": _show(place.scope, provider, provider.state(context.clock.now_s()))}


@operation("UpdateCapacityProvider")
def update_capacity_provider(req: UpdateCapacityProviderRequestTypeDef, context: RequestContext) -> Result:
    place, now_s = _place(context, req["CapacityProviderName"]), context.clock.now_s()
    providers = context.store.capacity_providers

    def update(transaction: Transaction) -> CapacityProvider:
        before = _provider_at(place, partial(transaction.get, providers))
        after = update_provider(before, req, last_modified(now_s))
        transaction.put(providers, place.scope, place.name, after)
        return after

    provider = context.store.write(update)
    return {"CapacityProvider": _show(place.scope, provider, provider.state(now_s))}


@operation("DeleteCapacityProvider")
def delete_capacity_provider(req: DeleteCapacityProviderRequestTypeDef, context: RequestContext) -> Result:
    """It is Deleting in the answer, and gone by then: there are no instances to wait for."""
    place, providers = _place(context, req["CapacityProviderName"]), context.store.capacity_providers

    def delete(transaction: Transaction) -> CapacityProvider:
        provider = _provider_at(place, partial(transaction.get, providers))
        check_unused(transaction.all(context.store.functions, place.scope), str(place))
        transaction.put(providers, place.scope, place.name, None)
        return provider

    return {"CapacityProvider": _show(place.scope, context.store.write(delete), DELETING)}


@operation("ListCapacityProviders")
def list_capacity_providers(req: ListCapacityProvidersRequestTypeDef, context: RequestContext) -> Result:
    now_s, wanted = context.clock.now_s(), req.get("State")
    providers = context.store.capacity_providers.all(context.scope)
    matching = [provider for provider in providers if wanted in (None, provider.state(now_s))]
    size = req.get("MaxItems", PAGE)
    shown, marker = cut_page(matching, lambda provider: provider.name, req.get("Marker"), size)
    return {
        "CapacityProviders": [_show(context.scope, provider, provider.state(now_s)) for provider in shown],
        "NextMarker": marker,
    }


@operation("ListFunctionVersionsByCapacityProvider")
def list_function_versions_by_capacity_provider(
    req: ListFunctionVersionsByCapacityProviderRequestTypeDef, context: RequestContext
) -> Result:
    place = _place(context, req["CapacityProviderName"])
    _provider_at(place, context.store.capacity_providers.get)
    arns = {
        version.id.arn(version.version): version.progress.state.value
        for version in versions_on(context.store.functions.all(place.scope), str(place))
    }
    size = req.get("MaxItems", PAGE)
    shown, marker = cut_page(sorted(arns), str, req.get("Marker"), size)
    return {
        "CapacityProviderArn": str(place),
        "FunctionVersions": [{"FunctionArn": arn, "State": arns[arn]} for arn in shown],
        "NextMarker": marker,
    }


def provider_check(context: RequestContext, id: FunctionId, wanted: Mapping[str, Any]) -> Callable[[Transaction], None]:
    """What to ask when a function is created or updated: CapacityProviderNotFound, or AccessDenied to another's."""

    def check(transaction: Transaction) -> None:
        if CONFIG in wanted:
            arn = wanted[CONFIG][INSTANCES]["CapacityProviderArn"]
            check_account(arn, id.account)
            missing, place = CapacityProviderNotFound(arn), parse_resource_arn(arn)
            if arn != id.scope.arn(f"{KIND}:{place.name}"):
                raise missing
            get_record(partial(transaction.get, context.store.capacity_providers), place, missing)

    return check


def _place(context: RequestContext, name: str) -> ResourceArn:
    """Where a CapacityProviderName leads, which may be an ARN."""
    if name.startswith("arn:"):
        return locate_resource(context, name, CapacityProviderNotFound(name))
    return ResourceArn(context.scope, KIND, name)


def _provider_at(place: ResourceArn, get: Callable[[Scope, str], CapacityProvider | None]) -> CapacityProvider:
    return get_record(get, place, CapacityProviderNotFound(str(place)))


def _show(scope: Scope, provider: CapacityProvider, state: str) -> Result:
    return {
        "CapacityProviderArn": scope.arn(f"{KIND}:{provider.name}"),
        "State": state,
        **provider.settings,
        "LastModified": provider.last_modified,
    }
