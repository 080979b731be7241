"""Settings that are kept and shown alone: of recursive loops, runtime updates and scaling.

docs/contract/api.md#runtime-management-and-recursion.

Nothing here stops a circle, updates a runtime or starts an instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import key_of, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import LATEST, Target
from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.capacity.capacity_provider import managed_version
from lambda_emu.model.capacity.managed_instances import new_scaling
from lambda_emu.model.function.function import Function, ScalingConfig
from lambda_emu.model.function.runtime_management import RuntimeManagement

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        GetFunctionRecursionConfigRequestTypeDef,
        GetFunctionScalingConfigRequestTypeDef,
        GetRuntimeManagementConfigRequestTypeDef,
        PutFunctionRecursionConfigRequestTypeDef,
        PutFunctionScalingConfigRequestTypeDef,
        PutRuntimeManagementConfigRequestTypeDef,
    )


@operation("PutFunctionRecursionConfig")
def put_function_recursion_config(req: PutFunctionRecursionConfigRequestTypeDef, context: RequestContext) -> Result:
    wanted = req["RecursiveLoop"]
    update_function(
        context, context.target(req["FunctionName"]).id, lambda function: replace(function, recursive_loop=wanted)
    )
    return {"RecursiveLoop": wanted}


@operation("GetFunctionRecursionConfig")
def get_function_recursion_config(req: GetFunctionRecursionConfigRequestTypeDef, context: RequestContext) -> Result:
    return {"RecursiveLoop": look_up_function(context, context.target(req["FunctionName"]).id).recursive_loop}


@operation("PutRuntimeManagementConfig")
def put_runtime_management_config(req: PutRuntimeManagementConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    management = RuntimeManagement.of(req["UpdateRuntimeOn"], req.get("RuntimeVersionArn"))

    def edit(function: Function) -> Function:
        _check_version(function, target)
        kept = {**function.runtime_management, key_of(target): management}
        return replace(function, runtime_management=kept)

    update_function(context, target.id, edit, FunctionNotFound(target.arn))
    return _show_management(target, management)


@operation("GetRuntimeManagementConfig")
def get_runtime_management_config(req: GetRuntimeManagementConfigRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    function = look_up_function(context, target.id, FunctionNotFound(target.arn))
    _check_version(function, target)
    return _show_management(target, function.runtime_management.get(key_of(target), RuntimeManagement()))


def _check_version(function: Function, target: Target) -> None:
    """$LATEST or a published version; an alias has none of its own (its refusal is not recorded)."""
    if target.qualifier not in (None, LATEST) and function.published_version(target.qualifier) is None:
        raise FunctionNotFound(target.arn)


def _show_management(target: Target, management: RuntimeManagement) -> Result:
    return {
        "UpdateRuntimeOn": management.update_on,
        "FunctionArn": target.arn,
        "RuntimeVersionArn": management.version_arn,
    }


@operation("PutFunctionScalingConfig")
def put_function_scaling_config(req: PutFunctionScalingConfigRequestTypeDef, context: RequestContext) -> Result:
    target, qualifier = context.target(req["FunctionName"], req["Qualifier"]), req["Qualifier"]

    def edit(function: Function) -> Function:
        managed_version(function, qualifier)
        scaling = new_scaling(req.get("FunctionScalingConfig", {}))
        return replace(function, scaling={**function.scaling, qualifier: scaling})

    function = update_function(context, target.id, edit, FunctionNotFound(target.arn))
    return {"FunctionState": managed_version(function, qualifier).progress.state.value}


@operation("GetFunctionScalingConfig")
def get_function_scaling_config(req: GetFunctionScalingConfigRequestTypeDef, context: RequestContext) -> Result:
    """What was asked for is applied at once; a version for which nothing was asked shows neither."""
    target = context.target(req["FunctionName"], req["Qualifier"])
    function = look_up_function(context, target.id, FunctionNotFound(target.arn))
    managed_version(function, req["Qualifier"])
    scaling = function.scaling.get(req["Qualifier"])
    config = None if scaling is None else _show_scaling(scaling)
    return {
        "FunctionArn": target.arn,
        "AppliedFunctionScalingConfig": config,
        "RequestedFunctionScalingConfig": config,
    }


def _show_scaling(scaling: ScalingConfig) -> Result:
    return {
        "MinExecutionEnvironments": scaling.min_environments,
        "MaxExecutionEnvironments": scaling.max_environments,
    }
