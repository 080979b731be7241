"""A REST API, as a stage serves it, written as a document of OpenAPI 3 or Swagger 2."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.services.child.program.openapi.document import OWN, Members

JSON = "application/json"
KINDS = ("oas30", "swagger")
EVERYTHING, INTEGRATIONS, AUTHORIZERS = "apigateway", "integrations", "authorizers"
"""Extensions that may be asked for; the first one means all."""
PLACES = {"header": "header", "querystring": "query", "path": "path"}
SIGNED, KEY = "sigv4", "api_key"
STRING = {"type": "string"}
SETTINGS = {
    "binaryMediaTypes": f"{OWN}binary-media-types",
    "apiKeySource": f"{OWN}api-key-source",
    "minimumCompressionSize": f"{OWN}minimum-compression-size",
}
INTEGRATION = {
    **{"uri": "uri", "httpMethod": "httpMethod", "credentials": "credentials", "requestTemplates": "requestTemplates"},
    **{"requestParameters": "requestParameters", "passthroughBehavior": "passthroughBehavior"},
    **{"contentHandling": "contentHandling", "timeoutInMillis": "timeoutInMillis", "cacheNamespace": "cacheNamespace"},
    **{"connectionType": "connectionType", "tlsConfig": "tlsConfig"},
}
AUTHORIZER = (
    *("authorizerUri", "authorizerCredentials", "identitySource", "identityValidationExpression"),
    *("authorizerResultTtlInSeconds", "providerARNs"),
)


def write_rest_api(told: Members, region: str, stage: str, kind: str, extensions: frozenset[str]) -> dict[str, Any]:
    """told: api, resources, authorizers, validators, models, responses, as operations tell them. kind: of KINDS."""
    return _Writing(told, kind == KINDS[1], extensions).document(region, stage)


class _Writing:
    def __init__(self, told: Members, is_old: bool, extensions: frozenset[str]) -> None:
        self._told = told
        self._is_old = is_old
        self._extensions = extensions
        self._authorizers = {one["id"]: one for one in told["authorizers"]}
        self._validators = {one["id"]: one["name"] for one in told["validators"]}
        self._schemes: dict[str, Any] = {}

    def document(self, region: str, stage: str) -> dict[str, Any]:
        api = self._told["api"]
        host = f"{api['id']}.execute-api.{region}.amazonaws.com"
        info = {"title": api["name"], "description": api.get("description"), "version": api.get("version")}
        made: dict[str, Any] = {"swagger": "2.0"} if self._is_old else {"openapi": "3.0.1"}
        made["info"] = _some(info)
        if self._is_old:
            made |= {"host": host, "basePath": f"/{stage}", "schemes": ["https"]}
        else:
            variables = {"basePath": {"default": f"/{stage}"}}
            made["servers"] = [{"url": f"https://{host}/{{basePath}}", "variables": variables}]
        made["paths"] = {
            one["path"]: dict(self._operations(one)) for one in self._told["resources"] if one.get("resourceMethods")
        }
        return made | self._parts() | self._own_parts()

    def _parts(self) -> dict[str, Any]:
        schemas = {one["name"]: self._schema(one.get("schema") or "{}") for one in self._told["models"]}
        if self._is_old:
            return _some({"definitions": schemas, "securityDefinitions": self._schemes})
        return _some({"components": _some({"schemas": schemas, "securitySchemes": self._schemes})})

    def _own_parts(self) -> dict[str, Any]:
        if not self._has(EVERYTHING):
            return {}
        api = self._told["api"]
        validators = {
            one["name"]: {name: bool(one.get(name)) for name in ("validateRequestBody", "validateRequestParameters")}
            for one in self._told["validators"]
        }
        names = ("statusCode", "responseParameters", "responseTemplates")
        responses = {
            one["responseType"]: _some({name: one.get(name) for name in names}) for one in self._told["responses"]
        }
        policy = json.loads(api["policy"]) if isinstance(api.get("policy"), str) and api["policy"] else None
        named = {own: api.get(name) for name, own in SETTINGS.items()}
        named |= {f"{OWN}policy": policy, f"{OWN}request-validators": validators, f"{OWN}gateway-responses": responses}
        return _some(named)

    def _operations(self, resource: Members) -> Iterator[tuple[str, Any]]:
        for verb, method in resource["resourceMethods"].items():
            yield f"{OWN}any-method" if verb == "ANY" else verb.lower(), self._operation(method)

    def _operation(self, method: Members) -> dict[str, Any]:
        made: dict[str, Any] = _some({"operationId": method.get("operationName")})
        parameters = [self._parameter(name, needed) for name, needed in (method.get("requestParameters") or {}).items()]
        models = method.get("requestModels") or {}
        if self._is_old and models:
            named = next(iter(models.values()))
            parameters.append({"in": "body", "name": named, "required": True, "schema": self._reference(named)})
            made["consumes"] = [*models]
        elif models:
            content = {media_type: {"schema": self._reference(name)} for media_type, name in models.items()}
            made["requestBody"] = {"content": content, "required": True}
        if parameters:
            made["parameters"] = parameters
        responses = method.get("methodResponses") or {}
        if self._is_old and (types := {kind for one in responses.values() for kind in one.get("responseModels") or ()}):
            made["produces"] = sorted(types)
        made["responses"] = {status: self._response(status, one) for status, one in responses.items()}
        if security := self._security(method):
            made["security"] = security
        validator = self._validators.get(method.get("requestValidatorId") or "")
        if validator is not None and self._has(EVERYTHING):
            made[f"{OWN}request-validator"] = validator
        if method.get("methodIntegration") and self._has(INTEGRATIONS):
            made[f"{OWN}integration"] = _integration(method["methodIntegration"])
        return made

    def _parameter(self, name: str, needed: Any) -> dict[str, Any]:
        place, _, called = name.removeprefix("method.request.").partition(".")
        shape = STRING if self._is_old else {"schema": STRING}
        is_needed = place == "path" or needed is True or needed == "true"
        return {"name": called, "in": PLACES.get(place, place), **({"required": True} if is_needed else {}), **shape}

    def _response(self, status: str, told: Members) -> dict[str, Any]:
        names = [name.rpartition(".")[2] for name in told.get("responseParameters") or {}]
        headers = {name: STRING if self._is_old else {"schema": STRING} for name in names}
        models = told.get("responseModels") or {}
        made = {"description": f"{status} response", **_some({"headers": headers})}
        if models and self._is_old:
            made["schema"] = self._reference(next(iter(models.values())))
        elif models:
            made["content"] = {kind: {"schema": self._reference(name)} for kind, name in models.items()}
        return made

    def _security(self, method: Members) -> list[dict[str, list[str]]]:
        found: list[dict[str, list[str]]] = []
        authorizer = self._authorizers.get(method.get("authorizerId") or "")
        if authorizer is not None:
            name = authorizer["name"]
            self._schemes[name] = self._scheme(authorizer)
            found.append({name: list(method.get("authorizationScopes") or ())})
        elif method.get("authorizationType") == "AWS_IAM":
            own = {f"{OWN}authtype": "awsSigv4"} if self._has(AUTHORIZERS) else {}
            self._schemes[SIGNED] = {"type": "apiKey", "name": "Authorization", "in": "header", **own}
            found.append({SIGNED: []})
        if method.get("apiKeyRequired"):
            self._schemes[KEY] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
            found.append({KEY: []})
        return found

    def _scheme(self, authorizer: Members) -> dict[str, Any]:
        source = str(authorizer.get("identitySource") or "")
        begin = "method.request.header."
        header = source.removeprefix(begin) if source.startswith(begin) and "," not in source else "Unused"
        made = {"type": "apiKey", "name": header, "in": "header"}
        if not self._has(AUTHORIZERS):
            return made
        kind = str(authorizer.get("type") or "").lower()
        told = _some({name: authorizer.get(name) for name in AUTHORIZER})
        authtype = authorizer.get("authType") or ("cognito_user_pools" if kind == "cognito_user_pools" else "custom")
        return {**made, f"{OWN}authtype": authtype, f"{OWN}authorizer": {"type": kind, **told}}

    def _has(self, extension: str) -> bool:
        return EVERYTHING in self._extensions or extension in self._extensions

    def _reference(self, name: str) -> dict[str, str]:
        return {"$ref": f"#/{'definitions' if self._is_old else 'components/schemas'}/{name}"}

    def _schema(self, text: str) -> Any:
        try:
            return self._referring(json.loads(text))
        except (ValueError, RecursionError):
            return {}

    def _referring(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._referring(one) for one in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str) and "/models/" in reference:
            return {**value, **self._reference(reference.rpartition("/")[2])}
        return {name: self._referring(one) for name, one in value.items()}


def _integration(told: Members) -> dict[str, Any]:
    made = {"type": str(told.get("type") or "").lower()}
    made |= _some({name: told.get(member) for member, name in INTEGRATION.items()})
    if "passthroughBehavior" in made:
        made["passthroughBehavior"] = made["passthroughBehavior"].lower()
    responses = {}
    for one in (told.get("integrationResponses") or {}).values():
        names = ("statusCode", "responseParameters", "responseTemplates", "contentHandling")
        responses[one.get("selectionPattern") or "default"] = _some({name: one.get(name) for name in names})
    return made | _some({"responses": responses})


def _some(told: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}
