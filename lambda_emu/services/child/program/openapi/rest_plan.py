"""What a document makes of a REST API: the values of the operations that would make it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.openapi.document import (
    OWN,
    Document,
    DocumentInvalid,
    Members,
    Operation,
    as_text,
    flag,
    listed,
    members,
    optional_text,
    texts,
)
from lambda_emu.services.child.program.openapi.schemas import Schemas

JSON = "application/json"
PLACES = {"header": "header", "query": "querystring", "path": "path"}
MOST_RESOURCES = 300
"""Of an API, as on AWS; each path has one, and what is above it."""
MOST_CHARACTERS = 1_000_000
"""Of all paths."""
NO_MORE_RESOURCES = "Maximum number of resources for this API has been reached."


class Method(Struct, frozen=True):
    """Members as PutMethod and PutIntegration have them. authorizer, validator: names.

    responses: by status, `(models, parameters)`. integration_responses: as PutIntegrationResponse has them.
    """

    path: str
    verb: str
    operation: str | None
    authorization: str
    authorizer: str | None
    scopes: tuple[str, ...]
    needs_key: bool
    parameters: Mapping[str, bool]
    models: Mapping[str, str]
    validator: str | None
    responses: Mapping[str, tuple[Mapping[str, str], Mapping[str, bool]]]
    integration: Members | None
    integration_responses: tuple[Members, ...]


class RestPlan(Struct, frozen=True):
    """settings: members of the API that the document says something of. warnings: what could be passed over."""

    title: str
    description: str | None
    version: str | None
    paths: tuple[str, ...]
    methods: tuple[Method, ...]
    models: Mapping[str, str]
    authorizers: Mapping[str, Members]
    validators: Mapping[str, Members]
    gateway_responses: Mapping[str, Members]
    settings: Members
    warnings: tuple[str, ...]


def plan_rest_api(document: Document, api_id: str, known: frozenset[str], base_path: str = "ignore") -> RestPlan:
    """known: models of the API that are there already. base_path: of `document.BASE_PATHS`. DocumentInvalid."""
    schemas = Schemas(document, api_id, known)
    begin = document.prefix(base_path)
    methods = tuple(_method(document, schemas, operation, begin) for operation in document.operations())
    paths = tuple(dict.fromkeys(begin + path if path != "/" or not begin else begin for path in document.paths()))
    if (
        sum(map(len, paths)) > MOST_CHARACTERS
        or len({above for path in paths for above in _above(path)}) > MOST_RESOURCES
    ):
        raise DocumentInvalid(NO_MORE_RESOURCES)
    info = document.info
    return RestPlan(
        as_text(info.get("title") or "Untitled"),
        optional_text(info.get("description")),
        optional_text(info.get("version")),
        paths,
        methods,
        schemas.models,
        _authorizers(document),
        {name: members(one) for name, one in members(document.told.get(f"{OWN}request-validators")).items()},
        {name: members(one) for name, one in members(document.told.get(f"{OWN}gateway-responses")).items()},
        _settings(document),
        tuple(schemas.warnings),
    )


def _above(path: str) -> Iterator[str]:
    """It, and all that is above it; as many as may be, and one more."""
    parts = path.strip("/").split("/")
    yield from ("/".join(parts[:most]) for most in range(1, min(len(parts), MOST_RESOURCES + 1) + 1))


def _settings(document: Document) -> Members:
    told, found = document.told, dict[str, Any]()
    if f"{OWN}binary-media-types" in told:
        found["binaryMediaTypes"] = [as_text(one) for one in listed(told[f"{OWN}binary-media-types"])]
    if f"{OWN}api-key-source" in told:
        found["apiKeySource"] = as_text(told[f"{OWN}api-key-source"]).upper()
    if f"{OWN}minimum-compression-size" in told:
        found["minimumCompressionSize"] = told[f"{OWN}minimum-compression-size"]
    if told.get(f"{OWN}policy"):
        found["policy"] = json.dumps(told[f"{OWN}policy"])
    endpoint = members(told.get(f"{OWN}endpoint-configuration"))
    if not document.is_old:
        endpoint = members(document.server.get(f"{OWN}endpoint-configuration")) or endpoint
    if "disableExecuteApiEndpoint" in endpoint:
        found["disableExecuteApiEndpoint"] = flag(endpoint["disableExecuteApiEndpoint"])
    return found


def _authorizers(document: Document) -> Mapping[str, Members]:
    """Those that decide, as CreateAuthorizer has them, by the names of their schemes."""
    found = {}
    for name, named in document.named("securitySchemes").items():
        scheme = document.resolved(named)
        told = members(scheme.get(f"{OWN}authorizer"))
        if not told:
            continue
        kind = as_text(told.get("type") or "token").upper()
        source = told.get("identitySource")
        if source is None and kind != "REQUEST":
            source = f"method.request.header.{scheme.get('name') or 'Authorization'}"
        found[name] = {
            "type": kind,
            "authType": scheme.get(f"{OWN}authtype"),
            "authorizerUri": told.get("authorizerUri"),
            "authorizerCredentials": told.get("authorizerCredentials"),
            "identitySource": source,
            "identityValidationExpression": told.get("identityValidationExpression"),
            "authorizerResultTtlInSeconds": _whole(told.get("authorizerResultTtlInSeconds"), 300),
            "providerARNs": [as_text(one) for one in listed(told.get("providerARNs"))] or None,
        }
    return found


def _method(document: Document, schemas: Schemas, operation: Operation, begin: str) -> Method:
    told = operation.told
    parameters = [document.resolved(one) for one in listed(told.get("parameters"))]
    authorization, authorizer, scopes, needs_key = _security(document, told)
    integration = document.resolved(told.get(f"{OWN}integration"))
    validator = told.get(f"{OWN}request-validator", document.told.get(f"{OWN}request-validator"))
    return Method(
        begin if operation.path == "/" and begin else begin + operation.path,
        operation.verb,
        optional_text(told.get("operationId")),
        authorization,
        authorizer,
        scopes,
        needs_key,
        _parameters(parameters),
        _request_models(document, schemas, told, parameters),
        optional_text(validator),
        {status: _response(document, schemas, told, one) for status, one in _responses(told)},
        _integration(integration, operation.verb) if integration else None,
        tuple(_integration_response(key, members(one)) for key, one in members(integration.get("responses")).items()),
    )


def _security(document: Document, told: Members) -> tuple[str, str | None, tuple[str, ...], bool]:
    """authorization, the authorizer's name, scopes, whether a key is needed. That of all operations is passed over."""
    auth = members(told.get(f"{OWN}auth")).get("type")
    authorization, authorizer, needs_key = as_text(auth).upper() if auth else "NONE", None, False
    scopes: tuple[str, ...] = ()
    schemes = document.named("securitySchemes")
    for requirement in listed(told.get("security")):
        for name, needed in members(requirement).items():
            scheme = document.resolved(schemes.get(name))
            own = members(scheme.get(f"{OWN}authorizer"))
            if own:
                is_pool = as_text(own.get("type") or "").lower() == "cognito_user_pools"
                authorization, authorizer = "COGNITO_USER_POOLS" if is_pool else "CUSTOM", name
                scopes = tuple(as_text(one) for one in listed(needed))
            elif as_text(scheme.get(f"{OWN}authtype") or "").lower() == "awssigv4":
                authorization = "AWS_IAM"
            elif scheme.get("type") == "apiKey" and as_text(scheme.get("name") or "").lower() == "x-api-key":
                needs_key = True
    return authorization, authorizer, scopes, needs_key


def _parameters(parameters: list[Members]) -> Mapping[str, bool]:
    return {
        f"method.request.{PLACES[one['in']]}.{one.get('name')}": flag(one.get("required"))
        for one in parameters
        if one.get("in") in PLACES
    }


def _request_models(
    document: Document, schemas: Schemas, told: Members, parameters: list[Members]
) -> Mapping[str, str]:
    if document.is_old:
        body = next((one for one in parameters if one.get("in") == "body"), {})
        types = _types(document, told, "consumes")
        return _models({media_type: body.get("schema") for media_type in types}, schemas)
    content = members(document.resolved(told.get("requestBody")).get("content"))
    return _models({media_type: members(one).get("schema") for media_type, one in content.items()}, schemas)


def _types(document: Document, told: Members, name: str) -> list[str]:
    return [as_text(one) for one in listed(told.get(name) or document.told.get(name))] or [JSON]


def _models(by_type: Mapping[str, Any], schemas: Schemas) -> Mapping[str, str]:
    named = {media_type: schemas.name_of(schema) for media_type, schema in by_type.items()}
    return {media_type: name for media_type, name in named.items() if name is not None}


def _responses(told: Members) -> list[tuple[str, Any]]:
    """Statuses alone: what `default` says has none."""
    return [(status, one) for status, one in members(told.get("responses")).items() if status.isdigit()]


def _response(
    document: Document, schemas: Schemas, operation: Members, response: Any
) -> tuple[Mapping[str, str], Mapping[str, bool]]:
    told = document.resolved(response)
    parameters = {f"method.response.header.{name}": False for name in members(told.get("headers"))}
    if document.is_old:
        types = _types(document, operation, "produces")
        return _models({media_type: told.get("schema") for media_type in types}, schemas), parameters
    content = members(told.get("content"))
    return _models({name: members(one).get("schema") for name, one in content.items()}, schemas), parameters


def _integration(told: Members, verb: str) -> Members:
    kind = as_text(told.get("type") or "").upper()
    return {
        "integration_type": kind,
        "uri": optional_text(told.get("uri")),
        "integration_method": as_text(told.get("httpMethod") or ("" if kind == "MOCK" else verb)),
        "credentials": told.get("credentials"),
        "request_templates": texts(told.get("requestTemplates")) or None,
        "request_parameters": texts(told.get("requestParameters")) or None,
        "passthrough_behavior": as_text(told.get("passthroughBehavior") or "WHEN_NO_MATCH").upper(),
        "content_handling": as_text(told["contentHandling"]).upper() if told.get("contentHandling") else None,
        "timeout_in_millis": _whole(told.get("timeoutInMillis"), 29_000),
        "cache_namespace": told.get("cacheNamespace"),
        "connection_type": as_text(told.get("connectionType") or "INTERNET").upper(),
        "tls_config": members(told.get("tlsConfig")) or None,
    }


def _integration_response(pattern: str, told: Members) -> Members:
    return {
        "status_code": as_text(told.get("statusCode") or "200"),
        "selection_pattern": None if pattern == "default" else pattern,
        "response_templates": texts(told.get("responseTemplates")),
        "response_parameters": texts(told.get("responseParameters")),
        "content_handling": as_text(told["contentHandling"]).upper() if told.get("contentHandling") else None,
    }


def _whole(value: Any, default: int) -> int:
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError) as error:
        raise DocumentInvalid(f"No whole number: {value!r}") from error
