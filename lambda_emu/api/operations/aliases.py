"""Aliases: create, read, list, update, delete. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import FunctionId
from lambda_emu.errors.resources import FunctionNotFound, RevisionMismatch
from lambda_emu.model import quotas
from lambda_emu.model.changes.publishing import without_qualifier
from lambda_emu.model.function.aliases import AliasExists, AliasNotFound, AliasToUpdateNotFound, check_target, weights
from lambda_emu.model.function.function import Alias, Function

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateAliasRequestTypeDef,
        DeleteAliasRequestTypeDef,
        GetAliasRequestTypeDef,
        ListAliasesRequestTypeDef,
        UpdateAliasRequestTypeDef,
    )


@operation("CreateAlias")
def create_alias(req: CreateAliasRequestTypeDef, context: RequestContext) -> Result:
    id, name, version = context.target(req["FunctionName"]).id, req["Name"], req["FunctionVersion"]
    revision_id = context.clock.new_id()

    def edit(function: Function) -> Function:
        check_target(function, version)
        if name in function.aliases:
            raise AliasExists(id.arn(name))
        shares = weights(function, version, req.get("RoutingConfig", {}))
        return _with(function, Alias(name, version, revision_id, req.get("Description", ""), shares))

    after = update_function(context, id, edit, FunctionNotFound(id.arn(version)))
    return _show(id, after.aliases[name])


@operation("GetAlias")
def get_alias(req: GetAliasRequestTypeDef, context: RequestContext) -> Result:
    id = context.target(req["FunctionName"]).id
    missing = AliasNotFound(id.arn(req["Name"]))
    alias = look_up_function(context, id, missing).aliases.get(req["Name"])
    if alias is None:
        raise missing
    return _show(id, alias)


@operation("ListAliases")
def list_aliases(req: ListAliasesRequestTypeDef, context: RequestContext) -> Result:
    """By name. FunctionVersion: only those that may run this version."""
    id = context.target(req["FunctionName"]).id
    function = look_up_function(context, id)
    version = req.get("FunctionVersion")
    aliases = [function.aliases[name] for name in sorted(function.aliases)]
    wanted = [alias for alias in aliases if version is None or alias.points_to(version)]
    size = min(req.get("MaxItems", quotas.FUNCTIONS_PER_PAGE), quotas.FUNCTIONS_PER_PAGE)
    shown, marker = cut_page(wanted, lambda alias: alias.name, req.get("Marker"), size)
    return {"Aliases": [_show(id, alias) for alias in shown], "NextMarker": marker}


@operation("UpdateAlias")
def update_alias(req: UpdateAliasRequestTypeDef, context: RequestContext) -> Result:
    """What is not sent stays; the revision is new all the same."""
    id, name = context.target(req["FunctionName"]).id, req["Name"]
    missing = AliasToUpdateNotFound(id.arn(name))
    revision_id = context.clock.new_id()

    def edit(function: Function) -> Function:
        before = function.aliases.get(name)
        if before is None:
            raise missing
        if req.get("RevisionId", before.revision_id) != before.revision_id:
            raise RevisionMismatch
        version = req.get("FunctionVersion", before.function_version)
        check_target(function, version)
        routing = req.get("RoutingConfig", {"AdditionalVersionWeights": before.weights})
        return _with(
            function,
            replace(
                before,
                function_version=version,
                description=req.get("Description", before.description),
                weights=weights(function, version, routing),
                revision_id=revision_id,
            ),
        )

    return _show(id, update_function(context, id, edit, missing).aliases[name])


@operation("DeleteAlias")
def delete_alias(req: DeleteAliasRequestTypeDef, context: RequestContext) -> Result:
    """A missing alias is deleted too, as far as the caller can tell."""
    id, name = context.target(req["FunctionName"]).id, req["Name"]

    def edit(function: Function) -> Function:
        if name not in function.aliases:
            return function
        kept = {other: alias for other, alias in function.aliases.items() if other != name}
        return without_qualifier(replace(function, aliases=MappingProxyType(kept)), name)

    update_function(context, id, edit)
    return {}


def _with(function: Function, alias: Alias) -> Function:
    return replace(function, aliases=MappingProxyType({**function.aliases, alias.name: alias}))


def _show(id: FunctionId, alias: Alias) -> Result:
    return {
        "AliasArn": id.arn(alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.function_version,
        "Description": alias.description,
        "RoutingConfig": {"AdditionalVersionWeights": dict(alias.weights)} if alias.weights else None,
        "RevisionId": alias.revision_id,
    }
