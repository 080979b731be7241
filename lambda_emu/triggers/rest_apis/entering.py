"""Where a request enters a REST API: its stage and deployment, and the resource and method that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.triggers.execute_api.addresses import ApiAddress, host_of
from lambda_emu.triggers.rest_apis.api import ANY, TRIAL, Deployment, Method, Resource, RestApi, Stage
from lambda_emu.triggers.rest_apis.refusals import ForbiddenStage, NoSuchMethod


class Entered(Struct, frozen=True):
    """A request that takes a method. path: below the stage. parameters: what the variables of the path stand for.

    variables: of the stage, or of its canary. authorizer: what is known of who asks, as the context has it; identity:
    and what `identity` has of that. domain: of the host that was asked.
    """

    request: Request
    api: RestApi
    address: ApiAddress
    stage: Stage
    deployment: Deployment
    is_canary: bool
    variables: Mapping[str, str]
    path: str
    resource: Resource
    method: Method
    parameters: Mapping[str, str]
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] = {}

    @property
    def arn(self) -> str:
        """Of the method as it is asked for: what authorizers are told, and policies allow."""
        return self.api.arn(f"{self.stage.name}/{self.request.method}{self.path}")

    @property
    def source(self) -> str:
        """The ARN that a function's policy is asked about."""
        verb = self.request.method if self.method.verb == ANY else self.method.verb
        return self.api.arn(f"{self.stage.name}/{verb}{self.resource.path}")

    @property
    def domain(self) -> str:
        return self.address.domain or host_of(self.api.id, self.api.region)

    @property
    def whole_path(self) -> str:
        """With the stage, but where one is only tried."""
        return self.path if self.stage.name == TRIAL else f"/{self.stage.name}{self.path}"


def stage_of(api: RestApi, address: ApiAddress) -> tuple[Stage, str]:
    """The stage that is meant, and the path below it. ForbiddenStage."""
    if api.is_disabled or address.region not in (None, api.region):
        raise ForbiddenStage(f"The API {api.id} is in another region, or its endpoint is disabled.")
    name, below = address.stage, address.path
    if name is None:
        name, slash, rest = address.path[1:].partition("/")
        below = f"{slash}{rest}" or "/"
    stage = api.stages.get(name)
    if stage is None:
        raise ForbiddenStage(f"The API has no stage {name!r}; the path begins with the stage's name.")
    return stage, below


def enter(asked: Request, api: RestApi, address: ApiAddress, chance: float) -> Entered:
    """chance: from 0 to 100, by which a canary is chosen. ForbiddenStage, NoSuchMethod."""
    stage, path = stage_of(api, address)
    deployment, variables, is_canary = stage.deployment, stage.variables, False
    canary = stage.canary
    if canary is not None and canary.deployment is not None and chance < canary.percent:
        deployment, variables, is_canary = canary.deployment, {**variables, **canary.variables}, True
    if deployment is None:
        raise ForbiddenStage("Nothing is deployed to this stage.")
    match = deployment.routes.match(asked.method, path)
    method = None if match is None else match.resource.method(asked.method)
    if match is None or method is None:
        raise NoSuchMethod(deployment, f"The deployment has no {asked.method} {path}.")
    return Entered(
        asked,
        api,
        address,
        stage,
        deployment,
        is_canary,
        variables,
        path,
        match.resource,
        method,
        match.parameters,
    )
