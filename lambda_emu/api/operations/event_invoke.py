"""How events that nobody waits for are retried, by function, version or alias.

docs/contract/api.md#event-invoke-configurations.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import key_of, look_up_function, update_function
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import Target
from lambda_emu.model import quotas
from lambda_emu.model.function.event_invoke import (
    EventInvokeConfig,
    NoEventInvokeConfig,
    NoFunctionForEvents,
    Wanted,
    check_destinations,
    check_given,
)
from lambda_emu.model.function.function import Function

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        DeleteFunctionEventInvokeConfigRequestTypeDef,
        GetFunctionEventInvokeConfigRequestTypeDef,
        ListFunctionEventInvokeConfigsRequestTypeDef,
        PutFunctionEventInvokeConfigRequestTypeDef,
        UpdateFunctionEventInvokeConfigRequestTypeDef,
    )


@operation("PutFunctionEventInvokeConfig")
def put_function_event_invoke_config(
    req: PutFunctionEventInvokeConfigRequestTypeDef, context: RequestContext
) -> Result:
    """Replaces what was there: members that are not sent are no longer set."""
    target = context.target(req["FunctionName"], req.get("Qualifier"))

    def before(function: Function) -> EventInvokeConfig:
        if function.version(target.qualifier) is None:
            raise NoFunctionForEvents
        return EventInvokeConfig(last_modified_s=0)

    return _configure(context, target, req, before)


@operation("UpdateFunctionEventInvokeConfig")
def update_function_event_invoke_config(
    req: UpdateFunctionEventInvokeConfigRequestTypeDef, context: RequestContext
) -> Result:
    """Members that are not sent stay."""
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    return _configure(context, target, req, lambda function: _config(function, target))


@operation("GetFunctionEventInvokeConfig")
def get_function_event_invoke_config(
    req: GetFunctionEventInvokeConfigRequestTypeDef, context: RequestContext
) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    function = look_up_function(context, target.id, NoEventInvokeConfig(_arn(target)))
    return _show(_arn(target), _config(function, target))


@operation("DeleteFunctionEventInvokeConfig")
def delete_function_event_invoke_config(
    req: DeleteFunctionEventInvokeConfigRequestTypeDef, context: RequestContext
) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))

    def edit(function: Function) -> Function:
        _config(function, target)
        kept = {key: config for key, config in function.invoke_configs.items() if key != key_of(target)}
        return replace(function, invoke_configs=kept)

    update_function(context, target.id, edit, NoEventInvokeConfig(_arn(target)))
    return {}


@operation("ListFunctionEventInvokeConfigs")
def list_function_event_invoke_configs(
    req: ListFunctionEventInvokeConfigsRequestTypeDef, context: RequestContext
) -> Result:
    """By qualifier; that of $LATEST, of versions and of aliases."""
    id = context.target(req["FunctionName"]).id
    function = look_up_function(context, id, NoFunctionForEvents())
    keys, marker = cut_page(sorted(function.invoke_configs), str, req.get("Marker"), req.get("MaxItems", quotas.PAGE))
    return {
        "FunctionEventInvokeConfigs": [_show(id.arn(key), function.invoke_configs[key]) for key in keys],
        "NextMarker": marker,
    }


def _configure(
    context: RequestContext, target: Target, wanted: Wanted, before: Callable[[Function], EventInvokeConfig]
) -> Result:
    """Merge the request into what was there. before: that, or the error when there may be none."""
    check_given(wanted)
    before(look_up_function(context, target.id, NoFunctionForEvents()))
    check_destinations(target.id, wanted, lambda destination: _exists(context, destination))
    now_s = context.clock.now_s()

    def edit(function: Function) -> Function:
        config = before(function).merge(wanted, now_s)
        return replace(function, invoke_configs={**function.invoke_configs, key_of(target): config})

    function = update_function(context, target.id, edit, NoFunctionForEvents())
    return _show(_arn(target), function.invoke_configs[key_of(target)])


def _exists(context: RequestContext, target: Target) -> bool:
    function = context.store.function(target.id)
    return function is not None and function.version(target.qualifier) is not None


def _config(function: Function, target: Target) -> EventInvokeConfig:
    config = function.invoke_configs.get(key_of(target))
    if config is None:
        raise NoEventInvokeConfig(_arn(target))
    return config


def _arn(target: Target) -> str:
    """Qualified always."""
    return target.id.arn(key_of(target))


def _show(arn: str, config: EventInvokeConfig) -> Result:
    return {
        "LastModified": datetime.fromtimestamp(config.last_modified_s, UTC),
        "FunctionArn": arn,
        "MaximumRetryAttempts": config.max_retries,
        "MaximumEventAgeInSeconds": config.max_age_s,
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success},
            "OnFailure": {"Destination": config.on_failure},
        },
    }
