"""The kinds of resources that a project can declare, as one table: how each is found, made, updated and removed.

All by the operations of the API. A new kind is one entry, and who reads the declarations makes desired resources of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from lambda_emu.api.configuration import NO_SNAPSHOTS, show_settings
from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import call, check
from lambda_emu.model.function.function import Artifact
from lambda_emu.project.resources import Members, Present, ResourceKey

LAYER, FUNCTION, RESERVATION = "layer", "function", "reserved concurrency"

Reached = TypeVar("Reached")
"""What the operations of a kind need beside what they are about."""

TOLD_ONLY = frozenset(
    {"FunctionName", "FunctionArn", "CodeSize", "LastModified", "Version", "RevisionId", "Layers", "LoggingConfig"}
)
UNLESS_SET = {"TracingConfig": {"Mode": "PassThrough"}, "PackageType": "Zip", "SnapStart": NO_SNAPSHOTS}
LEVELS = {"Text": {}, "JSON": {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}}


class ResourceKind(Struct, Generic[Reached], frozen=True):
    """family: of Lambda's operations that create, update and remove, which is loaded for the first change; or none.

    find: what there is of an account. create, update: return the identifier; members: with References resolved.

    renews: an update has another identifier. shares: each takes of what there is only so much of.
    """

    family: str
    find: Callable[[Reached], Iterator[Present]]
    create: Callable[[str, Members, Reached], str]
    update: Callable[[Present, Members, Reached], str]
    remove: Callable[[Present, Reached], None]
    shares: bool = False
    renews: bool = False


# -- layers: each as one version, the newest of its project; functions go on with the older one that they mount


def show_layer(content: Artifact) -> Members:
    return {"CodeSha256": content.sha256}


def _find_layers(context: RequestContext) -> Iterator[Present]:
    """Only the origin's own: others may publish versions beside them."""
    for layer in context.store.layers.all(context.scope):
        own = [version for version in layer.versions.values() if version.origin == context.origin]
        if own:
            arn = context.scope.arn(f"layer:{layer.name}:{own[-1].number}")
            yield Present(ResourceKey(LAYER, layer.name), show_layer(own[-1].content), arn, context.origin)


def _publish_layer(name: str, members: Members, context: RequestContext) -> str:
    arn: str = call("PublishLayerVersion", {"LayerName": name, **members}, context)["LayerVersionArn"]
    return arn


def _publish_next(present: Present, members: Members, context: RequestContext) -> str:
    arn = _publish_layer(present.key.name, members, context)
    _delete_layer(present, context)
    return arn


def _delete_layer(present: Present, context: RequestContext) -> None:
    number = int(present.identifier.rpartition(":")[2])
    call("DeleteLayerVersion", {"LayerName": present.key.name, "VersionNumber": number}, context)


# -- functions: with what hangs on them through the API, which stays


def show_function(name: str, members: Members) -> Members:
    """What a function made of these members is known by. Code: kept already."""
    shown = {member: value for member, value in members.items() if member not in ("Code", "LoggingConfig")}
    log_format = members["LoggingConfig"]["LogFormat"]
    logging = {"LogGroup": f"/aws/lambda/{name}", **LEVELS[log_format], **members["LoggingConfig"]}
    return {**UNLESS_SET, **shown, "LoggingConfig": logging, "CodeSha256": members["Code"]["ZipFile"].sha256}


def _find_functions(context: RequestContext) -> Iterator[Present]:
    for function in context.store.functions.all(context.scope):
        settings = show_settings(function.latest, function.id.arn())
        shown = {member: value for member, value in settings.items() if member not in TOLD_ONLY and value is not None}
        shown["Layers"] = [layer.arn for layer in function.latest.layers]
        shown["LoggingConfig"] = {name: value for name, value in settings["LoggingConfig"].items() if value is not None}
        shown["Tags"] = dict(function.tags)
        yield Present(ResourceKey(FUNCTION, function.id.name), shown, function.id.arn(), function.origin)


def _create_function(name: str, members: Members, context: RequestContext) -> str:
    arn: str = call("CreateFunction", {"FunctionName": name, **members}, context)["FunctionArn"]
    return arn


def _replace_function(present: Present, members: Members, context: RequestContext) -> str:
    from lambda_emu.api.operations.functions import replace_function  # here: a start that changes nothing needs none

    request = check("CreateFunction", {"FunctionName": present.key.name, **members})
    replace_function(request, context)
    return present.identifier


def _delete_function(present: Present, context: RequestContext) -> None:
    call("DeleteFunction", {"FunctionName": present.key.name}, context)


# -- reserved concurrency: of functions that are there


def _find_reservations(context: RequestContext) -> Iterator[Present]:
    for function in context.store.functions.all(context.scope):
        if function.reserved_concurrency is not None:
            shown = {"ReservedConcurrentExecutions": function.reserved_concurrency}
            yield Present(ResourceKey(RESERVATION, function.id.name), shown, function.id.arn(), function.origin)


def _reserve(_: str, members: Members, context: RequestContext) -> str:
    call("PutFunctionConcurrency", members, context)
    identifier: str = members["FunctionName"]
    return identifier


def _reserve_anew(present: Present, members: Members, context: RequestContext) -> str:
    return _reserve(present.key.name, members, context)


def _give_back(present: Present, context: RequestContext) -> None:
    call("DeleteFunctionConcurrency", {"FunctionName": present.key.name}, context)


KINDS: Mapping[str, ResourceKind[RequestContext]] = {  # from what is needed to what needs it
    LAYER: ResourceKind("layers", _find_layers, _publish_layer, _publish_next, _delete_layer, renews=True),
    FUNCTION: ResourceKind("functions", _find_functions, _create_function, _replace_function, _delete_function),
    RESERVATION: ResourceKind("concurrency", _find_reservations, _reserve, _reserve_anew, _give_back, shares=True),
}
