"""AWS::ApiGateway and AWS::ApiGatewayV2, as far as documents of OpenAPI say what an API is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.api_gateway import V1, V2
from lambda_emu.project.services.reach import Reach
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
    told = [(path, asked.get(name)) for name, path in paths.items() if asked.get(name) != asked.before.get(name)]
    return [{"op": "replace", "path": path, "value": "" if value is None else as_word(value)} for path, value in told]


def as_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else as_text(value) if isinstance(value, dict) else str(value)


def patch(asked: ResourceRequest, what: str, of: Mapping[str, Any], operations: Operations) -> None:
    if operations:
        asked.call(V1, f"Update{what}", {**of, "patchOperations": operations})


def _create_rest(asked: ResourceRequest) -> Made:
    body = _body(asked)
    if body is None:
        said = asked.given("ApiKeySourceType", "BinaryMediaTypes", "Description", "EndpointConfiguration", "Policy")
        members = {**said, "name": asked.named("Name"), "tags": tag_map(asked)}
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


def _patch(asked: ResourceRequest, id: str) -> None:
    """What an import says nothing of."""
    operations = []
    if asked.get("ApiKeySourceType"):
        operations.append({"op": "replace", "path": "/apiKeySource", "value": asked.get("ApiKeySourceType")})
    if asked.get("Policy"):
        operations.append({"op": "replace", "path": "/policy", "value": json.dumps(asked.get("Policy"))})
    for kind in asked.get("BinaryMediaTypes") or ():
        operations.append({"op": "add", "path": f"/binaryMediaTypes/{str(kind).replace('/', '~1')}", "value": None})
    if operations:
        asked.call(V1, "UpdateRestApi", {"restApiId": id, "patchOperations": operations})


def _update_rest(asked: ResourceRequest, made: Made) -> Made:
    body = _body(asked)
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
    members = {**said, "tags": tag_map(asked), "tracingEnabled": bool(said.get("TracingEnabled", False))}
    asked.call(V1, "CreateStage", members)
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
    _patch_stage(asked, operations)
    _set_methods(asked)
    return made


def _set_methods(asked: ResourceRequest) -> None:
    """Throttling of methods."""
    operations = []
    for one in asked.get("MethodSettings") or ():
        path = str(one.get("ResourcePath", "/*")).lstrip("/").replace("/", "~1") or "~1"
        for member, told in (("ThrottlingBurstLimit", "burstLimit"), ("ThrottlingRateLimit", "rateLimit")):
            if member in one:
                where = f"/{path}/{one.get('HttpMethod', '*')}/throttling/{told}"
                operations.append({"op": "replace", "path": where, "value": str(one[member])})
    _patch_stage(asked, operations)


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


def _update_http(asked: ResourceRequest, made: Made) -> Made:
    body = _body(asked)
    if body is not None:
        asked.call(V2, "ReimportApi", {"ApiId": made.identifier, "Body": body.decode(), **_failing(asked)})
        _set_http(asked, made.identifier)
        return made
    if asked.get("ProtocolType") is None:
        raise refuse("has neither Body, BodyS3Location nor ProtocolType")
    said = {name: value for name, value in asked.properties.items() if name not in ("ProtocolType", "Tags")}
    asked.call(V2, "UpdateApi", {**said, "ApiId": made.identifier})
    return made


def _remove_http(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V2, "DeleteApi", ApiId=made.identifier)


def _has_http(made: Made, reach: Reach) -> bool:
    return reach.find(V2, "GetApi", ApiId=made.identifier) is not None


def _part_of(what: str) -> Kind:
    """A route, integration, authorizer, stage or deployment of an API, whose operations are named alike."""
    id = "StageName" if what == "Stage" else f"{what}Id"

    def create(asked: ResourceRequest) -> Made:
        members = {**asked.properties, "Tags": tag_map(asked)} if what == "Stage" else asked.properties
        made = asked.call(V2, f"Create{what}", members)
        return Made(str(made[id]), {id: str(made[id]), OF: str(asked.get("ApiId"))})

    def update(asked: ResourceRequest, made: Made) -> Made:
        if what == "Deployment":  # nobody serves a change of its description
            return made
        asked.call(V2, f"Update{what}", {**asked.properties, id: made.identifier})
        return made

    def remove(made: Made, reach: Reach) -> None:
        ask_if_there(reach, V2, f"Delete{what}", **{"ApiId": made.attributes[OF], id: made.identifier})

    return Kind(_OF_PARTS[what], create, remove, update, fixed=takes(f"ApiId {id if what == 'Stage' else ''}"))


_OF_PARTS = {
    "Route": takes(
        "ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId OperationName RequestModels "
        "RequestParameters RouteKey RouteResponseSelectionExpression Target"
    ),
    "Integration": takes(
        "ApiId ContentHandlingStrategy CredentialsArn Description IntegrationMethod IntegrationSubtype IntegrationType "
        "IntegrationUri PassthroughBehavior PayloadFormatVersion RequestParameters RequestTemplates ResponseParameters "
        "TemplateSelectionExpression TimeoutInMillis"
    ),
    "Authorizer": takes(
        "ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion AuthorizerResultTtlInSeconds AuthorizerType "
        "AuthorizerUri EnableSimpleResponses IdentitySource IdentityValidationExpression JwtConfiguration Name"
    ),
    "Stage": takes(
        "ApiId AutoDeploy DefaultRouteSettings DeploymentId Description RouteSettings StageName StageVariables Tags"
    ),
    "Deployment": takes("ApiId Description StageName"),
}
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
        takes("DeploymentId Description MethodSettings RestApiId StageName Tags TracingEnabled Variables"),
        _create_stage,
        _remove_stage,
        _update_stage,
        fixed=takes("RestApiId StageName"),
    ),
    **{f"AWS::ApiGatewayV2::{what}": _part_of(what) for what in ("Integration", "Authorizer", "Route")},
    **{f"AWS::ApiGatewayV2::{what}": _part_of(what) for what in ("Deployment", "Stage")},
}
