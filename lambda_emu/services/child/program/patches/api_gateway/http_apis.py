"""API Gateway v2 beyond moto: what of an API serves requests, and the operations of it that moto has not.

Missing in moto 5.2: quick create, UpdateStage, DeleteRouteSettings, DeleteAccessLogSettings, GetAuthorizers,
deployments. A stage without automatic deployment serves what was last deployed to it, so a deployment keeps routes,
integrations and authorizers as they were.
"""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2 import urls
from moto.apigatewayv2.exceptions import APIGatewayV2Error, BadRequestException, StageNotFound
from moto.apigatewayv2.models import Api, Integration, Route, Stage, apigatewayv2_backends
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.utils import iso_8601_datetime_without_milliseconds
from moto.moto_api._internal import mock_random

from lambda_emu.model.parameter_mapping import parameters_problem
from lambda_emu.model.route_keys import route_key_problem, same_requests
from lambda_emu.services.child.program.state.moment import now

Answered = tuple[int, dict[str, Any], str | bytes]
DEFAULT = "$default"
STAGE_MEMBERS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "routeSettings": "route_settings",
    "stageVariables": "stage_variables",
}
ROUTE_MEMBERS = {
    "authorizationScopes": "authorization_scopes",
    "modelSelectionExpression": "model_selection_expression",
    "requestModels": "request_models",
    "target": "target",
}
EMPTIED = {"requestParameters": "request_parameters", "responseParameters": "response_parameters"}
"""Of an integration: what is empty within these is removed, what is not named stays."""
MERGED = ("routeSettings", "stageVariables")
_create_api = ApiGatewayV2Response.create_api
_create_stage = ApiGatewayV2Response.create_stage
_create_integration = ApiGatewayV2Response.create_integration
_update_integration = ApiGatewayV2Response.update_integration
_create_route = ApiGatewayV2Response.create_route
_update_route = ApiGatewayV2Response.update_route
_stage_json = Stage.to_json


def describe_api(api_id: str) -> dict[str, Any] | None:
    """All that serving it needs, whoever's it is; None: there is none."""
    for account in list(apigatewayv2_backends):
        for region, backend in list(apigatewayv2_backends[account].items()):
            api = backend.apis.get(api_id)
            if api is not None:
                stages = [_serves(api, stage) for stage in list(api.stages.values())]
                told = api.to_json()
                named = {"kind": told["protocolType"], "account": account, "region": region}
                return named | {"api": told, "stages": stages}
    return None


def extend() -> None:
    """Before moto makes its app of this service."""
    deployments = "{0}/v2/apis/(?P<api_id>[^/]+)/deployments"
    urls.url_paths[f"{deployments}$"] = ApiGatewayV2Response.dispatch
    urls.url_paths[f"{deployments}/(?P<deployment_id>[^/]+)$"] = ApiGatewayV2Response.dispatch
    stage = "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)"
    urls.url_paths[f"{stage}/accesslogsettings$"] = ApiGatewayV2Response.dispatch
    urls.url_paths[f"{stage}/routesettings/(?P<route_key>.+)$"] = ApiGatewayV2Response.dispatch
    apis = (create_api, create_integration, update_integration, get_authorizers)
    ours = (*apis, create_route, update_route, create_stage, update_stage)
    taken = (delete_deployment, delete_access_log_settings, delete_route_settings)
    for operation in (*ours, create_deployment, get_deployment, get_deployments, *taken):
        setattr(ApiGatewayV2Response, operation.__name__, operation)
    Stage.to_json = _told  # type: ignore[method-assign, assignment]


def create_api(response: Any) -> Answered:
    """With a target, what it needs to be called comes with it."""
    asked = json.loads(response.body)
    if asked.get("protocolType") == "WEBSOCKET" and not asked.get("routeSelectionExpression"):
        raise BadRequestException("RouteSelectionExpression is required for WEBSOCKET protocol")  # (?)
    status, headers, body = _create_api(response)
    told, params = json.loads(body), json.loads(response.body)
    target = params.get("target")
    if target and told.get("protocolType") == "HTTP":
        api: Api = response.apigatewayv2_backend.get_api(told["apiId"])
        is_function = ":lambda:" in target
        integration = api.create_integration(
            connection_type="INTERNET",
            credentials_arn=params.get("credentialsArn"),
            description="",
            integration_method=None if is_function else "ANY",  # type: ignore[arg-type]
            integration_type="AWS_PROXY" if is_function else "HTTP_PROXY",
            integration_uri=target,
            payload_format_version="2.0" if is_function else "1.0",
        )
        api.create_route(False, [], params.get("routeKey") or DEFAULT, f"integrations/{integration.id}")
        api.create_stage({"stageName": DEFAULT, "autoDeploy": True})
    return status, headers, json.dumps(told)


def create_route(response: Any) -> Answered:
    _check_route_key(response, _api(response), None)
    return _create_route(response)


def update_route(response: Any) -> Answered:
    api, route_id, told = _api(response), _part(response, 5), json.loads(response.body)
    _check_route_key(response, api, route_id)
    _update_route(response)
    route = api.get_route(route_id)
    for name, attribute in ROUTE_MEMBERS.items():  # what is empty moto takes for what is not said
        if name in told and not told[name]:
            setattr(route, attribute, told[name])
    return 200, {}, json.dumps(route.to_json())


def create_integration(response: Any) -> Answered:
    _check_parameters(response, {})
    return _create_integration(response)


def update_integration(response: Any) -> Answered:
    integration, told = _api(response).get_integration(_part(response, 5)), json.loads(response.body)
    before = integration.to_json()
    _check_parameters(response, before)
    _update_integration(response)
    for name, attribute in EMPTIED.items():
        if name in told:
            setattr(integration, attribute, _merged(before[name], told[name]))
    return 200, {}, json.dumps(integration.to_json())


def _merged(before: dict[str, Any] | None, told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**(before or {}), **told}.items() if value not in ("", {})}


def _check_parameters(response: Any, before: dict[str, Any]) -> None:
    """Of integrations that are no service of AWS's, whose parameters are that service's."""
    told = json.loads(response.body)
    if _api(response).protocol_type != "HTTP" or told.get("integrationSubtype") or before.get("integrationSubtype"):
        return
    answers = told.get("responseParameters") or {}
    if not isinstance(answers, dict):
        raise BadRequestException("Response parameters must be a map of status codes")
    problems = [parameters_problem(told.get("requestParameters") or {}, is_answer=False)]
    problems += [parameters_problem(one, is_answer=True) for one in answers.values()]
    for problem in problems:
        if problem is not None:
            raise BadRequestException(problem)


def create_stage(response: Any) -> Answered:
    params, api = json.loads(response.body), _api(response)
    name, deployment_id = params.get("stageName"), params.get("deploymentId")
    if name in api.stages:
        raise StageThere
    if deployment_id is not None:
        _deployment(api, deployment_id)
    _create_stage(response)
    stage = api.stages[name]
    stage.deployment_id = deployment_id  # type: ignore[attr-defined]
    return 201, {}, json.dumps(stage.to_json())


def update_stage(response: Any) -> Answered:
    params, api = json.loads(response.body), _api(response)
    stage = api.get_stage(_part(response, 5))
    if params.get("deploymentId") is not None:
        _deployment(api, params["deploymentId"])
        stage.deployment_id = params["deploymentId"]  # type: ignore[attr-defined]
    for name, attribute in STAGE_MEMBERS.items():
        if params.get(name) is not None:
            is_merged = name in MERGED
            setattr(stage, attribute, _merged(getattr(stage, attribute), params[name]) if is_merged else params[name])
    stage.updated = now()
    return 200, {}, json.dumps(stage.to_json())


def delete_route_settings(response: Any) -> Answered:
    """Its key has a slash within."""
    stage, key = _api(response).get_stage(_part(response, 5)), "/".join(unquote(response.path).split("/")[7:])
    if key not in stage.route_settings:
        raise NoRouteSettings(key)
    stage.route_settings = {name: one for name, one in stage.route_settings.items() if name != key}
    return 204, {}, ""


def delete_access_log_settings(response: Any) -> Answered:
    _api(response).get_stage(_part(response, 5)).access_log_settings = None
    return 204, {}, ""


def get_authorizers(response: Any) -> Answered:
    return 200, {}, json.dumps({"items": [one.to_json() for one in _api(response).authorizers.values()]})


def create_deployment(response: Any) -> Answered:
    params, api = json.loads(response.body or "{}"), _api(response)
    name = params.get("stageName")
    if name and name not in api.stages:
        raise StageNotFound
    made = {
        "autoDeployed": False,
        "createdDate": iso_8601_datetime_without_milliseconds(now()),
        "deploymentId": "".join(mock_random.choice(string.ascii_lowercase + string.digits) for _ in range(6)),
        "deploymentStatus": "DEPLOYED",
        "description": params.get("description"),
    }
    _deployments(api)[made["deploymentId"]] = {"told": made, "deployed": _routes(api)}
    if name:
        api.stages[name].deployment_id = made["deploymentId"]  # type: ignore[attr-defined]
    return 201, {}, json.dumps(made)


def get_deployment(response: Any) -> Answered:
    return 200, {}, json.dumps(_deployment(_api(response), _part(response, 5))["told"])


def get_deployments(response: Any) -> Answered:
    return 200, {}, json.dumps({"items": [one["told"] for one in _deployments(_api(response)).values()]})


def delete_deployment(response: Any) -> Answered:
    api, deployment_id = _api(response), _part(response, 5)
    _deployment(api, deployment_id)
    if any(getattr(stage, "deployment_id", None) == deployment_id for stage in api.stages.values()):
        raise BadRequestException("Active stages pointing to this deployment must be moved or deleted.")
    del _deployments(api)[deployment_id]
    return 204, {}, ""


def _told(stage: Stage) -> dict[str, Any]:
    told = _stage_json(stage)
    deployment_id = getattr(stage, "deployment_id", None)
    return told if deployment_id is None else told | {"deploymentId": deployment_id}


def _serves(api: Api, stage: Stage) -> dict[str, Any]:
    deployment_id = getattr(stage, "deployment_id", None)
    deployment = None if deployment_id is None else _deployments(api).get(deployment_id)
    deployed = _routes(api) if stage.auto_deploy else deployment and deployment["deployed"]
    return stage.to_json() | {"deployed": deployed}


def serves(api: Api, stage: str | None) -> dict[str, Any]:
    """Routes, integrations and authorizers of a stage, none where nothing is deployed to it; else those of now."""
    if not stage:
        return _routes(api)
    nothing: dict[str, Any] = {"routes": [], "integrations": [], "authorizers": []}
    return _serves(api, api.get_stage(stage))["deployed"] or nothing


def _routes(api: Api) -> dict[str, Any]:
    return {
        "routes": [one.to_json() | _responses(one) for one in list(api.routes.values())],
        "integrations": [one.to_json() | _responses(one) for one in list(api.integrations.values())],
        "authorizers": [one.to_json() for one in list(api.authorizers.values())],
        "models": {one.name: one.schema for one in list(api.models.values())},
    }


def _responses(one: Route | Integration) -> dict[str, Any]:
    """Of a WebSocket API; there are none in others."""
    if isinstance(one, Route):
        return {"routeResponses": [response.to_json() for response in list(one.route_responses.values())]}
    return {"integrationResponses": [response.to_json() for response in one.get_responses()]}


def _deployments(api: Api) -> dict[str, Any]:
    if not hasattr(api, "deployments"):
        api.deployments = {}  # type: ignore[attr-defined]
    found: dict[str, Any] = api.deployments  # type: ignore[attr-defined]
    return found


def _deployment(api: Api, deployment_id: str) -> dict[str, Any]:
    found: dict[str, Any] | None = _deployments(api).get(deployment_id)
    if found is None:
        raise NoDeployment(deployment_id)
    return found


def _api(response: Any) -> Api:
    api: Api = response.apigatewayv2_backend.get_api(_part(response, 3))
    return api


def _part(response: Any, number: int) -> str:
    """Of the path, as `/v2/apis/<3>/stages/<5>`."""
    return unquote(response.path.split("/")[number])


def _check_route_key(response: Any, api: Api, route_id: str | None) -> None:
    """Where moto takes any, and the same one twice. Those of a WebSocket API may be any."""
    key = json.loads(response.body).get("routeKey")
    if key is None and route_id is not None:
        return
    others = [one.route_key for one in api.routes.values() if one.route_id != route_id]
    if api.protocol_type != "HTTP":
        if key in others:
            raise RouteThere(key)
        return
    problem = route_key_problem(key)
    if problem is not None:
        raise BadRequestException(problem)
    if any(same_requests(other) == same_requests(key) for other in others):
        raise RouteThere(key)


class RouteThere(APIGatewayV2Error):
    code = 409

    def __init__(self, key: str) -> None:
        super().__init__("ConflictException", f"Route with key {key} already exists for this API")


class NoDeployment(APIGatewayV2Error):
    code = 404

    def __init__(self, deployment_id: str) -> None:
        super().__init__("NotFoundException", f"Unable to find Deployment by ID {deployment_id}")


class NoRouteSettings(APIGatewayV2Error):
    """(?)"""

    code = 404

    def __init__(self, key: str) -> None:
        super().__init__("NotFoundException", f"Unable to find route settings for route key {key}")


class StageThere(APIGatewayV2Error):
    code = 409

    def __init__(self) -> None:
        super().__init__("ConflictException", "Stage already exists")
