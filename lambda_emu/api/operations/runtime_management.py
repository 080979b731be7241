"""When the runtime of a version is updated: kept and shown, for nothing here updates one. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import key_of, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import LATEST, Target
from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.runtime_management import RuntimeManagement

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        GetRuntimeManagementConfigRequestTypeDef,
        PutRuntimeManagementConfigRequestTypeDef,
    )


@operation("PutRuntimeManagementConfig")
def put_runtime_management_config(req: PutRuntimeManagementConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    management = RuntimeManagement.of(req["UpdateRuntimeOn"], req.get("RuntimeVersionArn"))

    def edit(function: Function) -> Function:
        _check_version(function, target)
        kept = {**function.runtime_management, key_of(target): management}
        return replace(function, runtime_management=kept)

    update_function(context, target.id, edit, FunctionNotFound(target.arn))
    return _show(target, management)


@operation("GetRuntimeManagementConfig")
def get_runtime_management_config(req: GetRuntimeManagementConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    function = look_up_function(context, target.id, FunctionNotFound(target.arn))
    _check_version(function, target)
    return _show(target, function.runtime_management.get(key_of(target), RuntimeManagement()))


def _check_version(function: Function, target: Target) -> None:
    """$LATEST or a published version; an alias has none of its own (its refusal is not recorded)."""
    if target.qualifier not in (None, LATEST) and function.published(target.qualifier) is None:
        raise FunctionNotFound(target.arn)


def _show(target: Target, management: RuntimeManagement) -> Result:
    return {
        "UpdateRuntimeOn": management.update_on,
        "FunctionArn": target.arn,
        "RuntimeVersionArn": management.version_arn,
    }
