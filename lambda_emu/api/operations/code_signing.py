"""Code signing configs, and which functions have one. docs/contract/api.md#code-signing.

Signatures are not read here: all code counts as unsigned, which Warn lets pass and Enforce does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import (
    check_account,
    check_unqualified,
    get_record,
    locate_resource,
    look_up_function,
    update_function,
)
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import FunctionId, ResourceArn, Scope, parse_resource_arn
from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.function.code_signing import (
    KIND,
    CodeSigningConfig,
    CodeSigningConfigMissing,
    CodeSigningConfigNotFound,
    check_trusted,
    check_unused,
    new_config,
    update_config,
    users,
)
from lambda_emu.model.function.function import Function
from lambda_emu.model.quotas import CODE_SIGNING_CONFIGS_PER_PAGE
from lambda_emu.model.timestamps import last_modified
from lambda_emu.store import Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateCodeSigningConfigRequestTypeDef,
        DeleteCodeSigningConfigRequestTypeDef,
        DeleteFunctionCodeSigningConfigRequestTypeDef,
        GetCodeSigningConfigRequestTypeDef,
        GetFunctionCodeSigningConfigRequestTypeDef,
        ListCodeSigningConfigsRequestTypeDef,
        ListFunctionsByCodeSigningConfigRequestTypeDef,
        PutFunctionCodeSigningConfigRequestTypeDef,
        UpdateCodeSigningConfigRequestTypeDef,
    )


Get = Callable[[Scope, str], CodeSigningConfig | None]


@operation("CreateCodeSigningConfig")
def create_code_signing_config(req: CreateCodeSigningConfigRequestTypeDef, context: RequestContext) -> Result:
    config = new_config(req, context.clock.new_token(), last_modified(context.clock.now_s()))
    place = ResourceArn(context.scope, KIND, config.id)
    context.store.write(
        lambda transaction: transaction.put(context.store.signing_configs, place.scope, place.name, config)
    )
    return {"CodeSigningConfig": _show(place, config)}


@operation("GetCodeSigningConfig")
def get_code_signing_config(req: GetCodeSigningConfigRequestTypeDef, context: RequestContext) -> Result:
    place = _place(context, req["CodeSigningConfigArn"])
    return {"CodeSigningConfig": _show(place, _config_at(place, context.store.signing_configs.get))}


@operation("UpdateCodeSigningConfig")
def update_code_signing_config(req: UpdateCodeSigningConfigRequestTypeDef, context: RequestContext) -> Result:
    place = _place(context, req["CodeSigningConfigArn"])
    configs, modified = context.store.signing_configs, last_modified(context.clock.now_s())

    def update(transaction: Transaction) -> CodeSigningConfig:
        config = update_config(_config_at(place, partial(transaction.get, configs)), req, modified)
        transaction.put(configs, place.scope, place.name, config)
        return config

    return {"CodeSigningConfig": _show(place, context.store.write(update))}


@operation("DeleteCodeSigningConfig")
def delete_code_signing_config(req: DeleteCodeSigningConfigRequestTypeDef, context: RequestContext) -> Result:
    """One that a function has stays."""
    place = _place(context, req["CodeSigningConfigArn"])
    configs = context.store.signing_configs

    def remove(transaction: Transaction) -> None:
        _config_at(place, partial(transaction.get, configs))
        check_unused(transaction.all(context.store.functions, place.scope), str(place))
        transaction.put(configs, place.scope, place.name, None)

    context.store.write(remove)
    return {}


@operation("ListCodeSigningConfigs")
def list_code_signing_configs(req: ListCodeSigningConfigsRequestTypeDef, context: RequestContext) -> Result:
    configs = context.store.signing_configs.all(context.scope)
    size = req.get("MaxItems", CODE_SIGNING_CONFIGS_PER_PAGE)
    shown, marker = cut_page(configs, lambda config: config.id, req.get("Marker"), size)
    return {
        "CodeSigningConfigs": [_show(ResourceArn(context.scope, KIND, config.id), config) for config in shown],
        "NextMarker": marker,
    }


@operation("ListFunctionsByCodeSigningConfig")
def list_functions_by_code_signing_config(
    req: ListFunctionsByCodeSigningConfigRequestTypeDef, context: RequestContext
) -> Result:
    place = _place(context, req["CodeSigningConfigArn"])
    _config_at(place, context.store.signing_configs.get)
    functions = users(context.store.functions.all(place.scope), str(place))
    size = req.get("MaxItems", CODE_SIGNING_CONFIGS_PER_PAGE)
    shown, marker = cut_page(functions, lambda function: function.id.name, req.get("Marker"), size)
    return {"FunctionArns": [function.id.arn() for function in shown], "NextMarker": marker}


@operation("PutFunctionCodeSigningConfig")
def put_function_code_signing_config(
    req: PutFunctionCodeSigningConfigRequestTypeDef, context: RequestContext
) -> Result:
    """The config is looked for before the function. Code that the function has already stays."""
    id = check_unqualified(context.target(req["FunctionName"]))
    arn = req["CodeSigningConfigArn"]

    def put(transaction: Transaction) -> None:
        config_for(id, arn, partial(transaction.get, context.store.signing_configs))
        function = transaction.get(context.store.functions, id.scope, id.name)
        if function is None:
            raise FunctionNotFound(id.arn())
        transaction.put(context.store.functions, id.scope, id.name, replace(function, code_signing_config_arn=arn))

    context.store.write(put)
    return {"CodeSigningConfigArn": arn, "FunctionName": id.name}


@operation("GetFunctionCodeSigningConfig")
def get_function_code_signing_config(
    req: GetFunctionCodeSigningConfigRequestTypeDef, context: RequestContext
) -> Result:
    """A function without one answers `{}`."""
    function = look_up_function(context, check_unqualified(context.target(req["FunctionName"])))
    if function.code_signing_config_arn is None:
        return {}
    return {"CodeSigningConfigArn": function.code_signing_config_arn, "FunctionName": function.id.name}


@operation("DeleteFunctionCodeSigningConfig")
def delete_function_code_signing_config(
    req: DeleteFunctionCodeSigningConfigRequestTypeDef, context: RequestContext
) -> Result:
    id = check_unqualified(context.target(req["FunctionName"]))
    update_function(context, id, lambda function: replace(function, code_signing_config_arn=None))
    return {}


def config_for(id: FunctionId, arn: str, get: Get) -> CodeSigningConfig:
    """What a function names as its config. CodeSigningConfigNotFound, also for another region's; AccessDenied."""
    check_account(arn, id.account)
    place = parse_resource_arn(arn)
    if arn != id.scope.arn(f"{KIND}:{place.name}"):
        raise CodeSigningConfigNotFound(arn)
    return get_record(get, place, CodeSigningConfigNotFound(arn))


def new_function_check(context: RequestContext, function: Function) -> Callable[[Transaction], None]:
    """What to ask when the function is created: CodeSigningConfigNotFound, or CodeUntrusted by its name."""

    def check(transaction: Transaction) -> None:
        arn = function.code_signing_config_arn
        if arn is not None:
            config = config_for(function.id, arn, partial(transaction.get, context.store.signing_configs))
            check_trusted(config, function.id.name)

    return check


def check_deployable(context: RequestContext, function: Function) -> None:
    """Raises CodeUntrusted if the function's config lets no unsigned code or layer in."""
    arn = function.code_signing_config_arn
    if arn is not None:
        check_trusted(config_for(function.id, arn, context.store.signing_configs.get), function.id.arn())


def _place(context: RequestContext, arn: str) -> ResourceArn:
    return locate_resource(context, arn, CodeSigningConfigMissing(arn))


def _config_at(place: ResourceArn, get: Get) -> CodeSigningConfig:
    return get_record(get, place, CodeSigningConfigMissing(str(place)))


def _show(place: ResourceArn, config: CodeSigningConfig) -> Result:
    return {
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": str(place),
        "Description": config.description,
        "AllowedPublishers": {"SigningProfileVersionArns": config.publishers},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.untrusted},
        "LastModified": config.last_modified,
    }
