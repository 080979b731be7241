"""What an HTTP API is: stages, routes, integrations, authorizers, as its control plane tells them. No I/O.

Values are taken as they are told; what makes no sense serves nobody, and disturbs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.model.parameter_mapping import Change, changes_of
from lambda_emu.triggers.buckets import RouteThrottles, read_route_throttles
from lambda_emu.triggers.http_apis.routes import ANY, DEFAULT_KEY, Routes, RouteShape
from lambda_emu.triggers.known import Told

DEFAULT_STAGE = "$default"
INTEGRATION_S = 30.0
AUTHORIZER_TTL_S = 300.0
"""Of answers of a Lambda authorizer that says nothing of it."""
CORS_LISTS = ("AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders")


class Integration(Struct, frozen=True):
    """Where requests of a route go. kind: AWS_PROXY, HTTP_PROXY. credentials: a role, which needs no permission.

    changes: of a request before it goes there; answer_changes: of what comes back, by its status.
    """

    kind: str
    uri: str
    method: str
    payload_format: str
    timeout_s: float
    credentials: str | None
    subtype: str | None
    changes: tuple[Change, ...] = ()
    answer_changes: Mapping[str, tuple[Change, ...]] = {}


class Authorizer(Struct, frozen=True):
    """Who decides about a request. kind: JWT, with issuer and audience, or REQUEST, with the function at uri."""

    id: str
    kind: str
    identity_sources: tuple[str, ...]
    issuer: str
    audience: tuple[str, ...]
    uri: str
    payload_format: str
    is_simple: bool
    ttl_s: float
    credentials: str | None


class Route(Struct, frozen=True):
    """authorization: NONE, JWT, CUSTOM, AWS_IAM. integration, authorizer: None where there is none of that id."""

    key: str
    shape: RouteShape
    authorization: str
    authorizer: Authorizer | None
    scopes: tuple[str, ...]
    integration: Integration | None


class Stage(Struct, frozen=True):
    """routes: None while nothing is deployed to it."""

    name: str
    variables: Mapping[str, str]
    routes: Routes[Route] | None
    throttles: RouteThrottles = RouteThrottles()


class Api(Struct, frozen=True):
    """One HTTP API of an account in a region. cors: with the names that function URLs have for it."""

    kind: ClassVar[str] = "HTTP"

    id: str
    account: str
    region: str
    cors: Told | None
    is_disabled: bool
    stages: Mapping[str, Stage]

    def arn(self, below: str) -> str:
        """Of what is to be invoked: `<stage>/<method>/<path>`, `authorizers/<id>`."""
        return f"arn:{partition_of(self.region)}:execute-api:{self.region}:{self.account}:{self.id}/{below}"

    def source(self, stage: Stage, shape: RouteShape, method: str) -> str:
        """The ARN that a function's policy is asked about when a request takes a route. method: of the request."""
        if not shape.path:
            return self.arn(f"{stage.name}/{DEFAULT_KEY}")
        return self.arn(f"{stage.name}/{method if shape.method == ANY else shape.method}{shape.path}")


def read_api(told: Told) -> Api:
    """account, region, api, stages (with routes, integrations and authorizers)."""
    api = told["api"]
    stages = [_stage(one) for one in told["stages"]]
    return Api(
        api["apiId"],
        told["account"],
        told["region"],
        _cors(api.get("corsConfiguration")),
        bool(api.get("disableExecuteApiEndpoint")),
        {stage.name: stage for stage in stages},
    )


def _stage(told: Told) -> Stage:
    variables = {str(name): str(value) for name, value in (told.get("stageVariables") or {}).items()}
    deployed = told.get("deployed")
    routes = None if deployed is None else _routes(deployed)
    return Stage(told["stageName"], variables, routes, read_route_throttles(told))


def _routes(deployed: Told) -> Routes[Route]:
    integrations = {one["integrationId"]: _integration(one) for one in deployed["integrations"]}
    authorizers = {one["authorizerId"]: _authorizer(one) for one in deployed["authorizers"]}
    found = []
    for told in deployed["routes"]:
        shape = RouteShape.of(str(told.get("routeKey") or ""))
        if shape is None:
            continue
        target = str(told.get("target") or "").removeprefix("integrations/")
        route = Route(
            told["routeKey"],
            shape,
            told.get("authorizationType") or "NONE",
            authorizers.get(told.get("authorizerId") or ""),
            _texts(told.get("authorizationScopes")),
            integrations.get(target),
        )
        found.append((shape, route))
    return Routes(found)


def _integration(told: Told) -> Integration:
    return Integration(
        told.get("integrationType") or "",
        told.get("integrationUri") or "",
        told.get("integrationMethod") or "ANY",
        told.get("payloadFormatVersion") or "1.0",
        min(float(told.get("timeoutInMillis") or INTEGRATION_S * 1000) / 1000, INTEGRATION_S),
        told.get("credentialsArn"),
        told.get("integrationSubtype"),
        changes_of(told.get("requestParameters")),
        {status: changes_of(one) for status, one in (told.get("responseParameters") or {}).items()},
    )


def _authorizer(told: Told) -> Authorizer:
    jwt, ttl_s = told.get("jwtConfiguration") or {}, told.get("authorizerResultTtlInSeconds")
    sources = told.get("identitySource")
    return Authorizer(
        told["authorizerId"],
        told.get("authorizerType") or "",
        _texts([sources] if isinstance(sources, str) else sources),
        str(jwt.get("issuer") or jwt.get("Issuer") or ""),
        _texts(jwt.get("audience") or jwt.get("Audience")),
        told.get("authorizerUri") or "",
        told.get("authorizerPayloadFormatVersion") or "2.0",
        bool(told.get("enableSimpleResponses")),
        AUTHORIZER_TTL_S if ttl_s is None else float(ttl_s),
        told.get("authorizerCredentialsArn"),
    )


def _cors(told: Told | None) -> Told | None:
    if not told:
        return None
    found: dict[str, Any] = {name: _header_texts(told.get(name[0].lower() + name[1:])) for name in CORS_LISTS}
    max_age = told.get("maxAge")
    found["MaxAge"] = max_age if isinstance(max_age, int) else 0
    found["AllowCredentials"] = bool(told.get("allowCredentials"))
    return found


def _header_texts(told: Any) -> tuple[str, ...]:
    """What can stand in a header."""
    return tuple(one for one in _texts(told if isinstance(told, list) else ()) if one.isascii() and one.isprintable())


def _texts(told: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(one) for one in told or ())
