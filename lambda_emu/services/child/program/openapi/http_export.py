"""An HTTP API, as it is or as a stage serves it, written as a document of OpenAPI 3."""

from __future__ import annotations

from typing import Any

from lambda_emu.services.child.program.openapi.document import OWN, Members

DEFAULT = "$default"
INTEGRATION = {
    **{"payloadFormatVersion": "payloadFormatVersion", "integrationType": "type", "integrationMethod": "httpMethod"},
    **{"integrationUri": "uri", "integrationSubtype": "subtype", "credentialsArn": "credentials"},
    **{"connectionType": "connectionType", "connectionId": "connectionId", "timeoutInMillis": "timeoutInMillis"},
    **{"requestParameters": "requestParameters", "responseParameters": "responseParameters", "tlsConfig": "tlsConfig"},
}
AUTHORIZER = {
    **{"authorizerUri": "authorizerUri", "authorizerCredentialsArn": "authorizerCredentials"},
    **{"authorizerPayloadFormatVersion": "authorizerPayloadFormatVersion", "jwtConfiguration": "jwtConfiguration"},
    **{"authorizerResultTtlInSeconds": "authorizerResultTtlInSeconds"},
    **{
        "enableSimpleResponses": "enableSimpleResponses",
        "identityValidationExpression": "identityValidationExpression",
    },
}


def write_http_api(api: Members, deployed: Members, *, has_extensions: bool) -> dict[str, Any]:
    """api: as GetApi has it. deployed: its routes, integrations and authorizers."""
    authorizers = {one["authorizerId"]: one for one in deployed["authorizers"]}
    integrations = {one["integrationId"]: one for one in deployed["integrations"]}
    paths: dict[str, dict[str, Any]] = {}
    for route in deployed["routes"]:
        verb, _, path = route["routeKey"].partition(" ")
        name = f"{OWN}any-method" if verb in ("ANY", DEFAULT) else verb.lower()
        integration = integrations.get(str(route.get("target") or "").removeprefix("integrations/"))
        operation = _operation(route, authorizers, integration if has_extensions else None)
        paths.setdefault(path or f"/{DEFAULT}", {})[name] = operation
    made: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": _some({"title": api["name"], "description": api.get("description"), "version": api.get("version")}),
        "servers": [{"url": api["apiEndpoint"]}],
        "paths": paths,
    }
    schemes = {one["name"]: _scheme(one, has_extensions=has_extensions) for one in authorizers.values()}
    if schemes:
        made["components"] = {"securitySchemes": schemes}
    if has_extensions:
        made |= _some({f"{OWN}cors": api.get("corsConfiguration")}) | {f"{OWN}importexport-version": "1.0"}
    return made


def _operation(route: Members, authorizers: Members, integration: Members | None) -> dict[str, Any]:
    made = _some({"operationId": route.get("operationName")})
    made["responses"] = {"default": {"description": f"Default response for {route['routeKey']}"}}
    authorizer = authorizers.get(route.get("authorizerId") or "")
    if authorizer is not None:
        made["security"] = [{authorizer["name"]: list(route.get("authorizationScopes") or ())}]
    elif route.get("authorizationType") == "AWS_IAM" and integration is not None:
        made[f"{OWN}auth"] = {"type": "AWS_IAM"}
    if integration is not None:
        told = _some({name: integration.get(member) for member, name in INTEGRATION.items()})
        made[f"{OWN}integration"] = {**told, "type": str(told.get("type", "")).lower()}
    return made


def _scheme(authorizer: Members, *, has_extensions: bool) -> dict[str, Any]:
    kind = str(authorizer.get("authorizerType") or "").lower()
    made: dict[str, Any] = {"type": "oauth2"} if kind == "jwt" else {"type": "apiKey", "name": "Unused", "in": "header"}
    if has_extensions:
        told = _some({name: authorizer.get(member) for member, name in AUTHORIZER.items()})
        sources = ",".join(authorizer.get("identitySource") or ())
        made[f"{OWN}authorizer"] = {"type": kind, **_some({"identitySource": sources}), **told}
    return made


def _some(told: Members) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in told.items() if value is not None and value not in ("", [], {})}
