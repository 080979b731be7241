"""Operations of API Gateway's REST APIs that change what there is by patches, which moto 5.2 has not.

UpdateMethod, UpdateIntegration, both kinds of responses, UpdateResource, UpdateModel, UpdateGatewayResponse,
UpdateDeployment; infrastructure tools change an API by these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.apigateway.exceptions import BadRequestException, NoIntegrationDefined, NoMethodDefined
from moto.apigateway.responses import APIGatewayResponse

from lambda_emu.services.child.program.patches.api_gateway.rest_mappings import (
    check_integration,
    check_integration_response,
    check_method,
    check_method_response,
)

Answered = tuple[int, dict[str, Any], str | bytes]
Operation = dict[str, Any]
Changed = Mapping[str, Any]


def _text(value: Any) -> Any:
    return None if value is None else str(value)


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


class Member(NamedTuple):
    """attribute: moto's. kind: `one`, or `map` and `list` whose parts are changed. of: makes a value of its text."""

    attribute: str
    kind: str = "one"
    of: Callable[[Any], Any] = _text


Members = Mapping[str, Member]

METHOD: Members = {
    "apiKeyRequired": Member("api_key_required", of=_flag),
    "authorizationScopes": Member("authorization_scopes", "list"),
    "authorizationType": Member("authorization_type"),
    "authorizerId": Member("authorizer_id"),
    "operationName": Member("operation_name"),
    "requestModels": Member("request_models", "map"),
    "requestParameters": Member("request_parameters", "map", _flag),
    "requestValidatorId": Member("request_validator_id"),
}
INTEGRATION: Members = {
    "cacheKeyParameters": Member("cache_key_parameters", "list"),
    "cacheNamespace": Member("cache_namespace"),
    "connectionType": Member("connection_type"),
    "contentHandling": Member("content_handling"),
    "credentials": Member("credentials"),
    "httpMethod": Member("http_method"),
    "passthroughBehavior": Member("passthrough_behaviour"),
    "requestParameters": Member("request_parameters", "map"),
    "requestTemplates": Member("request_templates", "map"),
    "timeoutInMillis": Member("timeout_in_millis", of=int),
    "tlsConfig": Member("tls_config", "map", _flag),
    "uri": Member("uri"),
}
INTEGRATION_RESPONSE: Members = {
    "contentHandling": Member("content_handling"),
    "responseParameters": Member("response_parameters", "map"),
    "responseTemplates": Member("response_templates", "map"),
    "selectionPattern": Member("selection_pattern"),
}
METHOD_RESPONSE: Members = {
    "responseModels": Member("response_models", "map"),
    "responseParameters": Member("response_parameters", "map", _flag),
}
GATEWAY_RESPONSE: Members = {
    "responseParameters": Member("response_parameters", "map"),
    "responseTemplates": Member("response_templates", "map"),
    "statusCode": Member("status_code"),
}
RESOURCE: Members = {"parentId": Member("parent_id"), "pathPart": Member("path_part")}
MODEL: Members = {"description": Member("description"), "schema": Member("schema")}
DEPLOYMENT: Members = {"description": Member("description")}


def add_operations() -> None:
    """Before moto makes its app of this service."""
    found = (update_method, update_integration, update_integration_response, update_method_response)
    for operation in (*found, update_gateway_response, update_resource, update_model, update_deployment):
        setattr(APIGatewayResponse, operation.__name__, operation)


def update_method(response: Any) -> Answered:
    method, api = _method(response), response.backend.get_rest_api(_part(response, 2))

    def check(changed: Changed) -> None:
        named = (changed.get(name) for name in ("request_models", "request_parameters", "request_validator_id"))
        check_method(api, *named)

    change(method, METHOD, response, check)
    return 200, {}, json.dumps(method.to_json())


def update_integration(response: Any) -> Answered:
    method, integration = _method(response), _integration(response)
    check = partial(check_integration, method)
    change(integration, INTEGRATION, response, lambda changed: check(changed.get("request_parameters")))
    return 200, {}, json.dumps(integration.to_json())


def update_integration_response(response: Any) -> Answered:
    status = _part(response, 9)
    found = _integration(response).get_integration_response(status)
    check = partial(check_integration_response, _method(response), status)
    change(found, INTEGRATION_RESPONSE, response, lambda changed: check(changed.get("response_parameters")))
    return 200, {}, json.dumps(found.to_json())


def update_method_response(response: Any) -> Answered:
    found = _method(response).get_response(_part(response, 8))
    if found is None:
        raise NoMethodDefined
    api = response.backend.get_rest_api(_part(response, 2))

    def check(changed: Changed) -> None:
        check_method_response(api, changed.get("response_models"), changed.get("response_parameters"))

    change(found, METHOD_RESPONSE, response, check)
    return 200, {}, json.dumps(found.to_json())


def update_gateway_response(response: Any) -> Answered:
    """One that is not there is made of the default one."""
    api_id, kind = _part(response, 2), _part(response, 4)
    api = response.backend.get_rest_api(api_id)
    if kind not in api.gateway_responses:
        api.put_gateway_response(kind, None, {}, {})
    found = api.get_gateway_response(kind)
    change(found, GATEWAY_RESPONSE, response)
    return 200, {}, json.dumps(found.to_json())


def update_resource(response: Any) -> Answered:
    found = response.backend.get_resource(_part(response, 2), _part(response, 4))
    change(found, RESOURCE, response)
    return 200, {}, json.dumps(found.to_dict())


def update_model(response: Any) -> Answered:
    found = response.backend.get_model(_part(response, 2), _part(response, 4))
    change(found, MODEL, response)
    return 200, {}, json.dumps(found.to_json())


def update_deployment(response: Any) -> Answered:
    found = response.backend.get_deployment(_part(response, 2), _part(response, 4))
    change(found, DEPLOYMENT, response)
    return 200, {}, json.dumps(found.to_json())


def change(target: Any, members: Members, response: Any, check: Callable[[Changed], None] = lambda _: None) -> None:
    """All of the operations, or none of them. check: refuses what they would come to, by moto's attributes."""
    operations: list[Operation] = response._get_param("patchOperations") or []
    changed: dict[str, Any] = {}
    for operation in operations:
        path = str(operation.get("path") or "")
        name, _, below = path.removeprefix("/").partition("/")
        member = members.get(name)
        if member is None or operation.get("op") not in ("add", "remove", "replace"):
            raise BadRequestException(
                f"Invalid patch path  '{path}' specified for op '{operation.get('op')}'. "
                f"Must be one of: [{', '.join(f'/{one}' for one in members)}]"
            )
        before = changed.get(member.attribute, getattr(target, member.attribute))
        changed[member.attribute] = _changed(before, member, operation, below.replace("~1", "/").replace("~0", "~"))
    check(changed)
    for attribute, value in changed.items():
        setattr(target, attribute, value)


def _changed(before: Any, member: Member, operation: Operation, key: str) -> Any:
    removes, value = operation["op"] == "remove", operation.get("value")
    if member.kind == "map":
        kept = {name: one for name, one in (before or {}).items() if name != key}
        return kept if removes else {**kept, key: _value(member, value)}
    if member.kind == "list":
        one = key or value
        left = [each for each in before or [] if each != one]
        return left if removes else [*left, one]
    return None if removes else _value(member, value)


def _value(member: Member, value: Any) -> Any:
    try:
        return member.of(value)
    except (TypeError, ValueError) as error:
        raise BadRequestException(f"Invalid patch value {value!r}") from error


def _method(response: Any) -> Any:
    return response.backend.get_method(_part(response, 2), _part(response, 4), _part(response, 6))


def _integration(response: Any) -> Any:
    found = _method(response).method_integration
    if found is None:
        raise NoIntegrationDefined
    return found


def _part(response: Any, number: int) -> str:
    """Of the path, as `/restapis/<2>/resources/<4>/methods/<6>`."""
    found: str = response.path.split("/")[number]
    return found
