"""AWS::ApiGatewayV2: routes, integrations, authorizers, stages and deployments of an API, whose operations are named
alike. What a template says of one no more is taken back as users do that by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.project.services.api_gateway import V2
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, ask_if_there, tag_map, takes

Members = dict[str, Any]


def _part_of(what: str) -> Kind:
    id = "StageName" if what == "Stage" else f"{what}Id"
    members = _MEMBERS.get(what, _as_said)

    def create(asked: ResourceRequest) -> Made:
        tags = {"Tags": tag_map(asked)} if what == "Stage" else {}
        made = asked.call(V2, f"Create{what}", {**members(asked, {}), **tags})
        return Made(str(made[id]), {id: str(made[id]), OF: str(asked.get("ApiId"))})

    def update(asked: ResourceRequest, made: Made) -> Made:
        if what == "Deployment":  # nobody serves a change of its description
            return made
        which = {"ApiId": made.attributes[OF], id: made.identifier}
        told = {**asked.back_to(_USUAL.get(what, {})), **members(asked, which), **which}
        asked.call(V2, f"Update{what}", told)
        return made

    def remove(made: Made, reach: Reach) -> None:
        ask_if_there(reach, V2, f"Delete{what}", **{"ApiId": made.attributes[OF], id: made.identifier})

    return Kind(_OF_PARTS[what], create, remove, update, fixed=takes(f"ApiId {id if what == 'Stage' else ''}"))


def _as_said(asked: ResourceRequest, _: Mapping[str, str]) -> Members:
    return dict(asked.properties)


def _of_stage(asked: ResourceRequest, which: Mapping[str, str]) -> Members:
    """A variable is removed by an empty value, the settings of a route by an operation."""
    for key in sorted(_gone(asked, "RouteSettings")):
        ask_if_there(asked.reach, V2, "DeleteRouteSettings", **which, RouteKey=key)
    members = {**asked.properties, **_emptied(asked, "StageVariables", "")}
    if asked.left_out("DefaultRouteSettings"):
        of_socket = {} if _is_http(asked, which) else {"DataTraceEnabled": False, "LoggingLevel": "OFF"}
        members["DefaultRouteSettings"] = {"DetailedMetricsEnabled": False, **of_socket}
    return members


def _of_integration(asked: ResourceRequest, which: Mapping[str, str]) -> Members:
    """Parameters are removed by an empty value, those of an answer by an empty mapping."""
    members = {**asked.properties, **_emptied(asked, "RequestParameters", "")}
    answers = _emptied(asked, "ResponseParameters", {}).get("ResponseParameters", {})
    if answers:
        members["ResponseParameters"] = {status: _named(one) for status, one in answers.items()}
    if asked.left_out("TimeoutInMillis"):
        members["TimeoutInMillis"] = 30_000 if _is_http(asked, which) else 29_000
    return members


def _is_http(asked: ResourceRequest, which: Mapping[str, str]) -> bool:
    """Else WebSocket, whose parts have other defaults."""
    protocol: str = asked.call(V2, "GetApi", {"ApiId": which["ApiId"]})["ProtocolType"]
    return protocol == "HTTP"


def _named(answer: Any) -> Any:
    """As operations have them: by what is written to. Templates have a list of pairs."""
    pairs = answer.get("ResponseParameters") if isinstance(answer, Mapping) else None
    return {one["Destination"]: one["Source"] for one in pairs} if isinstance(pairs, list) else answer


def _of_authorizer(asked: ResourceRequest, _: Mapping[str, str]) -> Members:
    """Operations want a source, which templates need not say."""
    return {"IdentitySource": [], **asked.properties}


def _of_route(asked: ResourceRequest, which: Mapping[str, str]) -> Members:
    """A parameter is removed by an operation."""
    for name in sorted(_gone(asked, "RequestParameters")):
        ask_if_there(asked.reach, V2, "DeleteRouteRequestParameter", **which, RequestParameterKey=name)
    return dict(asked.properties)


def _gone(asked: ResourceRequest, property: str) -> set[str]:
    """Of what is named within it: what was there and is there no more."""
    return (asked.before.get(property) or {}).keys() - (asked.get(property) or {}).keys()


def _emptied(asked: ResourceRequest, property: str, empty: Any) -> Members:
    """The property, where it says or said anything."""
    found = {**dict.fromkeys(_gone(asked, property), empty), **(asked.get(property) or {})}
    return {property: found} if found else {}


_MEMBERS: Mapping[str, Callable[[ResourceRequest, Mapping[str, str]], Members]] = {
    "Authorizer": _of_authorizer,
    "Integration": _of_integration,
    "Route": _of_route,
    "Stage": _of_stage,
}
_USUAL: Mapping[str, Mapping[str, Any]] = {
    "Route": {
        **{"ApiKeyRequired": False, "AuthorizationScopes": [], "AuthorizationType": "NONE", "AuthorizerId": ""},
        **{"OperationName": "", "RequestModels": {}, "RouteResponseSelectionExpression": "", "Target": ""},
    },
    "Integration": {
        **{"ContentHandlingStrategy": "", "CredentialsArn": "", "Description": "", "PayloadFormatVersion": "1.0"},
        **{"PassthroughBehavior": "WHEN_NO_MATCH", "RequestTemplates": {}, "TemplateSelectionExpression": ""},
    },
    "Authorizer": {
        **{"AuthorizerCredentialsArn": "", "AuthorizerResultTtlInSeconds": 0, "EnableSimpleResponses": False},
        **{"IdentityValidationExpression": ""},
    },
    "Stage": {"AutoDeploy": False, "Description": ""},
}
"""What those have that never said them. Not documented for all (?)."""
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
_IN_ORDER = ("Integration", "Authorizer", "Route", "Deployment", "Stage")
PARTS: Mapping[str, Kind] = {f"AWS::ApiGatewayV2::{what}": _part_of(what) for what in _IN_ORDER}
