"""Reserved concurrency: how much of the account's a function has for itself, and at most.

docs/contract/api.md#concurrency.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_unqualified, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.arn import LATEST
from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.concurrency.limits import check_reservation
from lambda_emu.model.function.function import Function

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        DeleteFunctionConcurrencyRequestTypeDef,
        GetFunctionConcurrencyRequestTypeDef,
        PutFunctionConcurrencyRequestTypeDef,
    )


@operation("PutFunctionConcurrency")
def put_function_concurrency(req: PutFunctionConcurrencyRequestTypeDef, context: RequestContext) -> Result:
    """A missing function is named with $LATEST, and noticed before the number."""
    id = check_unqualified(context.target(req["FunctionName"]))
    missing = FunctionNotFound(id.arn(LATEST))
    look_up_function(context, id, missing)
    reserved = req["ReservedConcurrentExecutions"]

    def edit(function: Function, all_functions: Sequence[Function]) -> Function:
        check_reservation(id, reserved, all_functions)
        return replace(function, reserved_concurrency=reserved)

    try:
        context.store.change_among(id, edit)
    except KeyError:
        raise missing from None
    return {"ReservedConcurrentExecutions": reserved}


@operation("GetFunctionConcurrency")
def get_function_concurrency(req: GetFunctionConcurrencyRequestTypeDef, context: RequestContext) -> Result:
    function = look_up_function(context, check_unqualified(context.target(req["FunctionName"])))
    return {"ReservedConcurrentExecutions": function.reserved_concurrency}


@operation("DeleteFunctionConcurrency")
def delete_function_concurrency(req: DeleteFunctionConcurrencyRequestTypeDef, context: RequestContext) -> Result:
    id = check_unqualified(context.target(req["FunctionName"]))
    update_function(context, id, lambda function: replace(function, reserved_concurrency=None))
    return {}
