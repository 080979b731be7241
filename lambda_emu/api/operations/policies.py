"""Resource policies of functions, versions and aliases: each has its own. docs/contract/api.md#policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_qualifier, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import LATEST, Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import ResourceMissing
from lambda_emu.model.function.function import Function
from lambda_emu.model.policies.document import check_document
from lambda_emu.model.policies.policy import (
    Policy,
    add_statement,
    check_new,
    check_revision,
    compact,
    new_policy,
    remove_statement,
)
from lambda_emu.model.policies.refusals import NoPolicy, NoPolicyForLatest, NoPolicyFound
from lambda_emu.model.policies.statements import check_permission, statement_of

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        AddPermissionRequestTypeDef,
        DeleteResourcePolicyRequestTypeDef,
        GetPolicyRequestTypeDef,
        GetResourcePolicyRequestTypeDef,
        PutResourcePolicyRequestTypeDef,
        RemovePermissionRequestTypeDef,
    )

Edit = Callable[[Policy | None, Function], Policy | None]


@operation("AddPermission")
def add_permission(req: AddPermissionRequestTypeDef, context: RequestContext) -> Result:
    """The first permission may be conditional on the revision of the function, version or alias itself."""
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    _refuse_latest(target)
    check_permission(req)
    revision_id = context.clock.new_id()

    def edit(policy: Policy | None, function: Function) -> Policy:
        latest = _own_revision(function, target) if policy is None else policy.revision_id
        check_revision(req.get("RevisionId"), latest, "GetPolicy")
        check_new(policy, req["StatementId"])
        return add_statement(policy, statement_of(req, target.arn), revision_id)

    policy = _change(context, target, edit)
    assert policy is not None
    return {"Statement": compact(policy.statements[-1])}


@operation("GetPolicy")
def get_policy(req: GetPolicyRequestTypeDef, context: RequestContext) -> Result:
    return _show(context, context.target(req["FunctionName"], req.get("Qualifier")))


@operation("RemovePermission")
def remove_permission(req: RemovePermissionRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    revision_id = context.clock.new_id()

    def edit(policy: Policy | None, _: Function) -> Policy | None:
        if policy is not None:
            check_revision(req.get("RevisionId"), policy.revision_id, "GetPolicy")
        return remove_statement(policy, req["StatementId"], revision_id)

    _change(context, target, edit, NoPolicyFound(target.id.arn()))
    return {}


@operation("PutResourcePolicy")
def put_resource_policy(req: PutResourcePolicyRequestTypeDef, context: RequestContext) -> Result:
    """The text is kept as it came, until a permission is added to it or removed from it."""
    target = _resource(context, req["ResourceArn"])
    _refuse_latest(target)
    revision_id = context.clock.new_id()

    def edit(policy: Policy | None, _: Function) -> Policy:
        latest = None if policy is None else policy.revision_id
        check_revision(req.get("RevisionId"), latest, "GetResourcePolicy")
        check_document(req["Policy"], target.arn)
        return new_policy(req["Policy"], revision_id)

    _change(context, target, edit)
    return {"Policy": req["Policy"], "RevisionId": revision_id}


@operation("GetResourcePolicy")
def get_resource_policy(req: GetResourcePolicyRequestTypeDef, context: RequestContext) -> Result:
    return _show(context, _resource(context, req["ResourceArn"]))


@operation("DeleteResourcePolicy")
def delete_resource_policy(req: DeleteResourcePolicyRequestTypeDef, context: RequestContext) -> Result:
    def edit(policy: Policy | None, _: Function) -> None:
        if policy is None:
            raise NoPolicy
        check_revision(req.get("RevisionId"), policy.revision_id, "GetResourcePolicy")

    _change(context, _resource(context, req["ResourceArn"]), edit)
    return {}


def _resource(context: RequestContext, arn: str) -> Target:
    """What a ResourceArn means; of the runtimes that it might also name there are none."""
    if ":runtime/" in arn:
        raise ResourceMissing
    return context.target(arn)


def _refuse_latest(target: Target) -> None:
    if target.qualifier == LATEST:
        raise NoPolicyForLatest


def _show(context: RequestContext, target: Target) -> Result:
    function = context.store.function(target.id)
    policy = function.policies.get(_key(target)) if function else None
    if policy is None:
        raise ResourceMissing
    return {"Policy": policy.document, "RevisionId": policy.revision_id}


def _change(context: RequestContext, target: Target, edit: Edit, missing: LambdaError | None = None) -> Policy | None:
    """Make the target's policy what `edit` makes of it, None being none. missing: there is no such function."""

    def edit_function(function: Function) -> Function:
        check_qualifier(function, target.qualifier)
        policy = edit(function.policies.get(_key(target)), function)
        return replace(function, policies=_with(function.policies, _key(target), policy))

    return update_function(context, target.id, edit_function, missing).policies.get(_key(target))


def _with(policies: Mapping[str, Policy], key: str, policy: Policy | None) -> Mapping[str, Policy]:
    others = {name: other for name, other in policies.items() if name != key}
    return others if policy is None else others | {key: policy}


def _key(target: Target) -> str:
    return target.qualifier or ""


def _own_revision(function: Function, target: Target) -> str:
    """The RevisionId of the function, version or alias that the target names."""
    alias = function.aliases.get(target.qualifier) if target.qualifier else None
    if alias is not None:
        return alias.revision_id
    version = function.version(target.qualifier)
    assert version is not None  # check_qualifier
    return version.revision_id
