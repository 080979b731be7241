"""The scaling of a function's version on Managed Instances: kept and shown. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.capacity.capacity_provider import managed_version
from lambda_emu.model.capacity.managed_instances import new_scaling
from lambda_emu.model.function.function import Function, ScalingConfig

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        GetFunctionScalingConfigRequestTypeDef,
        PutFunctionScalingConfigRequestTypeDef,
    )


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
    config = None if scaling is None else _show(scaling)
    return {
        "FunctionArn": target.arn,
        "AppliedFunctionScalingConfig": config,
        "RequestedFunctionScalingConfig": config,
    }


def _show(scaling: ScalingConfig) -> Result:
    return {
        "MinExecutionEnvironments": scaling.min_environments,
        "MaxExecutionEnvironments": scaling.max_environments,
    }
