"""AWS::ApiGateway and AWS::ApiGatewayV2, as far as documents of OpenAPI say what an API is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.api_gateway import V1, V2
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.api_gateway.parts import PARTS
from lambda_emu.templates.kinds.documents import document_of
from lambda_emu.templates.kinds.kind import (
    OF,
    Kind,
    Made,
    ResourceRequest,
    as_text,
    ask_if_there,
    refuse,
    tag_map,
    takes,
)

DEFAULT = "$default"


def _body(asked: ResourceRequest) -> bytes | None:
    """The document, named as it is to be; None where there is none. CannotChange."""
    body = document_of(asked, "Body", in_s3="BodyS3Location")
    if body is None:
        return None
    if not isinstance(body, Mapping):
        raise refuse("Body must be a mapping, as a document of OpenAPI is")
    told = dict(body)
    info: dict[str, Any] = dict(told.get("info") or {})
    info.setdefault("title", asked.named("Name"))
    info.setdefault("version", "1.0")
    if asked.get("Name"):
        info["title"] = asked.get("Name")
    return json.dumps({**told, "info": info}).encode()


# -- REST APIs

Operations = list[dict[str, str]]


def changed(asked: ResourceRequest, **paths: str) -> Operations:
    """What a patch says of properties that are not what they were."""
    told = [
        (path, asked.get(name, _USUAL.get(name, "")))
        for name, path in paths.items()
        if asked.get(name) != asked.before.get(name)
    ]
    return [{"op": "replace", "path": path, "value": as_word(value)} for path, value in told]


_USUAL: Mapping[str, Any] = {
    **{"AuthorizerResultTtlInSeconds": 300, "Enabled": False, "TracingEnabled": False},
    **{"ValidateRequestBody": False, "ValidateRequestParameters": False},
}
"""What one has that says nothing of it, where that is not an empty text."""


def as_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else as_text(value) if isinstance(value, dict) else str(value)


def patch(asked: ResourceRequest, what: str, of: Mapping[str, Any], operations: Operations) -> None:
    if operations:
        asked.call(V1, f"Update{what}", {**of, "patchOperations": operations})


def _create_rest(asked: ResourceRequest) -> Made:
    body = _body(asked)
    if body is None:
        said = asked.given("BinaryMediaTypes", "Description", "EndpointConfiguration", "Policy")
        keys = {"apiKeySource": asked.get("ApiKeySourceType")}
        members = {**said, **keys, "name": asked.named("Name"), "tags": tag_map(asked)}
        made = asked.call(V1, "CreateRestApi", members)
    else:
        made = asked.call(V1, "ImportRestApi", {"body": body, **_failing(asked)})
        asked.begin(Made(made["id"]))
        _patch(asked, made["id"])
    return _made_rest(made["id"], asked.reach)


def _made_rest(id: str, reach: Reach) -> Made:
    root = [one["id"] for one in reach.call(V1, "GetResources", restApiId=id)["items"] if one["path"] == "/"]
    return Made(id, {"RestApiId": id, "RootResourceId": root[0] if root else ""})


def _failing(asked: ResourceRequest) -> dict[str, bool]:
    return {"failOnWarnings": bool(asked.get("FailOnWarnings", False))}


_PATHS = {"ApiKeySourceType": "/apiKeySource", "Policy": "/policy"}


def _patch(asked: ResourceRequest, id: str) -> None:
    """What an import says nothing of."""
    said = asked.given(*_PATHS)
    operations = [{"op": "replace", "path": _PATHS[name], "value": as_word(value)} for name, value in said.items()]
    for kind in sorted(_media_types(asked.properties)):
        operations.append({"op": "add", "path": f"/binaryMediaTypes/{kind}", "value": ""})
    patch(asked, "RestApi", {"restApiId": id}, operations)


def _take_from_rest(asked: ResourceRequest, id: str) -> None:
    """What is said no more, before a document comes that may say it."""
    usual = {"ApiKeySourceType": "HEADER", "Policy": ""}
    operations = [
        {"op": "replace", "path": _PATHS[name], "value": value} for name, value in asked.back_to(usual).items()
    ]
    for kind in sorted(_media_types(asked.before) - _media_types(asked.properties)):
        operations.append({"op": "remove", "path": f"/binaryMediaTypes/{kind}"})
    patch(asked, "RestApi", {"restApiId": id}, operations)


def _media_types(said: Mapping[str, Any]) -> set[str]:
    """As patches name them."""
    return {str(kind).replace("/", "~1") for kind in said.get("BinaryMediaTypes") or ()}


def _update_rest(asked: ResourceRequest, made: Made) -> Made:
    body = _body(asked)
    _take_from_rest(asked, made.identifier)
    if body is not None:
        members = {"restApiId": made.identifier, "mode": "overwrite", "body": body, **_failing(asked)}
        asked.call(V1, "PutRestApi", members)
    else:
        patch(
            asked, "RestApi", {"restApiId": made.identifier}, changed(asked, Name="/name", Description="/description")
        )
    _patch(asked, made.identifier)
    return _made_rest(made.identifier, asked.reach)


def _remove_rest(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V1, "DeleteRestApi", restApiId=made.identifier)


def _has_rest(made: Made, reach: Reach) -> bool:
    return reach.find(V1, "GetRestApi", restApiId=made.identifier) is not None


def _deploy(asked: ResourceRequest) -> Made:
    made = asked.call(V1, "CreateDeployment", asked.properties)
    return Made(made["id"], {"DeploymentId": made["id"], OF: str(asked.get("RestApiId"))})


def _describe_deployment(asked: ResourceRequest, made: Made) -> Made:
    of = {**asked.given("RestApiId"), "deploymentId": made.identifier}
    patch(asked, "Deployment", of, changed(asked, Description="/description"))
    return made


def _remove_deployment(made: Made, reach: Reach) -> None:
    """A stage that the deployment made for itself goes on with the next one, so it may be in use."""
    from lambda_emu.project.resources import CannotChange

    try:
        ask_if_there(reach, V1, "DeleteDeployment", restApiId=made.attributes[OF], deploymentId=made.identifier)
    except CannotChange:
        return


def _create_stage(asked: ResourceRequest) -> Made:
    said = dict(asked.properties)
    name = said.get("StageName")
    more = {"canarySettings": said.get("CanarySetting"), "tracingEnabled": said.get("TracingEnabled", False)}
    asked.call(V1, "CreateStage", {**said, **more, "tags": tag_map(asked)})
    made = asked.begin(Made(str(name), {OF: str(asked.get("RestApiId"))}))
    _set_methods(asked)
    return made


def _update_stage(asked: ResourceRequest, made: Made) -> Made:
    operations = changed(
        asked, DeploymentId="/deploymentId", Description="/description", TracingEnabled="/tracingEnabled"
    )
    variables = asked.get("Variables") or {}
    for name, value in variables.items():
        operations.append({"op": "replace", "path": f"/variables/{name}", "value": str(value)})
    for name in (asked.before.get("Variables") or {}).keys() - variables.keys():
        operations.append({"op": "remove", "path": f"/variables/{name}"})
    _patch_stage(asked, [*operations, *_canary(asked)])
    _set_methods(asked)
    return made


def _canary(asked: ResourceRequest) -> Operations:
    """What becomes of it: it is made anew where anything of it changed."""
    had, has = (said.get("CanarySetting") or {} for said in (asked.before, asked.properties))
    if had == has:
        return []
    operations = [{"op": "remove", "path": "/canarySettings"}] if had else []
    names = {"DeploymentId": "deploymentId", "PercentTraffic": "percentTraffic", "UseStageCache": "useStageCache"}
    said = {told: has[name] for name, told in names.items() if name in has}
    said |= {
        f"stageVariableOverrides/{name}": value for name, value in (has.get("StageVariableOverrides") or {}).items()
    }
    for path, value in said.items():
        operations.append({"op": "replace", "path": f"/canarySettings/{path}", "value": as_word(value)})
    return operations


def _set_methods(asked: ResourceRequest) -> None:
    """Throttling of methods: what is said of one before is taken back whole where less is said now."""
    had, has = (_throttled(said) for said in (asked.before, asked.properties))
    less = [path for path, limits in had.items() if limits.keys() - has.get(path, {}).keys()]
    operations = [{"op": "remove", "path": path} for path in less]
    for path, limits in has.items():
        for name, value in limits.items():
            operations.append({"op": "replace", "path": f"{path}/throttling/{name}", "value": value})
    _patch_stage(asked, operations)


def _throttled(said: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By a method's path, as patches name it."""
    names = {"ThrottlingBurstLimit": "burstLimit", "ThrottlingRateLimit": "rateLimit"}
    found: dict[str, dict[str, str]] = {}
    for one in said.get("MethodSettings") or ():
        path = str(one.get("ResourcePath", "/*")).lstrip("/").replace("/", "~1") or "~1"
        limits = {told: str(one[name]) for name, told in names.items() if name in one}
        if limits:
            found[f"/{path}/{one.get('HttpMethod', '*')}"] = limits
    return found


def _patch_stage(asked: ResourceRequest, operations: Operations) -> None:
    patch(asked, "Stage", asked.given("RestApiId", "StageName"), operations)


def _remove_stage(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V1, "DeleteStage", restApiId=made.attributes[OF], stageName=made.identifier)


# -- HTTP APIs


def _create_http(asked: ResourceRequest) -> Made:
    body = _body(asked)
    if body is None:
        members = {**asked.properties, "Name": asked.named("Name"), "Tags": tag_map(asked)}
        made = asked.call(V2, "CreateApi", members)
    else:
        made = asked.call(V2, "ImportApi", {"Body": body.decode(), **_failing(asked)})
        asked.begin(Made(made["ApiId"]))
        _set_http(asked, made["ApiId"])
    arn = asked.reach.arn("execute-api", made["ApiId"])
    return Made(made["ApiId"], {"ApiId": made["ApiId"], "ApiEndpoint": made["ApiEndpoint"], "ExecuteApiArn": arn})


def _set_http(asked: ResourceRequest, id: str) -> None:
    said = asked.given("CorsConfiguration", "Description", "DisableExecuteApiEndpoint")
    if said:
        asked.call(V2, "UpdateApi", {**said, "ApiId": id})


_USUAL_OF_HTTP: Mapping[str, Any] = {
    **{"ApiKeySelectionExpression": "$request.header.x-api-key", "Description": ""},
    **{"DisableExecuteApiEndpoint": False},
}


def _take_from_http(asked: ResourceRequest, id: str) -> None:
    usual = asked.back_to(_USUAL_OF_HTTP)
    if usual:
        asked.call(V2, "UpdateApi", {**usual, "ApiId": id})
    if asked.left_out("CorsConfiguration"):
        ask_if_there(asked.reach, V2, "DeleteCorsConfiguration", ApiId=id)


def _update_http(asked: ResourceRequest, made: Made) -> Made:
    """A document may say what the template leaves out, so that is taken back first."""
    body = _body(asked)
    if body is None and asked.get("ProtocolType") is None:
        raise refuse("has neither Body, BodyS3Location nor ProtocolType")
    _take_from_http(asked, made.identifier)
    if body is not None:
        asked.call(V2, "ReimportApi", {"ApiId": made.identifier, "Body": body.decode(), **_failing(asked)})
        _set_http(asked, made.identifier)
        return made
    said = {name: value for name, value in asked.properties.items() if name not in ("ProtocolType", "Tags")}
    asked.call(V2, "UpdateApi", {**said, "ApiId": made.identifier})
    return made


def _remove_http(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V2, "DeleteApi", ApiId=made.identifier)


def _has_http(made: Made, reach: Reach) -> bool:
    return reach.find(V2, "GetApi", ApiId=made.identifier) is not None


APIS: Mapping[str, Kind] = {
    "AWS::ApiGateway::RestApi": Kind(
        takes(
            "ApiKeySourceType BinaryMediaTypes Body BodyS3Location Description EndpointConfiguration FailOnWarnings "
            "Name Parameters Policy Tags"
        ),
        _create_rest,
        _remove_rest,
        _update_rest,
        _has_rest,
    ),
    "AWS::ApiGatewayV2::Api": Kind(
        takes(
            "ApiKeySelectionExpression Body BodyS3Location CorsConfiguration Description DisableExecuteApiEndpoint "
            "FailOnWarnings Name ProtocolType RouteSelectionExpression Tags"
        ),
        _create_http,
        _remove_http,
        _update_http,
        _has_http,
        fixed=takes("ProtocolType"),
    ),
}
PARTS_OF_APIS: Mapping[str, Kind] = {
    "AWS::ApiGateway::Deployment": Kind(
        takes("Description RestApiId StageName"),
        _deploy,
        _remove_deployment,
        _describe_deployment,
        fixed=takes("RestApiId"),
    ),
    "AWS::ApiGateway::Stage": Kind(
        takes(
            "CanarySetting DeploymentId Description MethodSettings RestApiId StageName Tags TracingEnabled Variables"
        ),
        _create_stage,
        _remove_stage,
        _update_stage,
        fixed=takes("RestApiId StageName"),
    ),
    **PARTS,
}
