"""What API Gateway refuses to make of REST APIs, and moto makes all the same. The texts are AWS's, but where (?) is."""

from __future__ import annotations

import re
from typing import Any

from moto.apigateway.exceptions import (
    BadRequestException,
    ConflictException,
    NoIntegrationDefined,
    NotFoundException,
)
from moto.apigateway.models import Method, RestAPI
from moto.apigateway.responses import APIGatewayResponse

from lambda_emu.services.child.program.patches.api_gateway.rest_mappings import (
    check_integration,
    check_integration_response,
    check_method,
    check_method_response,
)

Answered = tuple[int, dict[str, Any], str | bytes]
VERBS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
AUTHORIZATIONS = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
MOST_RESOURCES = 300
"""AWS's quota, unless it is raised."""

_INVOCATION = re.compile(r"arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/\S+/invocations", re.ASCII)
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_create_resource = APIGatewayResponse.create_resource
_delete_resource = APIGatewayResponse.delete_resource
_put_method = APIGatewayResponse.put_method
_put_method_response = APIGatewayResponse.put_method_response
_put_integration = APIGatewayResponse.put_integration
_put_integration_response = APIGatewayResponse.put_integration_response
_create_stage = APIGatewayResponse.create_stage
_create_deployment = APIGatewayResponse.create_deployment
_create_authorizer = APIGatewayResponse.create_authorizer
_create_usage_plan = APIGatewayResponse.create_usage_plan


def extend() -> None:
    """Before moto makes its app of this service, and after others that replace these operations."""
    global _create_stage, _create_deployment
    _create_stage, _create_deployment = APIGatewayResponse.create_stage, APIGatewayResponse.create_deployment
    of_resources, of_stages = (create_resource, delete_resource), (create_stage, create_deployment)
    of_methods = put_method, put_method_response, put_integration, put_integration_response
    for operation in (*of_resources, *of_methods, *of_stages, create_authorizer, create_usage_plan):
        setattr(APIGatewayResponse, operation.__name__, operation)


def create_resource(response: Any) -> Answered:
    api, parent_id = _api(response), response.path.split("/")[4]
    parent = response.backend.get_resource(api.id, parent_id)
    part = str(response._get_param("pathPart") or "")
    siblings = [one.path_part for one in api.resources.values() if one.parent_id == parent_id]
    if part in siblings:
        raise ConflictException(f"Another resource with the same parent already has this name: {part}")
    variable = next((one for one in siblings if one.startswith("{")), None)
    if part.startswith("{") and variable is not None and not _are_greedy_and_not(part, variable):
        text = f"A sibling ({variable}) of this resource already has a variable path part -- only one is allowed"
        raise BadRequestException(text)
    if parent.path_part.endswith("+}"):
        raise BadRequestException(
            f"Cannot create a child of a resource with a greedy path variable: {parent.get_path()}"
        )
    if len(api.resources) >= MOST_RESOURCES:
        raise BadRequestException("Maximum number of resources for this API has been reached.")  # (?)
    return _create_resource(response)


def delete_resource(response: Any) -> Answered:
    """With all below it."""
    api, id = _api(response), response.path.split("/")[4]
    if id == api.root_resource_id:
        raise BadRequestException("Cannot delete the root resource")  # (?)
    response.backend.get_resource(api.id, id)
    below = {id}
    while more := {one.id for one in api.resources.values() if one.parent_id in below} - below:
        below |= more
    answered = _delete_resource(response)
    for one in below:
        api.resources.pop(one, None)
    return answered


def put_method(response: Any) -> Answered:
    api = _api(response)
    resource, verb = response.backend.get_resource(api.id, response.path.split("/")[4]), response.path.split("/")[6]
    if verb not in VERBS:
        raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(VERBS)}")
    if verb in resource.resource_methods:
        raise ConflictException("Method already exists for this resource")
    kind = response._get_param("authorizationType")
    if kind not in AUTHORIZATIONS:
        raise BadRequestException(
            "Invalid authorization type specified. Valid options are NONE, AWS_IAM, CUSTOM, or COGNITO_USER_POOLS"
        )
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and response._get_param("authorizerId") not in api.authorizers:
        raise BadRequestException(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires "
            "a valid authorizer."
        )
    told = response._get_param
    check_method(api, told("requestModels"), told("requestParameters"), told("requestValidatorId"))
    return _put_method(response)


def put_method_response(response: Any) -> Answered:
    told = response._get_param
    check_method_response(_api(response), told("responseModels"), told("responseParameters"))
    return _put_method_response(response)


def put_integration(response: Any) -> Answered:
    check_integration(_method(response), response._get_param("requestParameters"))
    return _put_integration(response)


def put_integration_response(response: Any) -> Answered:
    status, parameters = response.path.split("/")[9], response._get_param("responseParameters")
    if response.body:
        check_integration_response(_method(response), status, parameters)
    return _put_integration_response(response)


def create_stage(response: Any) -> Answered:
    _check_stage_name(response)
    return _create_stage(response)


def create_deployment(response: Any) -> Answered:
    if response._get_param("stageName") is not None:
        _check_stage_name(response)
    try:
        return _create_deployment(response)
    except NoIntegrationDefined as error:
        raise BadRequestException("No integration defined for method") from error


def create_authorizer(response: Any) -> Answered:
    name, uri = response._get_param("name"), str(response._get_param("authorizerUri") or "")
    if any(one.name == name for one in _api(response).authorizers.values()):
        text = f"Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
        raise BadRequestException(text)
    if response._get_param("type") in ("TOKEN", "REQUEST") and _INVOCATION.fullmatch(uri) is None:
        raise BadRequestException(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )
    return _create_authorizer(response)


def create_usage_plan(response: Any) -> Answered:
    for one in response._get_param("apiStages") or ():
        api = response.backend.apis.get(one.get("apiId"))
        if api is None or one.get("stage") not in api.stages:
            raise NotFoundException(f"API Stage not found: {one.get('apiId')}:{one.get('stage')}")
    return _create_usage_plan(response)


def _check_stage_name(response: Any) -> None:
    if _STAGE.fullmatch(str(response._get_param("stageName") or "")) is None:
        raise BadRequestException("Stage name only allows a-zA-Z0-9_")


def _are_greedy_and_not(one: str, other: str) -> bool:
    """`{id}` may stand beside `{proxy+}`."""
    return one.endswith("+}") != other.endswith("+}")


def _method(response: Any) -> Method:
    _, _, api_id, _, resource_id, _, verb, *_ = response.path.split("/")
    method: Method = response.backend.get_method(api_id, resource_id, verb)
    return method


def _api(response: Any) -> RestAPI:
    api: RestAPI = response.backend.get_rest_api(response.path.split("/")[2])
    return api
