"""API Gateway's REST APIs beyond moto: what of an API serves requests, and what moto loses of what it is told.

Missing in moto 5.2: deployments are names alone, and one to a stage makes that anew; canaries; the binary media types
of CreateRestApi, all but one of UpdateRestApi; an authorizer's validation expression. A deployment keeps all that
serves requests as it was, as text, which nothing changes any more.
"""

from __future__ import annotations

import json
from typing import Any

from moto.apigateway.exceptions import BadRequestException, DeploymentNotFoundException, StageStillActive
from moto.apigateway.models import APIGatewayBackend, Authorizer, RestAPI, Stage, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse

from lambda_emu.services.child.program.patches.api_gateway.rest_canaries import change_canary, promoted
from lambda_emu.services.child.program.patches.api_gateway.rest_unserved import tell, tell_patch
from lambda_emu.services.child.program.steady import steadily

Answered = tuple[int, dict[str, Any], str | bytes]

_create_rest_api = APIGatewayResponse.create_rest_api
_create_deployment = APIGatewayBackend.create_deployment
_create_stage = APIGatewayResponse.create_stage
_update_stage = Stage.apply_operations
_create_authorizer = RestAPI.create_authorizer
_update_authorizer = Authorizer.apply_operations
_stage_json = Stage.to_json
_method_settings = Stage._get_default_method_settings

TRIAL = "test-invoke-stage"
"""What is tried before it is deployed is there."""
ACCOUNT_THROTTLE = {"throttlingRateLimit": 10_000.0, "throttlingBurstLimit": 5000}
"""What methods have of an account that says nothing else."""


def extend() -> None:
    """Before moto makes its app of this service."""
    for operation in (create_rest_api, create_deployment, create_stage):
        setattr(APIGatewayResponse, operation.__name__, operation)
    RestAPI.apply_patch_operations = update_rest_api  # type: ignore[method-assign, assignment]
    RestAPI.create_authorizer = create_authorizer  # type: ignore[method-assign, assignment]
    RestAPI.delete_deployment = delete_deployment  # type: ignore[method-assign, assignment]
    RestAPI.update_integration_mocks = _mock_nothing  # type: ignore[method-assign, assignment]
    Authorizer.apply_operations = update_authorizer  # type: ignore[method-assign, assignment]
    Stage.apply_operations = update_stage  # type: ignore[method-assign, assignment]
    Stage._get_default_method_settings = _default_settings  # type: ignore[method-assign, assignment]
    Stage.to_json = _told  # type: ignore[method-assign, assignment]


def describe_api(api_id: str) -> dict[str, Any] | None:
    """All that serving it needs, whoever's it is; None: there is none."""
    found = _find(api_id)
    if found is None:
        return None
    named, backend, api = found
    return named | _serves(api) | {"usage": _usage(backend, api_id)}


def describe_now(api_id: str) -> dict[str, Any] | None:
    """As describe_api, with a stage that serves what is there now."""
    found = _find(api_id)
    if found is None:
        return None
    named, _, api = found
    stage = {"stageName": TRIAL, "deploymentId": TRIAL}
    usage: dict[str, Any] = {"plans": [], "keys": []}
    told = {"api": api.to_dict(), "stages": [stage], "deployments": {TRIAL: _now(api)}, "usage": usage}
    return named | told


def describe_plan(plan_id: str) -> dict[str, Any] | None:
    """Whose a usage plan is, its quota and keys; None: there is none."""
    for account in list(apigateway_backends):
        for region, backend in list(apigateway_backends[account].items()):
            plan = backend.usage_plans.get(plan_id)
            if plan is not None:
                keys = list(backend.usage_plan_keys.get(plan_id, {}))
                return {"account": account, "region": region, "id": plan_id, "quota": plan.quota, "keys": keys}
    return None


def _find(api_id: str) -> tuple[dict[str, Any], APIGatewayBackend, RestAPI] | None:
    """With whose it is."""
    for account in list(apigateway_backends):
        for region, backend in list(apigateway_backends[account].items()):
            api = backend.apis.get(api_id)
            if api is not None:
                return {"kind": "REST", "account": account, "region": region}, backend, api
    return None


def _serves(api: RestAPI) -> dict[str, Any]:
    stages = [stage.to_json() for stage in list(api.stages.values())]
    used = {one["deploymentId"] for one in stages} | {
        (one.get("canarySettings") or {}).get("deploymentId") for one in stages
    }
    deployments = {id: json.loads(text) for id, text in list(_snapshots(api).items()) if id in used}
    return {"api": api.to_dict(), "stages": stages, "deployments": deployments}


def _usage(backend: APIGatewayBackend, api_id: str) -> dict[str, Any]:
    """The plans that have a stage of this API, with their keys."""
    plans = []
    for plan in list(backend.usage_plans.values()):
        stages = [one for one in plan.api_stages if one.get("apiId") == api_id]
        if stages:
            keys = [id for id in backend.usage_plan_keys.get(plan.id, {}) if id in backend.keys]
            told = {"id": plan.id, "throttle": plan.throttle, "quota": plan.quota, "stages": stages, "keys": keys}
            plans.append(told)
    named = {id for plan in plans for id in plan["keys"]}
    told_keys = [
        {"id": key.id, "value": key.value, "enabled": key.enabled}
        for id, key in list(backend.keys.items())
        if id in named
    ]
    return {"plans": plans, "keys": told_keys}


def snapshot(api: RestAPI) -> str:
    """What serves requests, as it is now."""
    return steadily(lambda: json.dumps(_now(api)))


def _now(api: RestAPI) -> dict[str, Any]:
    return {
        "api": api.to_dict(),
        "resources": [one.to_dict() for one in list(api.resources.values())],
        "authorizers": [one.to_json() for one in list(api.authorizers.values())],
        "validators": [one.to_dict() for one in list(api.request_validators.values())],
        "models": [one.to_json() for one in list(api.models.values())],
        "responses": [one.to_json() for one in list(api.gateway_responses.values())],
    }


def deployed(api: RestAPI, stage: str) -> dict[str, Any]:
    """What a stage that is there serves, as `snapshot` has it; without a deployment that is known, what is now."""
    found: dict[str, Any] = json.loads(_snapshots(api).get(api.stages[stage].deployment_id or "") or snapshot(api))
    return found


def create_rest_api(response: Any) -> Answered:
    tell([("minimumCompressionSize", response._get_param("minimumCompressionSize") is not None)])
    answered: Answered = _create_rest_api(response)
    types = response._get_param("binaryMediaTypes")
    if types and answered[0] < 300:
        api = response.backend.get_rest_api(json.loads(answered[2])["id"])
        api.binaryMediaTypes = list(types)
        return 201, {}, json.dumps(api.to_dict())
    return answered


def update_rest_api(api: RestAPI, operations: list[dict[str, Any]]) -> None:
    """By JSON pointers, where a slash of a media type is `~1`."""
    tell_patch(operations)
    for one in operations:
        _, member, *below = one["path"].split("/")
        name = "/".join(below).replace("~1", "/").replace("~0", "~")
        _change_api(api, one["op"], member, name, one.get("value"))


def _change_api(api: RestAPI, op: str, member: str, name: str, value: Any) -> None:
    if member == "binaryMediaTypes":
        types = [each for each in api.binaryMediaTypes if each != name]
        api.binaryMediaTypes = types if op == "remove" else [*types, value if op == "replace" and value else name]
    elif member == "minimumCompressionSize":
        api.minimum_compression_size = int(value) if op == "replace" and value not in (None, "") else None
    elif member == "disableExecuteApiEndpoint":
        api.disableExecuteApiEndpoint = str(value).lower() == "true"
    elif member == "endpointConfiguration":
        api.endpoint_configuration["types"] = [value]
    elif member in API_MEMBERS:
        setattr(api, API_MEMBERS[member], value if op != "remove" else "")
    else:
        raise BadRequestException(f"Invalid patch path /{member}")


API_MEMBERS = {"name": "name", "description": "description", "apiKeySource": "api_key_source", "policy": "policy"}


def create_authorizer(api: RestAPI, *told: Any, **named: Any) -> Authorizer:
    made = _create_authorizer(api, *told, **named)
    made.identity_validation_expression = named.get("identiy_validation_expression")
    return made


def update_authorizer(authorizer: Authorizer, operations: list[dict[str, Any]]) -> Authorizer:
    """User pools can be added and removed, which moto refuses."""
    others = []
    for one in operations:
        if one["path"] == "/providerARNs":
            pools = [arn for arn in authorizer.provider_arns or [] if arn != one.get("value")]
            authorizer.provider_arns = pools if one["op"] == "remove" else [*pools, one["value"]]
        else:
            others.append(one)
    return _update_authorizer(authorizer, others)


def create_deployment(response: Any) -> Answered:
    """To a stage that is there, or a new one; as its canary, where settings of one come with it."""
    api_id = response.path.split("/")[2]
    name, canary = response._get_param("stageName"), response._get_param("canarySettings")
    api, backend = response.backend.get_rest_api(api_id), response.backend
    variables, description = response._get_param("variables", if_none={}), response._get_param("description")
    if canary and name not in api.stages:
        raise BadRequestException("Deployment to create a canary must be to an existing stage")  # (?)
    deployment = _create_deployment(backend, api_id, None, description)  # type: ignore[arg-type]
    deployment.stage_name = name
    _snapshots(api)[deployment.id] = snapshot(api)
    if name:
        _deploy(api, name, deployment.id, variables, canary, response._get_param("stageDescription") or "")
    return 201, {"status": 201}, json.dumps(deployment.to_json())


def _deploy(api: RestAPI, name: str, id: str, variables: dict[str, str], canary: Any, description: str) -> None:
    stage = api.stages.get(name)
    if stage is None:
        stage = api.stages[name] = Stage(name=name, deployment_id=id, variables=variables, description=description)
    elif canary:
        stage.canary = {**canary, "deploymentId": id}  # type: ignore[attr-defined]
        return
    else:
        stage.deployment_id = id
        stage.variables = {**stage.variables, **variables}


def delete_deployment(api: RestAPI, id: str) -> Any:
    if id not in api.deployments:
        raise DeploymentNotFoundException
    canaries = [getattr(stage, "canary", None) or {} for stage in api.stages.values()]
    if any(stage.deployment_id == id for stage in api.stages.values()) or any(
        one.get("deploymentId") == id for one in canaries
    ):
        raise StageStillActive
    _snapshots(api).pop(id, None)
    return api.deployments.pop(id)


def create_stage(response: Any) -> Answered:
    api = response.backend.get_rest_api(response.path.split("/")[2])
    deployment_id, canary = response._get_param("deploymentId"), response._get_param("canarySettings")
    if deployment_id not in api.deployments:
        raise BadRequestException("Deployment id does not exist")
    tell((name, response._get_param(name)) for name in ("cacheClusterEnabled", "tracingEnabled"))
    _create_stage(response)
    stage = api.stages[response._get_param("stageName")]
    if canary:
        stage.canary = {"deploymentId": deployment_id, **canary}
    return 201, {"status": 201}, json.dumps(stage.to_json())


def update_stage(stage: Stage, operations: list[dict[str, Any]]) -> Stage:
    tell_patch(operations)
    others = []
    for one in operations:
        if one["path"].startswith("/canarySettings"):
            stage.canary = change_canary(getattr(stage, "canary", None), one, stage.deployment_id)  # type: ignore[attr-defined]
        elif one["op"] == "copy" and str(one.get("from", "")).startswith("/canarySettings"):
            promoted(stage, one)
        elif one["op"] == "remove" and one["path"][1:] in stage.method_settings:
            del stage.method_settings[one["path"][1:]]
        else:
            others.append(one)
    return _update_stage(stage, others)


def _default_settings(stage: Stage) -> dict[str, Any]:
    return _method_settings(stage) | ACCOUNT_THROTTLE


def _told(stage: Stage) -> dict[str, Any]:
    canary = getattr(stage, "canary", None)
    told = _stage_json(stage)
    return told if canary is None else told | {"canarySettings": canary}


def _snapshots(api: RestAPI) -> dict[str, str]:
    """By deployments' ids."""
    if not hasattr(api, "snapshots"):
        api.snapshots = {}  # type: ignore[attr-defined]
    found: dict[str, str] = api.snapshots  # type: ignore[attr-defined]
    return found


def _mock_nothing(_api: RestAPI, _stage: str) -> None:
    """Nobody asks moto for an API itself."""
