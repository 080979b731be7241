"""The operations on functions: create, read, list, update, delete. Contract: api.md 1.3, 1.6, 1.7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from lambda_emu.api import artifacts
from lambda_emu.api.code import check_source, layer_finder, stored_code
from lambda_emu.api.configuration import listed, rendered
from lambda_emu.api.house import House
from lambda_emu.api.lookup import changed, found, shown, unqualified
from lambda_emu.api.pages import page
from lambda_emu.api.wire import Result, operation
from lambda_emu.arn import LATEST, Target
from lambda_emu.errors import (
    AliasNotDeletable,
    DeprecatedRuntime,
    FunctionExists,
    FunctionNotFound,
    ImageForZip,
    LatestNotDeletable,
    NotBuiltYet,
    UnknownRuntime,
)
from lambda_emu.model import creation, quotas, runtime_names, settings
from lambda_emu.model.function import Function, FunctionVersion
from lambda_emu.model.timestamps import last_modified
from lambda_emu.model.updates import begun, check_updatable

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateFunctionRequestTypeDef,
        DeleteFunctionRequestTypeDef,
        GetFunctionConfigurationRequestTypeDef,
        GetFunctionRequestTypeDef,
        ListFunctionsRequestTypeDef,
        UpdateFunctionCodeRequestTypeDef,
        UpdateFunctionConfigurationRequestTypeDef,
    )


@operation("CreateFunction")
def create_function(req: CreateFunctionRequestTypeDef, house: House) -> Result:
    id = unqualified(house.target(req["FunctionName"]))
    creation.check(id, req)
    _check_runtime(house, req["Runtime"])
    check_source(req["Code"])
    if house.store.function(id) is not None:
        raise FunctionExists(id.name)
    function = creation.new_function(
        id,
        req,
        stored_code(house, req["Code"]["ZipFile"]),
        layer_finder(house),
        new_id=house.clock.new_id,
        modified=last_modified(house.clock.now_s()),
    )
    try:
        house.store.create(function)
    except KeyError:
        raise FunctionExists(id.name) from None
    house.activator.activate(id)
    return rendered(function.latest, id.arn(), house.runtimes)


@operation("GetFunction")
def get_function(req: GetFunctionRequestTypeDef, house: House) -> Result:
    target = house.target(req["FunctionName"], req.get("Qualifier"))
    version = shown(house, target)
    function = found(house, target.id)
    reserved = function.reserved_concurrency
    return {
        "Configuration": rendered(version, target.arn, house.runtimes),
        "Code": {"RepositoryType": "S3", "Location": artifacts.location(house.base_url, version.code.sha256)},
        "Tags": dict(function.tags) or None,
        "Concurrency": None if reserved is None else {"ReservedConcurrentExecutions": reserved},
    }


@operation("GetFunctionConfiguration")
def get_function_configuration(req: GetFunctionConfigurationRequestTypeDef, house: House) -> Result:
    target = house.target(req["FunctionName"], req.get("Qualifier"))
    return rendered(shown(house, target), target.arn, house.runtimes)


@operation("ListFunctions")
def list_functions(req: ListFunctionsRequestTypeDef, house: House) -> Result:
    """With FunctionVersion=ALL the ARNs are qualified. MasterRegion would choose replicas, of which there are none."""
    functions = house.store.functions.all(house.scope)
    size = min(req.get("MaxItems", quotas.FUNCTIONS_PER_PAGE), quotas.FUNCTIONS_PER_PAGE)
    found, marker = page(functions, lambda function: function.id.name, req.get("Marker"), size)
    qualifier = LATEST if req.get("FunctionVersion") == "ALL" else None
    return {
        "Functions": [listed(function.latest, function.id.arn(qualifier)) for function in found],
        "NextMarker": marker,
    }


@operation("UpdateFunctionCode")
def update_function_code(req: UpdateFunctionCodeRequestTypeDef, house: House) -> Result:
    target = _latest(house.target(req["FunctionName"]))
    if req.get("Publish") or "PublishTo" in req:
        raise NotBuiltYet("Publish: versions")
    if "ImageUri" in req:
        raise ImageForZip
    check_source(req)
    function = found(house, target.id, FunctionNotFound(target.arn))
    check_updatable(function, req.get("RevisionId"))
    code = stored_code(house, req["ZipFile"])

    def change(version: FunctionVersion) -> FunctionVersion:
        return replace(version, code=code, architecture=req.get("Architectures", [version.architecture])[0])

    if req.get("DryRun"):
        return rendered(change(function.latest), target.arn, house.runtimes)
    return _updated(house, target, change, req.get("RevisionId"))


@operation("UpdateFunctionConfiguration")
def update_function_configuration(req: UpdateFunctionConfigurationRequestTypeDef, house: House) -> Result:
    target = _latest(house.target(req["FunctionName"]))
    settings.check(req)
    if "Runtime" in req:
        _check_runtime(house, req["Runtime"])
    find_layer = layer_finder(house)

    def change(version: FunctionVersion) -> FunctionVersion:
        return settings.applied(version, req, find_layer)

    return _updated(house, target, change, req.get("RevisionId"))


@operation("DeleteFunction")
def delete_function(req: DeleteFunctionRequestTypeDef, house: House) -> Result:
    """An absent version number of an existing function is deleted too, as far as the caller can tell."""
    target = house.target(req["FunctionName"], req.get("Qualifier"))
    if target.qualifier == LATEST:
        raise LatestNotDeletable
    if target.qualifier is not None and not target.qualifier.isdigit():
        raise AliasNotDeletable
    if house.store.function(target.id) is None:
        raise FunctionNotFound(target.id.arn())
    if target.qualifier is None:
        _remove(house, target)
    return {"StatusCode": 204}


def _remove(house: House, target: Target) -> None:
    try:
        house.store.remove(target.id)
    except KeyError:
        raise FunctionNotFound(target.id.arn()) from None


def _latest(target: Target) -> Target:
    """Only $LATEST can be updated; whatever else is named does not exist."""
    if target.qualifier not in (None, LATEST):
        raise FunctionNotFound(target.arn)
    return target


def _check_runtime(house: House, identifier: str) -> None:
    runtime = house.runtimes.get(identifier)
    if runtime is None:
        raise UnknownRuntime(identifier, runtime_names.LISTED)
    if not runtime.may_create:
        raise DeprecatedRuntime(identifier)


def _updated(
    house: House, target: Target, change: Callable[[FunctionVersion], FunctionVersion], revision_id: str | None
) -> Result:
    """Begin an update; the rules are held again inside the store's write, where no other writer can come between."""

    def edit(function: Function) -> Function:
        check_updatable(function, revision_id)
        return begun(function, change, new_id=house.clock.new_id, modified=last_modified(house.clock.now_s()))

    function = changed(house, target.id, edit, FunctionNotFound(target.arn))
    house.activator.activate(target.id)
    return rendered(function.latest, target.arn, house.runtimes)
