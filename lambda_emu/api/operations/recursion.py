"""Whether a function that calls itself in a circle is stopped. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_emu.api.house import House
from lambda_emu.api.lookup import changed, found
from lambda_emu.api.registry import Result, operation

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        GetFunctionRecursionConfigRequestTypeDef,
        PutFunctionRecursionConfigRequestTypeDef,
    )


@operation("PutFunctionRecursionConfig")
def put_function_recursion_config(req: PutFunctionRecursionConfigRequestTypeDef, house: House) -> Result:
    wanted = req["RecursiveLoop"]
    changed(house, house.target(req["FunctionName"]).id, lambda function: replace(function, recursive_loop=wanted))
    return {"RecursiveLoop": wanted}


@operation("GetFunctionRecursionConfig")
def get_function_recursion_config(req: GetFunctionRecursionConfigRequestTypeDef, house: House) -> Result:
    return {"RecursiveLoop": found(house, house.target(req["FunctionName"]).id).recursive_loop}
