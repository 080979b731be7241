"""What a document makes of an HTTP API: the values of the operations that would make it."""

from __future__ import annotations

from collections.abc import Mapping
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

DEFAULT = "$default"
MOST_ROUTES = 300
"""Of an API, as on AWS."""
CORS_LISTS = ("allowHeaders", "allowMethods", "allowOrigins", "exposeHeaders")


class Route(Struct, frozen=True):
    """authorization: NONE, JWT, CUSTOM, AWS_IAM. authorizer: a name. integration: as CreateIntegration has it."""

    key: str
    operation: str | None
    authorization: str
    authorizer: str | None
    scopes: tuple[str, ...]
    integration: Members | None


class HttpPlan(Struct, frozen=True):
    """authorizers: as CreateAuthorizer has them, by name. settings: members of the API that the document has."""

    title: str
    version: str | None
    description: str | None
    routes: tuple[Route, ...]
    authorizers: Mapping[str, Members]
    settings: Members
    warnings: tuple[str, ...]


def plan_http_api(document: Document, base_path: str = "ignore") -> HttpPlan:
    """base_path: as of REST APIs. DocumentInvalid."""
    if document.is_old:
        raise DocumentInvalid("HTTP APIs are imported from OpenAPI 3 alone")
    begin = document.prefix(base_path)
    warnings: list[str] = []
    routes = tuple(_route(document, operation, begin, warnings) for operation in document.operations())
    if len(routes) > MOST_ROUTES:
        raise DocumentInvalid("Maximum number of routes for this API has been reached.")
    info = document.info
    return HttpPlan(
        as_text(info.get("title") or "Untitled"),
        optional_text(info.get("version")),
        optional_text(info.get("description")),
        routes,
        _authorizers(document),
        _settings(document),
        tuple(warnings),
    )


def _route(document: Document, operation: Operation, begin: str, warnings: list[str]) -> Route:
    told, path = operation.told, operation.path
    if not path.startswith("/"):
        warnings.append(f"Parse issue: attribute paths. Resource {path} should start with /")
    _look_through(document, operation, warnings)
    path = "/" + path.lstrip("/")
    key = DEFAULT if path == f"/{DEFAULT}" else f"{operation.verb} {begin if path == '/' and begin else begin + path}"
    authorization, authorizer, scopes = _security(document, told)
    integration = document.resolved(told.get(f"{OWN}integration"))
    return Route(
        key,
        optional_text(told.get("operationId")),
        authorization,
        authorizer,
        scopes,
        _integration(integration) if integration else None,
    )


def _look_through(document: Document, operation: Operation, warnings: list[str]) -> None:
    """Schemas that responses refer to have to be there."""
    schemas = {f"#/components/schemas/{name}" for name in document.named("schemas")}
    for status, response in members(operation.told.get("responses")).items():
        for content in members(document.resolved(response).get("content")).values():
            reference = members(members(content).get("schema")).get("$ref")
            if reference is not None and reference not in schemas:
                verb = operation.verb.lower()
                place = f"paths.'{operation.path}'({verb}).responses.{status}.content.schema.{as_text(reference)}"
                warnings.append(f"Parse issue: attribute {place} is missing")


def _security(document: Document, told: Members) -> tuple[str, str | None, tuple[str, ...]]:
    """An operation's, else that of the document."""
    auth = members(told.get(f"{OWN}auth")).get("type")
    if auth is not None:
        return as_text(auth).upper(), None, ()
    schemes = document.named("securitySchemes")
    for requirement in listed(told.get("security", document.told.get("security"))):
        for name, scopes in members(requirement).items():
            own = members(document.resolved(schemes.get(name)).get(f"{OWN}authorizer"))
            if own:
                kind = as_text(own.get("type") or "").lower()
                authorization = {"jwt": "JWT", "awsiam": "AWS_IAM", "aws_iam": "AWS_IAM"}.get(kind, "CUSTOM")
                named = None if authorization == "AWS_IAM" else name
                return authorization, named, tuple(as_text(one) for one in listed(scopes))
    return "NONE", None, ()


def _authorizers(document: Document) -> Mapping[str, Members]:
    found = {}
    for name, named in document.named("securitySchemes").items():
        told = members(document.resolved(named).get(f"{OWN}authorizer"))
        kind = as_text(told.get("type") or "").upper()
        if kind not in ("JWT", "REQUEST"):
            continue
        jwt = members(told.get("jwtConfiguration"))
        found[name] = {
            "authorizer_type": kind,
            "authorizer_uri": told.get("authorizerUri"),
            "auth_creds_arn": told.get("authorizerCredentials") or told.get("authorizerCredentialsArn"),
            "auth_payload_format_version": optional_text(told.get("authorizerPayloadFormatVersion")),
            "auth_result_ttl": told.get("authorizerResultTtlInSeconds"),
            "enable_simple_response": flag(told.get("enableSimpleResponses")),
            "identity_source": _sources(told.get("identitySource")),
            "identity_validation_expr": told.get("identityValidationExpression"),
            "jwt_config": {"issuer": jwt.get("issuer"), "audience": listed(jwt.get("audience"))} if jwt else None,
        }
    return found


def _sources(told: Any) -> list[str]:
    found = told.split(",") if isinstance(told, str) else listed(told)
    return [as_text(one).strip() for one in found]


def _integration(told: Members) -> Members:
    answers = {status: texts(one) for status, one in members(told.get("responseParameters")).items()}
    subtype = told.get("subtype") or told.get("integrationSubtype")
    return {
        "connection_id": told.get("connectionId"),
        "connection_type": as_text(told.get("connectionType") or "INTERNET").upper(),
        "credentials_arn": told.get("credentials"),
        "description": optional_text(told.get("description")),
        "integration_method": optional_text(told.get("httpMethod")),
        "integration_type": as_text(told.get("type") or "").upper(),
        "integration_uri": optional_text(told.get("uri")),
        "integration_subtype": optional_text(subtype),
        "payload_format_version": as_text(told.get("payloadFormatVersion") or "1.0"),
        "request_parameters": texts(told.get("requestParameters")) or None,
        "response_parameters": answers or None,
        "timeout_in_millis": told.get("timeoutInMillis") or 30_000,
        "tls_config": members(told.get("tlsConfig")) or None,
    }


def _settings(document: Document) -> Members:
    found: dict[str, Any] = {}
    cors = members(document.told.get(f"{OWN}cors"))
    if cors:
        lists = {name: [as_text(one) for one in _many(cors[name])] for name in CORS_LISTS if name in cors}
        found["cors_configuration"] = {**cors, **lists}
    endpoint = members(document.server.get(f"{OWN}endpoint-configuration"))
    if "disableExecuteApiEndpoint" in endpoint:
        found["disable_execute_api_endpoint"] = flag(endpoint["disableExecuteApiEndpoint"])
    return found


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
