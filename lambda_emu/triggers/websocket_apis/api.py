"""What a WebSocket API is: stages, routes, integrations, authorizers, as its control plane tells them. No I/O.

Values are taken as they are told; what makes no sense serves nobody, and disturbs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from lambda_emu.arn import partition_of
from lambda_emu.triggers.buckets import RouteThrottles, read_route_throttles
from lambda_emu.triggers.known import Told

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
INTEGRATION_S = 29.0


class IntegrationResponse(Struct, frozen=True):
    """What becomes of what a back end says. key: `$default`, or a pattern between slashes. templates: by their keys."""

    key: str
    templates: Mapping[str, str]
    selection: str


class SocketIntegration(Struct, frozen=True):
    """Where messages of a route go. kind: AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK. credentials: a role.

    templates: by their keys, of which `selection` chooses one. passthrough: what happens where there is none of it.
    """

    kind: str
    uri: str
    method: str
    timeout_s: float
    credentials: str | None
    templates: Mapping[str, str]
    selection: str
    passthrough: str
    parameters: Mapping[str, str]
    responses: tuple[IntegrationResponse, ...]
    response_selection: str


class SocketAuthorizer(Struct, frozen=True):
    """A function that decides who may connect, and what it looks at."""

    id: str
    kind: str
    uri: str
    identity_sources: tuple[str, ...]
    credentials: str | None


class SocketRoute(Struct, frozen=True):
    """answers: whether the client is told what the back end says, by a route response.

    models: names by their keys, of which `model_selection` chooses one; empty: messages are not checked.
    """

    key: str
    authorization: str
    authorizer: SocketAuthorizer | None
    integration: SocketIntegration | None
    answers: bool
    models: Mapping[str, str]
    model_selection: str


class SocketStage(Struct, frozen=True):
    """routes: by their keys; None while nothing is deployed to it. models: schemas by their names."""

    name: str
    variables: Mapping[str, str]
    routes: Mapping[str, SocketRoute] | None
    models: Mapping[str, Any]
    throttles: RouteThrottles = RouteThrottles()

    def route(self, key: str | None) -> SocketRoute | None:
        """The one of this key, else `$default`; None: neither is there."""
        routes = self.routes or {}
        found = None if key is None or key in (CONNECT, DISCONNECT) else routes.get(key)
        return found or routes.get(DEFAULT)


class SocketApi(Struct, frozen=True):
    """One WebSocket API of an account in a region. selection: the expression that chooses a message's route."""

    kind: ClassVar[str] = "WEBSOCKET"

    id: str
    account: str
    region: str
    selection: str
    is_disabled: bool
    stages: Mapping[str, SocketStage]

    def arn(self, below: str) -> str:
        """Of what is to be invoked: `<stage>/<route key>`, `authorizers/<id>`."""
        return f"arn:{partition_of(self.region)}:execute-api:{self.region}:{self.account}:{self.id}/{below}"


def read_api(told: Told) -> SocketApi:
    """account, region, api, stages (with routes, integrations and authorizers)."""
    api = told["api"]
    stages = [_stage(one) for one in told["stages"]]
    return SocketApi(
        api["apiId"],
        told["account"],
        told["region"],
        api["routeSelectionExpression"],
        bool(api.get("disableExecuteApiEndpoint")),
        {stage.name: stage for stage in stages},
    )


def _stage(told: Told) -> SocketStage:
    variables = {str(name): str(value) for name, value in (told.get("stageVariables") or {}).items()}
    deployed = told.get("deployed")
    if deployed is None:
        return SocketStage(told["stageName"], variables, None, {})
    models = _models(deployed.get("models"))
    return SocketStage(told["stageName"], variables, _routes(deployed), models, read_route_throttles(told))


def _routes(deployed: Told) -> Mapping[str, SocketRoute]:
    integrations = {one["integrationId"]: _integration(one) for one in deployed["integrations"]}
    authorizers = {one["authorizerId"]: _authorizer(one) for one in deployed["authorizers"]}
    found = {}
    for told in deployed["routes"]:
        key, target = str(told.get("routeKey") or ""), str(told.get("target") or "").removeprefix("integrations/")
        found[key] = SocketRoute(
            key,
            told.get("authorizationType") or "NONE",
            authorizers.get(told.get("authorizerId") or ""),
            integrations.get(target),
            bool(told.get("routeResponseSelectionExpression") and told.get("routeResponses")),
            _texts(told.get("requestModels")),
            told.get("modelSelectionExpression") or "",
        )
    return found


def _models(told: Told | None) -> Mapping[str, Any]:
    if not told:
        return {}
    from lambda_emu.triggers.rest_apis.mapping.validation import read_models  # here: few APIs have some

    return read_models(told)


def _integration(told: Told) -> SocketIntegration:
    return SocketIntegration(
        told.get("integrationType") or "",
        told.get("integrationUri") or "",
        told.get("integrationMethod") or "POST",
        min(float(told.get("timeoutInMillis") or INTEGRATION_S * 1000) / 1000, INTEGRATION_S),
        told.get("credentialsArn"),
        _texts(told.get("requestTemplates")),
        told.get("templateSelectionExpression") or "\\$default",
        told.get("passthroughBehavior") or "WHEN_NO_MATCH",
        _texts(told.get("requestParameters")),
        tuple(_response(one) for one in told.get("integrationResponses") or ()),
        told.get("integrationResponseSelectionExpression") or "",
    )


def _response(told: Told) -> IntegrationResponse:
    return IntegrationResponse(
        told.get("integrationResponseKey") or DEFAULT,
        _texts(told.get("responseTemplates")),
        told.get("templateSelectionExpression") or "\\$default",
    )


def _authorizer(told: Told) -> SocketAuthorizer:
    sources: str | Sequence[Any] = told.get("identitySource") or ()
    return SocketAuthorizer(
        told["authorizerId"],
        told.get("authorizerType") or "",
        told.get("authorizerUri") or "",
        tuple(str(one) for one in ([sources] if isinstance(sources, str) else sources)),
        told.get("authorizerCredentialsArn"),
    )


def _texts(told: Any) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in (told or {}).items()}
