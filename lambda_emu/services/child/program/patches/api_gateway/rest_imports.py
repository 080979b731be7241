"""ImportRestApi and PutRestApi: a document becomes what the ordinary operations make, or nothing is changed.

moto's own take paths and integrations alone: no models, authorizers, validators, parameters, gateway responses.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.apigateway.exceptions import ApiGatewayException, BadRequestException, InvalidOpenApiModeException
from moto.apigateway.models import APIGatewayBackend, Resource, RestAPI
from moto.apigateway.responses import APIGatewayResponse

from lambda_emu.services.child.program.openapi.document import DocumentInvalid, Members, members, read_document
from lambda_emu.services.child.program.openapi.rest_plan import (
    MOST_RESOURCES,
    NO_MORE_RESOURCES,
    Method,
    RestPlan,
    plan_rest_api,
)
from lambda_emu.services.child.program.patches.api_gateway.rest_mappings import (
    check_integration,
    check_integration_response,
    check_method,
    check_method_response,
)

Answered = tuple[int, dict[str, Any], str | bytes]
MODES = ("merge", "overwrite")
KINDS = ("HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK")
DRAFT = '"$schema": "http://json-schema.org/draft-04/schema#"'
DEFAULT_MODELS = {
    "Empty": (
        "This is a default empty schema model",
        f'{{\n  {DRAFT},\n  "title" : "Empty Schema",\n  "type" : "object"\n}}',
    ),
    "Error": (
        "This is a default error schema model",
        f'{{\n  {DRAFT},\n  "title" : "Error Schema",\n  "type" : "object",\n  "properties" : {{\n'
        '    "message" : { "type" : "string" }\n  }\n}',
    ),
}
"""Of an API that is created, with what they are for."""
MOST_TOLD = 10
"""Of what is wrong."""

_create_rest_api: Callable[[Any], Answered]


def extend() -> None:
    """Before moto makes its app of this service, and after all else that replaces its CreateRestApi."""
    global _create_rest_api
    _create_rest_api = APIGatewayResponse.create_rest_api
    for operation in (create_rest_api, import_rest_api, put_rest_api):
        setattr(APIGatewayResponse, operation.__name__, operation)


def create_rest_api(response: Any) -> Answered:
    """Both operations have one address. What is not imported begins with two models."""
    if response._get_param("mode") == "import":
        return import_rest_api(response)
    answered = _create_rest_api(response)
    if answered[0] < 300:
        api = response.backend.get_rest_api(json.loads(answered[2])["id"])
        for name, (description, schema) in DEFAULT_MODELS.items():
            api.add_model(name, description, schema, "application/json")
    return answered


def import_rest_api(response: Any) -> Answered:
    backend: APIGatewayBackend = response.backend
    kinds = response._get_param("endpointConfigurationTypes")
    endpoint = {"types": kinds.split(",")} if isinstance(kinds, str) and kinds else None
    api = backend.create_rest_api("", "", endpoint_configuration=endpoint)  # type: ignore[arg-type]
    try:
        warnings = _put(response, api, is_new=True)
    except Exception:
        backend.delete_rest_api(api.id)
        raise
    return _answer(201, api, warnings)


def put_rest_api(response: Any) -> Answered:
    api = response.backend.get_rest_api(response.path.split("/")[2])
    mode = response._get_param("mode") or MODES[0]
    if mode not in MODES:
        raise InvalidOpenApiModeException
    with _as_it_was(api):
        if mode == "overwrite":
            _clear(api)
        warnings = _put(response, api, is_new=mode == "overwrite")
    return _answer(200, api, warnings)


def _answer(status: int, api: RestAPI, warnings: tuple[str, ...]) -> Answered:
    told = api.to_dict() | ({"warnings": list(warnings)} if warnings else {})
    return status, {"status": status}, json.dumps(told)


@contextmanager
def _as_it_was(api: RestAPI) -> Iterator[None]:
    """Whatever fails has changed nothing."""
    kept = copy.deepcopy(api.__dict__)
    try:
        yield
    except Exception:
        api.__dict__.clear()
        api.__dict__.update(kept)
        raise


def _clear(api: RestAPI) -> None:
    """All but what it is called, its stages and deployments, and its root."""
    root = api.resources[api.root_resource_id]
    root.resource_methods = {}
    api.resources = {root.id: root}
    for parts in (api.models, api.authorizers, api.request_validators, api.gateway_responses):
        parts.clear()
    api.binaryMediaTypes, api.api_key_source, api.minimum_compression_size = [], "HEADER", None


def _put(response: Any, api: RestAPI, *, is_new: bool) -> tuple[str, ...]:
    """What was amiss, but could be passed over. is_new: the document says what the API is called."""
    base_path = response._get_param("basepath") or "ignore"
    try:
        plan = plan_rest_api(read_document(response.body), api.id, frozenset(api.models), base_path.lower())
    except DocumentInvalid as error:
        raise BadRequestException(str(error)) from error
    if plan.warnings and str(response._get_param("failonwarnings")).lower() == "true":
        raise BadRequestException(_told("Warnings", plan.warnings))
    if is_new:
        api.name, api.description = plan.title, plan.description  # type: ignore[assignment]
        api.version = plan.version or api.version
    problems = _Import(response.backend, api).run(plan)
    if problems:
        raise BadRequestException(_told("Errors", tuple(problems)))
    return plan.warnings


def _told(what: str, lines: tuple[str, ...]) -> str:
    return f"{what} found during import:\n\t" + "\n\t".join(lines[:MOST_TOLD])


class _Import:
    """Of one plan into one API, by what the operations of moto do."""

    def __init__(self, backend: APIGatewayBackend, api: RestAPI) -> None:
        self._backend = backend
        self._api = api
        self._resources: dict[str, Resource] = {one.get_path(): one for one in api.resources.values()}
        self._problems: list[str] = []

    def run(self, plan: RestPlan) -> list[str]:
        self._settings(plan.settings)
        for name, schema in plan.models.items():
            self._api.add_model(name, None, schema, "application/json")  # type: ignore[arg-type]
        authorizers = {name: self._authorizer(name, told) for name, told in plan.authorizers.items()}
        validators = {name: self._validator(name, told) for name, told in plan.validators.items()}
        for kind, told in plan.gateway_responses.items():
            status = told.get("statusCode")
            self._backend.put_gateway_response(
                self._api.id,
                kind,
                None if status is None else str(status),  # type: ignore[arg-type]
                dict(members(told.get("responseParameters"))),
                dict(members(told.get("responseTemplates"))),
            )
        for path in plan.paths:
            with self._trying(f"Unable to create resource at path '{path}'"):
                self._resource(path)
        for method in plan.methods:
            self._method(method, authorizers, validators)
        return self._problems

    def _settings(self, told: Members) -> None:
        names = {"binaryMediaTypes": "binaryMediaTypes", "apiKeySource": "api_key_source", "policy": "policy"}
        names |= {"minimumCompressionSize": "minimum_compression_size"}
        names |= {"disableExecuteApiEndpoint": "disableExecuteApiEndpoint"}
        for name, value in told.items():
            setattr(self._api, names[name], value)

    def _authorizer(self, name: str, told: Members) -> str:
        """Its id; one of the same name is replaced."""
        there = next((one.id for one in self._api.authorizers.values() if one.name == name), None)
        made = self._backend.create_authorizer(
            self._api.id,
            name,
            told["type"],
            provider_arns=told["providerARNs"],
            auth_type=told["authType"],
            authorizer_uri=told["authorizerUri"],
            authorizer_credentials=told["authorizerCredentials"],
            identity_source=told["identitySource"],
            identiy_validation_expression=told["identityValidationExpression"],
            authorizer_result_ttl=told["authorizerResultTtlInSeconds"],
        )
        if there is not None and made.id != there:
            del self._api.authorizers[there]
        return str(made.id)

    def _validator(self, name: str, told: Members) -> str:
        there = next((one.id for one in self._api.request_validators.values() if one.name == name), None)
        body, parameters = told.get("validateRequestBody") is True, told.get("validateRequestParameters") is True
        made = self._backend.create_request_validator(self._api.id, name, body, parameters)
        if there is not None and made.id != there:
            del self._api.request_validators[there]
        return str(made.id)

    def _resource(self, path: str) -> Resource:
        """What is missing above it is made."""
        path = path.rstrip("/") or "/"
        found = self._resources.get(path)
        if found is None:
            if len(self._resources) > MOST_RESOURCES:
                raise BadRequestException(NO_MORE_RESOURCES)
            above, _, part = path.rpartition("/")
            parent = self._resource(above or "/")
            found = self._resources[path] = self._backend.create_resource(self._api.id, parent.id, part)
        return found

    def _method(self, method: Method, authorizers: dict[str, str], validators: dict[str, str]) -> None:
        resource = self._resources.get(method.path.rstrip("/") or "/")
        if resource is None:
            return  # it is told why
        place = f"'{method.verb}' on resource at path '{method.path}'"
        with self._trying(f"Unable to put method {place}"):
            if method.validator is not None and method.validator not in validators:
                raise BadRequestException("Invalid Request Validator identifier specified")
            check_method(self._api, method.models, method.parameters, None)
            made = resource.add_method(
                method.verb,
                method.authorization,
                method.needs_key,
                dict(method.parameters) or None,
                dict(method.models) or None,
                method.operation,
                None if method.authorizer is None else authorizers[method.authorizer],
                list(method.scopes) or None,
                None if method.validator is None else validators[method.validator],
            )
            for status, (models, parameters) in method.responses.items():
                check_method_response(self._api, models, parameters)
                made.create_response(status, dict(models), dict(parameters))  # type: ignore[arg-type]
        if method.integration is not None:
            with self._trying(f"Unable to put integration on {place}"):
                self._integration(resource, method, dict(method.integration))

    def _integration(self, resource: Resource, method: Method, told: dict[str, Any]) -> None:
        if told["integration_type"] not in KINDS:
            raise BadRequestException("Invalid integration type specified")
        if told["integration_type"] != "MOCK" and not told["uri"]:
            raise BadRequestException("Invalid HTTP endpoint specified for URI")
        made = resource.get_method(method.verb)
        check_integration(made, told.get("request_parameters"))
        self._backend.put_integration(self._api.id, resource.id, method.verb, **told)
        place = f"'{method.verb}' for resource at path '{method.path}'"
        for one in method.integration_responses:
            with self._trying(f"Unable to put integration response on {place}"):
                check_integration_response(made, str(one["status_code"]), one.get("response_parameters"))
                self._backend.put_integration_response(self._api.id, resource.id, method.verb, **one)

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiGatewayException as error:
            self._problems.append(f"{what}: {error.message}")
