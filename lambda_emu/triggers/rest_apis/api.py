"""What a REST API is: stages, deployments, resources, methods, integrations, as its control plane tells them. No I/O.

Values are taken as they are told; what makes no sense serves nobody, and disturbs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.triggers.execute_api.apis import Told
from lambda_emu.triggers.rest_apis.routes import Routes

INTEGRATION_S = 29.0
AUTHORIZER_TTL_S = 300.0
ANY = "ANY"
TO_TEXT, TO_BINARY = "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"
EMPTY: Mapping[str, Any] = {}


class IntegrationResponse(Struct, frozen=True):
    """What becomes of an answer. pattern: of which ones, by their status or error; empty: of all others.

    parameters: by `method.response.header.<name>`, where each comes from. content_handling: empty, TO_TEXT, TO_BINARY.
    """

    status: str
    pattern: str
    parameters: Mapping[str, str]
    templates: Mapping[str, str]
    content_handling: str


class Integration(Struct, frozen=True):
    """Where requests of a method go. kind: AWS, AWS_PROXY, HTTP, HTTP_PROXY, MOCK. credentials: a role.

    parameters: by `integration.request.<place>.<name>`, where each comes from. templates: by media type.
    """

    kind: str
    uri: str
    method: str
    timeout_s: float
    credentials: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]
    passthrough: str
    content_handling: str
    responses: tuple[IntegrationResponse, ...]

    @property
    def is_function(self) -> bool:
        return self.kind.startswith("AWS") and ":lambda:path/" in self.uri


class Authorizer(Struct, frozen=True):
    """Who decides about a request. kind: TOKEN, REQUEST, COGNITO_USER_POOLS."""

    id: str
    name: str
    kind: str
    uri: str
    credentials: str | None
    identity_source: str
    validation: str
    ttl_s: float
    pools: tuple[str, ...]


class Validator(Struct, frozen=True):
    """What of a request is checked before its integration has it."""

    body: bool
    parameters: bool


class Model(Struct, frozen=True):
    """schema: JSON schema, draft 4, as text."""

    name: str
    content_type: str
    schema: str


class MethodResponse(Struct, frozen=True):
    """parameters: by `method.response.header.<name>`, whether each is required. models: by media type, their names."""

    status: str
    parameters: Mapping[str, bool]
    models: Mapping[str, str]


class Method(Struct, frozen=True):
    """verb: of a resource, or ANY. authorization: NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS.

    parameters: by `method.request.<place>.<name>`, whether each is required. models: by media type, their names.
    authorizer, validator, integration: None where there is none of that id.
    """

    verb: str
    authorization: str
    authorizer: Authorizer | None
    scopes: tuple[str, ...]
    needs_key: bool
    operation: str | None
    parameters: Mapping[str, bool]
    models: Mapping[str, str]
    validator: Validator | None
    integration: Integration | None
    responses: Mapping[str, MethodResponse]


class Resource(Struct, frozen=True):
    """A path of an API: `/items/{id}`."""

    id: str
    path: str
    methods: Mapping[str, Method]

    def method(self, verb: str) -> Method | None:
        return self.methods.get(verb) or self.methods.get(ANY)


class GatewayResponse(Struct, frozen=True):
    """What is told where an API answers itself. status: None: as it comes."""

    status: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


class Deployment(Struct, frozen=True):
    """An API as it was when it was deployed. responses: by their types."""

    id: str
    routes: Routes[Resource]
    models: Mapping[str, Model]
    responses: Mapping[str, GatewayResponse]
    binary_types: tuple[str, ...]
    policy: str | None
    key_source: str


class Canary(Struct, frozen=True):
    """percent: of requests that another deployment of the stage has, with other variables."""

    percent: float
    deployment: Deployment | None
    variables: Mapping[str, str]


class Throttle(Struct, frozen=True):
    """rate: requests a second. burst: at once."""

    rate: float
    burst: float


class Stage(Struct, frozen=True):
    """throttles: of methods, by `/path/METHOD`, and of all by `/*/*`."""

    name: str
    variables: Mapping[str, str]
    deployment: Deployment | None
    canary: Canary | None
    throttles: Mapping[str, Throttle]


class RestApi(Struct, frozen=True):
    """One REST API of an account in a region. usage: plans and keys of its stages, as they are told."""

    kind: ClassVar[str] = "REST"

    id: str
    account: str
    region: str
    is_disabled: bool
    stages: Mapping[str, Stage]
    usage: Told

    def arn(self, below: str) -> str:
        """Of what is to be invoked: `<stage>/<method>/<path>`, `authorizers/<id>`."""
        return f"arn:{partition_of(self.region)}:execute-api:{self.region}:{self.account}:{self.id}/{below}"


def read_api(told: Told) -> RestApi:
    """account, region, api, stages, deployments by id, usage."""
    api = told["api"]
    deployments = {id: _deployment(id, one) for id, one in told["deployments"].items()}
    stages = [_stage(one, deployments) for one in told["stages"]]
    return RestApi(
        api["id"],
        told["account"],
        told["region"],
        bool(api.get("disableExecuteApiEndpoint")),
        {stage.name: stage for stage in stages},
        told["usage"],
    )


def _stage(told: Told, deployments: Mapping[str, Deployment]) -> Stage:
    settings = told.get("methodSettings") or {}
    throttles = {path if path.startswith("/") else f"/{path}": _throttle(one) for path, one in settings.items()}
    return Stage(
        told["stageName"],
        _texts_by_name(told.get("variables")),
        deployments.get(told.get("deploymentId") or ""),
        _canary(told.get("canarySettings"), deployments),
        {path: one for path, one in throttles.items() if one is not None},
    )


def _throttle(told: Told) -> Throttle | None:
    rate, burst = told.get("throttlingRateLimit"), told.get("throttlingBurstLimit")
    return None if rate is None or burst is None or rate < 0 or burst < 0 else Throttle(float(rate), float(burst))


def _canary(told: Told | None, deployments: Mapping[str, Deployment]) -> Canary | None:
    if not told:
        return None
    overrides = _texts_by_name(told.get("stageVariableOverrides"))
    return Canary(float(told.get("percentTraffic") or 0.0), deployments.get(told.get("deploymentId") or ""), overrides)


def _deployment(id: str, told: Told) -> Deployment:
    api = told["api"]
    authorizers = {one["id"]: _authorizer(one) for one in told["authorizers"]}
    validators = {one["id"]: _validator(one) for one in told["validators"]}
    resources = [_resource(one, authorizers, validators) for one in told["resources"]]
    return Deployment(
        id,
        Routes((one.path, one.methods, one) for one in resources),
        {one["name"]: _model(one) for one in told["models"]},
        {one["responseType"]: _gateway_response(one) for one in told["responses"]},
        _texts(api.get("binaryMediaTypes")),
        api.get("policy") or None,
        api.get("apiKeySource") or "HEADER",
    )


def _resource(told: Told, authorizers: Mapping[str, Authorizer], validators: Mapping[str, Validator]) -> Resource:
    methods = (told.get("resourceMethods") or {}).items()
    return Resource(
        told["id"], told["path"], {verb: _method(verb, one, authorizers, validators) for verb, one in methods}
    )


def _method(
    verb: str, told: Told, authorizers: Mapping[str, Authorizer], validators: Mapping[str, Validator]
) -> Method:
    integration = told.get("methodIntegration")
    return Method(
        verb,
        told.get("authorizationType") or "NONE",
        authorizers.get(told.get("authorizerId") or ""),
        _texts(told.get("authorizationScopes")),
        _flag(told.get("apiKeyRequired")),
        told.get("operationName") or None,
        {name: _flag(one) for name, one in (told.get("requestParameters") or {}).items()},
        _texts_by_name(told.get("requestModels")),
        validators.get(told.get("requestValidatorId") or ""),
        None if not integration else _integration(integration),
        {status: _method_response(one) for status, one in (told.get("methodResponses") or {}).items()},
    )


def _method_response(told: Told) -> MethodResponse:
    parameters = {name: _flag(one) for name, one in (told.get("responseParameters") or {}).items()}
    return MethodResponse(str(told["statusCode"]), parameters, _texts_by_name(told.get("responseModels")))


def _integration(told: Told) -> Integration:
    return Integration(
        told.get("type") or "",
        told.get("uri") or "",
        told.get("httpMethod") or ANY,
        min(float(told.get("timeoutInMillis") or INTEGRATION_S * 1000) / 1000, INTEGRATION_S),
        told.get("credentials") or None,
        _texts_by_name(told.get("requestParameters")),
        _texts_by_name(told.get("requestTemplates")),
        told.get("passthroughBehavior") or "WHEN_NO_MATCH",
        told.get("contentHandling") or "",
        tuple(_integration_response(one) for one in (told.get("integrationResponses") or {}).values()),
    )


def _integration_response(told: Told) -> IntegrationResponse:
    return IntegrationResponse(
        str(told["statusCode"]),
        told.get("selectionPattern") or "",
        _texts_by_name(told.get("responseParameters")),
        _texts_by_name(told.get("responseTemplates")),
        told.get("contentHandling") or "",
    )


def _authorizer(told: Told) -> Authorizer:
    ttl_s = told.get("authorizerResultTtlInSeconds")
    return Authorizer(
        told["id"],
        told.get("name") or "",
        told.get("type") or "",
        told.get("authorizerUri") or "",
        told.get("authorizerCredentials") or None,
        told.get("identitySource") or "",
        told.get("identityValidationExpression") or "",
        AUTHORIZER_TTL_S if ttl_s is None else float(ttl_s),
        _texts(told.get("providerARNs")),
    )


def _validator(told: Told) -> Validator:
    return Validator(_flag(told.get("validateRequestBody")), _flag(told.get("validateRequestParameters")))


def _model(told: Told) -> Model:
    return Model(told["name"], told.get("contentType") or "application/json", told.get("schema") or "")


def _gateway_response(told: Told) -> GatewayResponse:
    status = told.get("statusCode")
    return GatewayResponse(
        None if not status else str(status),
        _texts_by_name(told.get("responseParameters")),
        _texts_by_name(told.get("responseTemplates")),
    )


def _flag(told: Any) -> bool:
    """Some clients say it as a text."""
    return told is True or (isinstance(told, str) and told.lower() == "true")


def _texts(told: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(one) for one in told or ())


def _texts_by_name(told: Mapping[str, Any] | None) -> Mapping[str, str]:
    """What is null is an empty text."""
    return {str(name): "" if value is None else str(value) for name, value in (told or {}).items()}
