"""Whether a function that calls itself in a circle is stopped. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import look_up_function, update_function
from lambda_emu.api.operations import Result, operation

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        GetFunctionRecursionConfigRequestTypeDef,
        PutFunctionRecursionConfigRequestTypeDef,
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
