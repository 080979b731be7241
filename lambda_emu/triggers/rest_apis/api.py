"""What a REST API is: stages, deployments, resources, methods, integrations, as its control plane tells them. No I/O.

Values are taken as they are told; what makes no sense serves nobody, and disturbs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.triggers.buckets import Throttle
from lambda_emu.triggers.known import Told
from lambda_emu.triggers.rest_apis.mapping.answers import AnswerMapping, read_answer_mappings
from lambda_emu.triggers.rest_apis.mapping.requests import RequestMapping, read_request_mapping
from lambda_emu.triggers.rest_apis.mapping.schemas import Models
from lambda_emu.triggers.rest_apis.mapping.validation import Validator, read_models, read_validator
from lambda_emu.triggers.rest_apis.routes import Routes

INTEGRATION_S = 29.0
AUTHORIZER_TTL_S = 300.0
ACCOUNT_RATE, ACCOUNT_BURST = 10_000, 5000
"""What an account may ask of its APIs, a second and at once."""
ANY = "ANY"
TO_TEXT, TO_BINARY = "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"
EMPTY: Mapping[str, Any] = {}
TRIAL = "test-invoke-stage"
"""Name of the stage of what is tried before it is deployed."""


class Integration(Struct, frozen=True):
    """Where requests of a method go. kind: AWS, AWS_PROXY, HTTP, HTTP_PROXY, MOCK. credentials: a role.

    mapping: of requests; answers: of what comes back. content_handling: empty, TO_TEXT, TO_BINARY.
    """

    kind: str
    uri: str
    method: str
    timeout_s: float
    credentials: str | None
    mapping: RequestMapping
    content_handling: str
    answers: tuple[AnswerMapping, ...]

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


class Method(Struct, frozen=True):
    """verb: of a resource, or ANY. authorization: NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS.

    authorizer, integration: None where there is none of that id.
    """

    verb: str
    authorization: str
    authorizer: Authorizer | None
    scopes: tuple[str, ...]
    needs_key: bool
    operation: str | None
    validator: Validator
    integration: Integration | None


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
    """An API as it was when it was deployed. resources: by their ids; responses: by their types."""

    id: str
    resources: Mapping[str, Resource]
    routes: Routes[Resource]
    models: Models
    responses: Mapping[str, GatewayResponse]
    binary_types: tuple[str, ...]
    policy: str | None
    key_source: str


class Canary(Struct, frozen=True):
    """percent: of requests that another deployment of the stage has, with other variables."""

    percent: float
    deployment: Deployment | None
    variables: Mapping[str, str]


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
    """None: as the account, of which nothing is counted."""
    rate, burst = told.get("throttlingRateLimit"), told.get("throttlingBurstLimit")
    if rate is None or burst is None or rate < 0 or burst < 0:
        return None
    return None if rate >= ACCOUNT_RATE and burst >= ACCOUNT_BURST else Throttle(float(rate), float(burst))


def _canary(told: Told | None, deployments: Mapping[str, Deployment]) -> Canary | None:
    if not told:
        return None
    overrides = _texts_by_name(told.get("stageVariableOverrides"))
    return Canary(float(told.get("percentTraffic") or 0.0), deployments.get(told.get("deploymentId") or ""), overrides)


def _deployment(id: str, told: Told) -> Deployment:
    api = told["api"]
    authorizers = {one["id"]: read_authorizer(one) for one in told["authorizers"]}
    validators = {one["id"]: one for one in told["validators"]}
    resources = [_resource(one, authorizers, validators) for one in told["resources"]]
    return Deployment(
        id,
        {one.id: one for one in resources},
        Routes((one.path, one.methods, one) for one in resources),
        read_models({one["name"]: one.get("schema") or "" for one in told["models"]}),
        {one["responseType"]: _gateway_response(one) for one in told["responses"]},
        _texts(api.get("binaryMediaTypes")),
        api.get("policy") or None,
        api.get("apiKeySource") or "HEADER",
    )


def _resource(told: Told, authorizers: Mapping[str, Authorizer], validators: Mapping[str, Told]) -> Resource:
    methods = (told.get("resourceMethods") or {}).items()
    return Resource(
        told["id"], told["path"], {verb: _method(verb, one, authorizers, validators) for verb, one in methods}
    )


def _method(verb: str, told: Told, authorizers: Mapping[str, Authorizer], validators: Mapping[str, Told]) -> Method:
    integration = told.get("methodIntegration")
    return Method(
        verb,
        told.get("authorizationType") or "NONE",
        authorizers.get(told.get("authorizerId") or ""),
        _texts(told.get("authorizationScopes")),
        _flag(told.get("apiKeyRequired")),
        told.get("operationName") or None,
        read_validator(told, validators),
        None if not integration else _integration(integration),
    )


def _integration(told: Told) -> Integration:
    return Integration(
        told.get("type") or "",
        told.get("uri") or "",
        told.get("httpMethod") or ANY,
        min(float(told.get("timeoutInMillis") or INTEGRATION_S * 1000) / 1000, INTEGRATION_S),
        told.get("credentials") or None,
        read_request_mapping(told),
        told.get("contentHandling") or "",
        read_answer_mappings(told),
    )


def read_authorizer(told: Told) -> Authorizer:
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
