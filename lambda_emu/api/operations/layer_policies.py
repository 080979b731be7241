"""The resource policy of a layer version: which accounts may use it. docs/contract/api.md#policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import own_layer
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import LayerId
from lambda_emu.model.layers.layer import Layer, LayerVersion
from lambda_emu.model.policies.policy import Policy, add_statement, check_new, check_revision, compact, remove_statement
from lambda_emu.model.policies.refusals import LayerVersionNotFound, NoPolicy
from lambda_emu.model.policies.statements import statement_of
from lambda_emu.store.transaction import Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        AddLayerVersionPermissionRequestTypeDef,
        GetLayerVersionPolicyRequestTypeDef,
        RemoveLayerVersionPermissionRequestTypeDef,
    )

SHOWN_BY = "GetLayerPolicy"  # as AWS's texts call GetLayerVersionPolicy


@operation("AddLayerVersionPermission")
def add_layer_version_permission(req: AddLayerVersionPermissionRequestTypeDef, context: RequestContext) -> Result:
    number = req["VersionNumber"]
    id = own_layer(context, req["LayerName"], "lambda:AddLayerVersionPermission", number)
    revision_id = context.clock.new_id()

    def edit(policy: Policy | None) -> Policy:
        check_revision(req.get("RevisionId"), None if policy is None else policy.revision_id, SHOWN_BY)
        check_new(policy, req["StatementId"])
        return add_statement(policy, statement_of(req, id.arn(number)), revision_id)

    policy = _change(context, id, number, edit)
    assert policy is not None
    return {"Statement": compact(policy.statements[-1]), "RevisionId": policy.revision_id}


@operation("GetLayerVersionPolicy")
def get_layer_version_policy(req: GetLayerVersionPolicyRequestTypeDef, context: RequestContext) -> Result:
    number = req["VersionNumber"]
    id = own_layer(context, req["LayerName"], "lambda:GetLayerVersionPolicy", number)
    policy = _version(context.store.layers.get(id.scope, id.name), id, number).policy
    if policy is None:
        raise NoPolicy
    return {"Policy": policy.document, "RevisionId": policy.revision_id}


@operation("RemoveLayerVersionPermission")
def remove_layer_version_permission(req: RemoveLayerVersionPermissionRequestTypeDef, context: RequestContext) -> Result:
    number = req["VersionNumber"]
    id = own_layer(context, req["LayerName"], "lambda:RemoveLayerVersionPermission", number)
    revision_id = context.clock.new_id()

    def edit(policy: Policy | None) -> Policy | None:
        if policy is not None:
            check_revision(req.get("RevisionId"), policy.revision_id, SHOWN_BY)
        return remove_statement(policy, req["StatementId"], revision_id)

    _change(context, id, number, edit)
    return {}


def _version(layer: Layer | None, id: LayerId, number: int) -> LayerVersion:
    version = layer.versions.get(number) if layer is not None else None
    if version is None:
        raise LayerVersionNotFound(id.arn(number))
    return version


def _change(
    context: RequestContext, id: LayerId, number: int, edit: Callable[[Policy | None], Policy | None]
) -> Policy | None:
    """Make the version's policy what `edit` makes of it, None being none."""
    layers = context.store.layers

    def work(transaction: Transaction) -> Policy | None:
        layer = transaction.get(layers, id.scope, id.name)
        version = _version(layer, id, number)
        assert layer is not None
        policy = edit(version.policy)
        versions = {**layer.versions, number: replace(version, policy=policy)}
        transaction.put(layers, id.scope, id.name, replace(layer, versions=versions))
        return policy

    return context.store.write(work)
