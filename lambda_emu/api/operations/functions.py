"""The operations on functions: create, read, list, update, delete.

docs/contract/api.md#texts, #states, #configuration.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lambda_emu.api import artifacts
from lambda_emu.api.code import check_source, image_source, layer_finder, layers_ahead, store_code
from lambda_emu.api.configuration import show_configuration, show_image_location, show_settings
from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import check_role, check_unqualified, get_version, look_up_function, update_function
from lambda_emu.api.mapped import check_timeout
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.operations.capacity_providers import provider_check
from lambda_emu.api.operations.code_signing import check_deployable, new_function_check
from lambda_emu.api.operations.versions import all_versions, number_to_sort_by
from lambda_emu.api.paging import cut_page, key_of_marker
from lambda_emu.arn import LATEST, LATEST_PUBLISHED, FunctionId, Target
from lambda_emu.errors.resources import FunctionNotFound, StillBeingCreated, UpdateInProgress
from lambda_emu.model import quotas
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.changes import creation, settings
from lambda_emu.model.changes.publishing import publish, without_version
from lambda_emu.model.changes.refusals import AliasNotDeletable, FunctionExists, LatestNotDeletable
from lambda_emu.model.changes.updates import CREATING, are_all_settled, begin_update, check_updatable, replace_latest
from lambda_emu.model.function import image_package, runtime_names
from lambda_emu.model.function.function import Artifact, ContainerImage, Function, FunctionVersion
from lambda_emu.model.function.runtime_names import DeprecatedRuntime, UnknownRuntime
from lambda_emu.model.layers.references import check_regions
from lambda_emu.model.timestamps import last_modified
from lambda_emu.public_layers.known import ForFunction
from lambda_emu.store import Transaction

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
def create_function(req: CreateFunctionRequestTypeDef, context: RequestContext) -> Result:
    id = _check_creation(context, req)
    if context.store.function(id) is not None:
        raise FunctionExists(id.name)
    function = _new_function(context, id, req)
    try:
        context.store.create(function, _creation_check(context, function, req))
    except KeyError:
        raise FunctionExists(id.name) from None
    context.changes.add(id, StillBeingCreated)
    context.activator.activate(id)
    return show_configuration(next(function.published_versions(), function.latest), id.arn(), context.runtimes)


def replace_function(req: CreateFunctionRequestTypeDef, context: RequestContext) -> Result:
    """Make a function what CreateFunction would make in its place, at once; versions, aliases and the like stay.

    No operation of AWS's: for a start, before anything runs. What would run otherwise than it does is Pending then, so
    that nobody is served by what it was; what would not is left alone, its environments too (docs/decisions).
    """
    id = _check_creation(context, req)
    wanted = _new_function(context, id, req)
    check = _creation_check(context, wanted, req)
    function = update_function(context, id, lambda function: replace_latest(function, wanted), check=check)
    context.activator.activate(id)
    return show_configuration(function.latest, id.arn(), context.runtimes)


def _check_creation(context: RequestContext, req: CreateFunctionRequestTypeDef) -> FunctionId:
    """The rules that a new function keeps, before its code is looked at."""
    if not context.anonymous:  # whose region an ARN may say
        check_regions(req.get("Layers", ()), context.scope.region)
    id = check_unqualified(context.target(req["FunctionName"]))
    creation.check(id, req)
    check_role(context, req["Role"])
    if req.get("PackageType") != "Image":
        _check_runtime(context, req["Runtime"])
        check_source(req["Code"])
    return id


def _new_function(context: RequestContext, id: FunctionId, req: CreateFunctionRequestTypeDef) -> Function:
    """Its code is kept."""
    architecture = req.get("Architectures", ["x86_64"])[0]
    return creation.new_function(
        id,
        req,
        _code(context, req["Code"], id, architecture),
        layer_finder(context, id.scope, ForFunction(req.get("Runtime"), architecture)),
        new_id=context.clock.new_id,
        modified=last_modified(context.clock.now_s()),
        origin=context.origin,
    )


def _creation_check(
    context: RequestContext, function: Function, req: CreateFunctionRequestTypeDef
) -> Callable[[Transaction], None]:
    """What to ask of all else there is, when it is written."""
    check_provider, check_code = provider_check(context, function.id, req), new_function_check(context, function)

    def check(transaction: Transaction) -> None:
        check_provider(transaction)
        check_code(transaction)

    return check


@operation("GetFunction")
def get_function(req: GetFunctionRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    version = _look(context, target)
    function = look_up_function(context, target.id)
    reserved = function.reserved_concurrency
    return {
        "Configuration": show_configuration(version, target.arn, context.runtimes),
        "Code": _location(context, version),
        "Tags": dict(function.tags) or None,
        "Concurrency": None if reserved is None else {"ReservedConcurrentExecutions": reserved},
    }


def _look(context: RequestContext, target: Target) -> FunctionVersion:
    """The version that is named, for somebody who wants to know how it is getting on."""

    def over() -> bool:
        function = context.store.function(target.id)
        return function is None or are_all_settled(function)

    context.changes.wait_until_over(target.id, over)
    return get_version(context, target)


def _location(context: RequestContext, version: FunctionVersion) -> Result:
    if version.image is not None:
        return show_image_location(version.image)
    return {
        "RepositoryType": "S3",
        "Location": artifacts.location(context.base_url, version.code.sha256),
        "ResolvedS3Object": artifacts.resolved_object(version.code),
    }


@operation("GetFunctionConfiguration")
def get_function_configuration(req: GetFunctionConfigurationRequestTypeDef, context: RequestContext) -> Result:
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    return show_configuration(_look(context, target), target.arn, context.runtimes)


@operation("ListFunctions")
def list_functions(req: ListFunctionsRequestTypeDef, context: RequestContext) -> Result:
    """With FunctionVersion=ALL the ARNs are qualified. MasterRegion would choose replicas, of which there are none."""
    functions = context.store.functions.all(context.scope)
    size = min(req.get("MaxItems", quotas.FUNCTIONS_PER_PAGE), quotas.FUNCTIONS_PER_PAGE)
    if req.get("FunctionVersion") == "ALL":
        return _list_all_versions(functions, req.get("Marker"), size)
    shown, marker = cut_page(functions, lambda function: function.id.name, req.get("Marker"), size)
    return {
        "Functions": [show_settings(function.latest, function.id.arn()) for function in shown],
        "NextMarker": marker,
    }


def _list_all_versions(functions: Sequence[Function], marker: str | None, size: int) -> Result:
    """By function, then as in ListVersionsByFunction. Only as many functions are looked at as a page can show."""
    start = 0
    if marker:
        name = key_of_marker(marker).partition(" ")[0]
        start = bisect_left(functions, name, key=lambda function: function.id.name)
    versions = [version for function in functions[start : start + size + 1] for version in all_versions(function)]
    shown, following = cut_page(
        versions, lambda version: f"{version.id.name} {number_to_sort_by(version)}", marker, size
    )
    return {
        "Functions": [show_settings(version, version.id.arn(version.version)) for version in shown],
        "NextMarker": following,
    }


@operation("UpdateFunctionCode")
def update_function_code(req: UpdateFunctionCodeRequestTypeDef, context: RequestContext) -> Result:
    target = _latest(context.target(req["FunctionName"]))
    function = look_up_function(context, target.id, FunctionNotFound(target.arn))
    managed_instances.check_members(req, function.latest.other)
    image_package.check_update(function.latest, req)
    if function.latest.image is None:
        check_source(req)
    context.changes.check(target.id)
    check_updatable(function, req.get("RevisionId"))
    check_deployable(context, function)
    code = _code(context, req, target.id, req.get("Architectures", [function.latest.architecture])[0])

    def change(version: FunctionVersion) -> FunctionVersion:
        moved = replace(version, architecture=req.get("Architectures", [version.architecture])[0])
        return settings.check_size(image_package.with_code(moved, code))

    if req.get("DryRun"):
        return show_configuration(change(function.latest), target.arn, context.runtimes)
    function = _update(context, target, change, req)
    if req.get("Publish"):
        version = function.published_version(LATEST_PUBLISHED if req.get("PublishTo") else str(function.last_version))
        assert version is not None
        return show_configuration(version, target.id.arn(version.version), context.runtimes)
    return show_configuration(function.latest, target.arn, context.runtimes)


@operation("UpdateFunctionConfiguration")
def update_function_configuration(req: UpdateFunctionConfigurationRequestTypeDef, context: RequestContext) -> Result:
    target = _latest(context.target(req["FunctionName"]))
    function = context.store.function(target.id)
    settings.check(req, function.latest.other if function is not None else {})
    if "Role" in req:
        check_role(context, req["Role"])
    if "Runtime" in req:
        _check_runtime(context, req["Runtime"])
    find_layer = layer_finder(context, target.id.scope)
    if req.get("Layers"):
        there = look_up_function(context, target.id, FunctionNotFound(target.arn))
        check_deployable(context, there)
        find_layer = layers_ahead(context, there.latest, req)
    if "Timeout" in req:
        check_timeout(context, target.id, req["Timeout"])

    def change(version: FunctionVersion) -> FunctionVersion:
        return settings.apply_settings(version, req, find_layer)

    function = _update(context, target, change, req, provider_check(context, target.id, req))
    return show_configuration(function.latest, target.arn, context.runtimes)


@operation("DeleteFunction")
def delete_function(req: DeleteFunctionRequestTypeDef, context: RequestContext) -> Result:
    """The function is looked for first. An absent version of it is deleted too, as far as the caller can tell."""
    target = context.target(req["FunctionName"], req.get("Qualifier"))
    look_up_function(context, target.id)
    if target.qualifier == LATEST:
        raise LatestNotDeletable
    if target.qualifier is None:
        _remove(context, target.id)
    elif target.qualifier == LATEST_PUBLISHED or target.qualifier.isdigit():
        version = target.qualifier
        update_function(context, target.id, lambda function: without_version(function, version))
    else:
        raise AliasNotDeletable
    return {"StatusCode": 204}


def _remove(context: RequestContext, id: FunctionId) -> None:
    try:
        context.store.remove(id)
    except KeyError:
        raise FunctionNotFound(id.arn()) from None


def _latest(target: Target) -> Target:
    """Only $LATEST can be updated; whatever else is named does not exist."""
    if target.qualifier not in (None, LATEST):
        raise FunctionNotFound(target.arn)
    return target


def _code(
    context: RequestContext, code: Mapping[str, Any], id: FunctionId, architecture: str
) -> Artifact | ContainerImage:
    """What a version has as its code. code: FunctionCode or UpdateFunctionCode, already checked."""
    if "ImageUri" in code:
        return image_source(context, code["ImageUri"], architecture, id)
    return store_code(context, code, id.scope)


def _check_runtime(context: RequestContext, identifier: str) -> None:
    runtime = context.runtimes.get(identifier)
    if runtime is None:
        raise UnknownRuntime(identifier, runtime_names.LISTED)
    if not runtime.may_create:
        raise DeprecatedRuntime(identifier)


def _update(
    context: RequestContext,
    target: Target,
    change: Callable[[FunctionVersion], FunctionVersion],
    req: Mapping[str, Any],
    check: Callable[[Transaction], None] = lambda _: None,
) -> Function:
    """Begin an update; the rules are held again inside the store's write, where no other writer can come between."""
    new_id, modified = context.clock.new_id, last_modified(context.clock.now_s())

    def edit(function: Function) -> Function:
        managed_instances.check_members(req, function.latest.other)
        context.changes.check(target.id)
        check_updatable(function, req.get("RevisionId"))
        after = begin_update(function, change, new_id=new_id, modified=modified)
        if not req.get("Publish"):
            return after
        return publish(after, new_id=new_id, modified=modified, progress=CREATING, to=req.get("PublishTo"))[0]

    function = update_function(context, target.id, edit, FunctionNotFound(target.arn), check)
    context.changes.add(target.id, UpdateInProgress)
    context.activator.activate(target.id)
    return function
