"""AWS::Lambda: functions, and what hangs on them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import parse_layer_arn
from lambda_emu.errors.resources import NotFound
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.inline import inline_zip
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, ask_lambda, refuse, tag_map, takes

LOOK_S = 0.05
LOOKS = 12_000
"""Ten minutes: an image may have to be pulled."""
AT_FIRST = frozenset(("StartingPosition", "StartingPositionTimestamp", "EventSourceArn"))
PLACED = "Placed"
"""The member of Code that holds what is kept already."""


def _members(asked: ResourceRequest) -> dict[str, Any]:
    """Of CreateFunction."""
    said = {name: value for name, value in asked.properties.items() if name not in ("FunctionName", "Code", "Tags")}
    told = asked.get("Code") or {}
    if not isinstance(told, Mapping):
        raise refuse("Code must be a mapping; a path, or a place in S3 as a text, is for templates that are packaged")
    code = dict(told)
    if PLACED in code:
        code = {"ZipFile": code[PLACED]}
    elif isinstance(code.get("ZipFile"), str):
        code["ZipFile"] = inline_zip(code["ZipFile"], str(asked.get("Runtime", "")))
    if "Layers" in said:
        said["Layers"] = [arn for arn in said["Layers"] if _is_to_be_had(str(arn), asked.reach.context)]
    return {**said, "FunctionName": asked.named("FunctionName"), "Code": code, "Tags": tag_map(asked)}


def _is_to_be_had(arn: str, context: RequestContext) -> bool:
    """Whether a layer of others is here, or known: one that is not is told of at the start, and left out."""
    try:
        id, _ = parse_layer_arn(arn)
    except ValueError:
        return True
    is_ours = id.scope.account == context.scope.account or context.store.layers.get(id.scope, id.name) is not None
    return is_ours or context.knows_layer(arn)


def _create_function(asked: ResourceRequest) -> Made:
    name, context = asked.named("FunctionName"), asked.reach.context
    there = context.store.function(context.scope.function(name))
    if there is not None and there.origin == context.origin:  # of a start that was killed before it was remembered
        return _update_function(asked, Made(name, {"Arn": there.id.arn()}))
    told = ask_lambda(asked.reach, "CreateFunction", _members(asked))
    made = asked.begin(Made(told["FunctionName"], {"Arn": told["FunctionArn"]}))
    _set_beside(asked)
    return made


def _update_function(asked: ResourceRequest, made: Made) -> Made:
    from lambda_emu.api.operations import check
    from lambda_emu.api.operations.functions import replace_function
    from lambda_emu.templates.kinds.shaping import shape_input

    request = check("CreateFunction", shape_input("lambda", "CreateFunction", _members(asked)))
    for operation in ("UpdateFunctionCode", "UpdateFunctionConfiguration"):  # which it does at once
        asked.reach.context.permit(operation, request)
    replace_function(request, asked.reach.context)
    _set_beside(asked)
    return made


def _set_beside(asked: ResourceRequest) -> None:
    """What has operations of its own."""
    name = {"FunctionName": asked.named("FunctionName")}
    reserved = asked.get("ReservedConcurrentExecutions")
    if reserved is not None:
        more = {"ReservedConcurrentExecutions": reserved}
        ask_lambda(asked.reach, "PutFunctionConcurrency", {**name, **more})
    elif _has_reserved(name["FunctionName"], asked.reach.context):
        ask_lambda(asked.reach, "DeleteFunctionConcurrency", name)
    loop = asked.back_to({"RecursiveLoop": "Terminate"}) | asked.given("RecursiveLoop")
    if loop:
        ask_lambda(asked.reach, "PutFunctionRecursionConfig", {**name, **loop})


def _has_reserved(name: str, context: RequestContext) -> bool:
    function = context.store.function(context.scope.function(name))
    return function is not None and function.reserved_concurrency is not None


def _remove_function(made: Made, reach: Reach) -> None:
    _without(reach, "DeleteFunction", FunctionName=made.identifier)


def _without(reach: Reach, operation: str, **members: Any) -> None:
    """Of what may be gone."""
    try:
        reach.ask_lambda(operation, **members)
    except NotFound:
        return


def has_function(made: Made, reach: Reach) -> bool:
    context = reach.context
    return context.store.function(context.scope.function(made.identifier)) is not None


# -- versions, aliases


def settle(reach: Reach, function: str) -> Mapping[str, Any]:
    """CloudFormation waits until it is Active and its last update is made. How it is then: it may be Failed."""
    for _ in range(LOOKS):
        found = reach.ask_lambda("GetFunctionConfiguration", FunctionName=function)
        if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
            return found
        threading.Event().wait(LOOK_S)
    raise refuse(f"{function} is still Pending")


def _publish(asked: ResourceRequest) -> Made:
    name = str(asked.get("FunctionName"))
    settle(asked.reach, name)
    made = ask_lambda(asked.reach, "PublishVersion", asked.given("FunctionName", "CodeSha256", "Description"))
    _provision(asked, made["Version"])
    arn = f"{made['FunctionArn'].removesuffix(':' + made['Version'])}:{made['Version']}"
    return Made(arn, {"FunctionArn": arn, "Version": made["Version"]})


def _remove_version(made: Made, reach: Reach) -> None:
    function, _, number = made.identifier.rpartition(":")
    _without(reach, "DeleteFunction", FunctionName=function, Qualifier=number)


def _provision(asked: ResourceRequest, qualifier: str) -> None:
    said = asked.get("ProvisionedConcurrencyConfig")
    of_what = {**asked.given("FunctionName"), "Qualifier": qualifier}
    if said:
        ask_lambda(asked.reach, "PutProvisionedConcurrencyConfig", {**of_what, **said})
    elif asked.before.get("ProvisionedConcurrencyConfig"):
        ask_lambda(asked.reach, "DeleteProvisionedConcurrencyConfig", of_what)


def _alias(asked: ResourceRequest) -> dict[str, Any]:
    said = asked.back_to({"Description": ""}) | asked.given("FunctionName", "Name", "FunctionVersion", "Description")
    weights = (asked.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    routed = {str(one["FunctionVersion"]): one["FunctionWeight"] for one in weights}
    return {**said, "RoutingConfig": {"AdditionalVersionWeights": routed}}


def _create_alias(asked: ResourceRequest) -> Made:
    told = ask_lambda(asked.reach, "CreateAlias", _alias(asked))
    made = asked.begin(Made(told["AliasArn"], {"AliasArn": told["AliasArn"]}))
    _provision(asked, told["Name"])
    return made


def _update_alias(asked: ResourceRequest, made: Made) -> Made:
    ask_lambda(asked.reach, "UpdateAlias", _alias(asked))
    _provision(asked, made.identifier.rpartition(":")[2])
    return made


def _remove_alias(made: Made, reach: Reach) -> None:
    function, _, name = made.identifier.rpartition(":")
    _without(reach, "DeleteAlias", FunctionName=function, Name=name)


# -- layers


def _create_layer(asked: ResourceRequest) -> Made:
    content = dict(asked.get("Content") or {})
    content = {"ZipFile": content[PLACED]} if PLACED in content else content
    said = asked.given("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
    members = {**said, "LayerName": asked.named("LayerName"), "Content": content}
    made = ask_lambda(asked.reach, "PublishLayerVersion", members)
    return Made(made["LayerVersionArn"], {"LayerVersionArn": made["LayerVersionArn"]})


def _remove_layer(made: Made, reach: Reach) -> None:
    layer, _, number = made.identifier.rpartition(":")
    reach.ask_lambda("DeleteLayerVersion", LayerName=layer, VersionNumber=int(number))


# -- permissions


def _permit(asked: ResourceRequest) -> Made:
    members = {name: value for name, value in asked.properties.items() if name != "FunctionUrlAuthType"}
    members |= asked.given("FunctionUrlAuthType")
    ask_lambda(asked.reach, "AddPermission", {**members, "StatementId": asked.name})
    return Made(asked.name, {"Id": asked.name, OF: str(asked.get("FunctionName"))})


def _forbid(made: Made, reach: Reach) -> None:
    _without(reach, "RemovePermission", StatementId=made.identifier, **_whose(made.attributes[OF]))


def _whose(function: str) -> dict[str, str]:
    """A function's name or ARN, with the qualifier that it may end with as a member."""
    parts = function.split(":")
    if len(parts) in (2, 8):
        return {"FunctionName": ":".join(parts[:-1]), "Qualifier": parts[-1]}
    return {"FunctionName": function}


# -- event source mappings, URLs, what becomes of asynchronous events


def _create_mapping(asked: ResourceRequest) -> Made:
    members = {**asked.properties, "Tags": tag_map(asked)}
    made = ask_lambda(asked.reach, "CreateEventSourceMapping", members)
    arn = made.get("EventSourceMappingArn", made["UUID"])
    return Made(made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": arn, OF: asked.get("EventSourceArn")})


def _update_mapping(asked: ResourceRequest, made: Made) -> Made:
    from lambda_emu.model.mappings.refusals import MappingInUse

    said = {**asked.back_to(_usual_of_mapping(asked)), **asked.properties}
    members = {name: value for name, value in said.items() if name not in {*AT_FIRST, "Tags"}}
    for _ in range(LOOKS):
        try:
            ask_lambda(asked.reach, "UpdateEventSourceMapping", {**members, "UUID": made.identifier})
            return made
        except MappingInUse:
            threading.Event().wait(LOOK_S)
    raise refuse(f"{made.identifier} is still being changed")


def _usual_of_mapping(asked: ResourceRequest) -> Mapping[str, Any]:
    """Of its kind of source; what is empty takes away what has no default."""
    from lambda_emu.model.mappings.sources import RULES, kind_of

    defaults = RULES[kind_of(asked.get("EventSourceArn"), asked.get("SelfManagedEventSource"))].defaults
    empty = {"Enabled": True, "KmsKeyArn": "", "SourceAccessConfigurations": []}
    structures = ("FilterCriteria", "MetricsConfig", "ProvisionedPollerConfig", "ScalingConfig")
    return {**empty, **{name: {} for name in structures}, **defaults}


def _remove_mapping(made: Made, reach: Reach) -> None:
    from lambda_emu.model.mappings.refusals import MappingInUse

    for _ in range(LOOKS):
        try:
            _without(reach, "DeleteEventSourceMapping", UUID=made.identifier)
            return
        except MappingInUse:
            threading.Event().wait(LOOK_S)


def _has_mapping(made: Made, reach: Reach) -> bool:
    context = reach.context
    return context.store.mappings.get(context.scope, made.identifier) is not None


def _url(asked: ResourceRequest) -> dict[str, Any]:
    usual = asked.back_to({"Cors": {}, "InvokeMode": "BUFFERED"})
    said = usual | asked.given("AuthType", "Cors", "InvokeMode", "Qualifier")
    return {**said, "FunctionName": asked.get("TargetFunctionArn")}


def _create_url(asked: ResourceRequest) -> Made:
    made = ask_lambda(asked.reach, "CreateFunctionUrlConfig", _url(asked))
    return _made_url(made, asked)


def _update_url(asked: ResourceRequest, _: Made) -> Made:
    return _made_url(ask_lambda(asked.reach, "UpdateFunctionUrlConfig", _url(asked)), asked)


def _made_url(told: Mapping[str, Any], asked: ResourceRequest) -> Made:
    target, qualifier = str(asked.get("TargetFunctionArn")), str(asked.get("Qualifier") or "")
    attributes = {"FunctionArn": told["FunctionArn"], "FunctionUrl": told["FunctionUrl"], OF: target}
    return Made(told["FunctionArn"], {**attributes, "Qualifier": qualifier})


def _remove_url(made: Made, reach: Reach) -> None:
    qualifier = {"Qualifier": made.attributes["Qualifier"]} if made.attributes.get("Qualifier") else {}
    _without(reach, "DeleteFunctionUrlConfig", FunctionName=made.attributes[OF], **qualifier)


def _put_invoke_config(asked: ResourceRequest, _: Made | None = None) -> Made:
    ask_lambda(asked.reach, "PutFunctionEventInvokeConfig", asked.properties)
    function, qualifier = str(asked.get("FunctionName")), str(asked.get("Qualifier"))
    return Made(f"{function}|{qualifier}", {})


def _remove_invoke_config(made: Made, reach: Reach) -> None:
    function, _, qualifier = made.identifier.partition("|")
    _without(reach, "DeleteFunctionEventInvokeConfig", FunctionName=function, Qualifier=qualifier)


FUNCTION, LAYER_VERSION = "AWS::Lambda::Function", "AWS::Lambda::LayerVersion"
_OF_FUNCTIONS = (
    "Architectures Code CodeSigningConfigArn DeadLetterConfig Description DurableConfig Environment EphemeralStorage "
    "FileSystemConfigs FunctionName TenancyConfig "
    "Handler ImageConfig KmsKeyArn Layers LoggingConfig MemorySize PackageType RecursiveLoop "
    "ReservedConcurrentExecutions Role Runtime SnapStart Tags Timeout TracingConfig VpcConfig"
)
_OF_MAPPINGS = (
    "BatchSize BisectBatchOnFunctionError DestinationConfig DocumentDBEventSourceConfig Enabled EventSourceArn "
    "FilterCriteria FunctionName FunctionResponseTypes KmsKeyArn MaximumBatchingWindowInSeconds "
    "MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig ParallelizationFactor ProvisionedPollerConfig Queues "
    "ScalingConfig SelfManagedEventSource SelfManagedKafkaEventSourceConfig SourceAccessConfigurations "
    "StartingPosition StartingPositionTimestamp Tags Topics TumblingWindowInSeconds AmazonManagedKafkaEventSourceConfig"
)
_OF_PERMISSIONS = (
    "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID "
    "SourceAccount SourceArn"
)
LAYERS: Mapping[str, Kind] = {
    LAYER_VERSION: Kind(
        takes("CompatibleArchitectures CompatibleRuntimes Content Description LayerName LicenseInfo"),
        _create_layer,
        _remove_layer,
        fixed=takes("CompatibleArchitectures CompatibleRuntimes Content Description LayerName LicenseInfo"),
        family="layers",
        beside=True,
    ),
}
FUNCTIONS: Mapping[str, Kind] = {
    FUNCTION: Kind(
        takes(_OF_FUNCTIONS),
        _create_function,
        _remove_function,
        _update_function,
        has_function,
        "functions",
        fixed=takes("DurableConfig FunctionName PackageType TenancyConfig"),
        named="FunctionName",
    ),
}
ON_FUNCTIONS: Mapping[str, Kind] = {
    "AWS::Lambda::Version": Kind(
        takes("CodeSha256 Description FunctionName ProvisionedConcurrencyConfig"),
        _publish,
        _remove_version,
        lambda asked, _: _publish(asked),  # the same one where nothing changed; an alias may still run the other
        family="versions",
        renews=True,
        fixed=takes("CodeSha256 Description FunctionName ProvisionedConcurrencyConfig"),
    ),
    "AWS::Lambda::Alias": Kind(
        takes("Description FunctionName FunctionVersion Name ProvisionedConcurrencyConfig RoutingConfig"),
        _create_alias,
        _remove_alias,
        _update_alias,
        family="aliases",
        fixed=takes("FunctionName Name"),
    ),
    "AWS::Lambda::Permission": Kind(
        takes(_OF_PERMISSIONS),
        _permit,
        _forbid,
        family="policies",
        fixed=takes(_OF_PERMISSIONS),
    ),
    "AWS::Lambda::EventSourceMapping": Kind(
        takes(_OF_MAPPINGS),
        _create_mapping,
        _remove_mapping,
        _update_mapping,
        _has_mapping,
        family="event_source_mappings",
        fixed=takes("EventSourceArn SelfManagedEventSource StartingPosition StartingPositionTimestamp"),
    ),
    "AWS::Lambda::Url": Kind(
        takes("AuthType Cors InvokeMode Qualifier TargetFunctionArn"),
        _create_url,
        _remove_url,
        _update_url,
        family="function_urls",
        fixed=takes("Qualifier TargetFunctionArn"),
    ),
    "AWS::Lambda::EventInvokeConfig": Kind(
        takes("DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier"),
        _put_invoke_config,
        _remove_invoke_config,
        _put_invoke_config,
        family="event_invoke",
        fixed=takes("FunctionName Qualifier"),
    ),
}
