"""Durable executions and their callbacks. None can be started yet, so none of them is ever found.

docs/contract/api.md#operations.

Constraints were checked before; what AWS says of an execution it does not know follows here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_account, get_version
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.model.function.durable import CallbackIdInvalid, CheckpointTokenInvalid, DurableExecutionNotFound

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import ListDurableExecutionsByFunctionRequestTypeDef

EXECUTIONS_PER_PAGE = 100


@operation("ListDurableExecutionsByFunction")
def list_durable_executions_by_function(
    req: ListDurableExecutionsByFunctionRequestTypeDef, context: RequestContext
) -> Result:
    """MaxItems 0 asks for the default. How a missing function is named is not recorded: here, as the caller did."""
    get_version(context, context.target(req["FunctionName"], req.get("Qualifier")))
    executions: tuple[str, ...] = ()
    found, marker = cut_page(executions, str, req.get("Marker"), req.get("MaxItems") or EXECUTIONS_PER_PAGE)
    return {"DurableExecutions": list(found), "NextMarker": marker}


@operation("GetDurableExecution")
@operation("GetDurableExecutionHistory")
@operation("StopDurableExecution")
@operation("PauseDurableExecution")
@operation("ResumeDurableExecution")
@operation("DeleteDurableExecution")
def of_an_execution(req: Mapping[str, Any], context: RequestContext) -> NoReturn:
    _check_account(req, context)
    raise DurableExecutionNotFound


@operation("GetDurableExecutionState")
@operation("CheckpointDurableExecution")
def by_checkpoint_token(req: Mapping[str, Any], context: RequestContext) -> NoReturn:
    """An unknown execution's token is a wrong token."""
    _check_account(req, context)
    raise CheckpointTokenInvalid


@operation("SendDurableExecutionCallbackSuccess")
@operation("SendDurableExecutionCallbackFailure")
@operation("SendDurableExecutionCallbackHeartbeat")
def of_a_callback(_req: object, _context: RequestContext) -> NoReturn:
    raise CallbackIdInvalid


def _check_account(req: Mapping[str, Any], context: RequestContext) -> None:
    if not context.anonymous:
        check_account(req["DurableExecutionArn"], context.scope.account)
