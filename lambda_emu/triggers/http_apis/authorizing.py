"""Whether a request may take its route, by whichever authorizer that has. On the loop."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from lambda_emu.arn import Target
from lambda_emu.gateway.request import Request
from lambda_emu.invoke.request import trace_header
from lambda_emu.signatures.signers import BadSignature
from lambda_emu.triggers import http_event
from lambda_emu.triggers.execute_api.addresses import ApiAddress
from lambda_emu.triggers.execute_api.functions import function_named
from lambda_emu.triggers.execute_api.refusals import INVOKE_API, SIGNED_FOR, ApiFailure, Forbidden, Unauthorized
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis import lambda_authorizers, payload_v1
from lambda_emu.triggers.http_apis.api import Api, Authorizer, Route, Stage
from lambda_emu.triggers.http_apis.identity import IdentityInput, identity_values
from lambda_emu.triggers.http_apis.issuers import Issuers
from lambda_emu.triggers.http_apis.jwt import BadToken, check_scopes, token_context, token_in, unauthorized
from lambda_emu.triggers.http_apis.lambda_authorizers import LambdaAuthorizers
from lambda_emu.triggers.http_event import Door, EventTimes

BEARER = "Bearer"
NOBODY = "NONE"
"""Who is asked about requests to a route that anybody may take."""


class RoutedRequest(NamedTuple):
    """A request that takes a route. path: below the stage."""

    request: Request
    api: Api
    address: ApiAddress
    stage: Stage
    path: str
    door: Door

    @property
    def arn(self) -> str:
        return self.api.arn(f"{self.stage.name}/{self.request.method}{self.path}")


class Permit(NamedTuple):
    """It may. door: with what the authorizer says of who asks. until_s: how long that holds, by the steady clock."""

    door: Door
    until_s: float


class Authorizers:
    """Of all HTTP APIs."""

    def __init__(self, seams: Seams, issuers: Issuers, functions: LambdaAuthorizers) -> None:
        self._permissions = seams.permissions
        self._clock = seams.clock
        self._issuers = issuers
        self._functions = functions
        self._signers = seams.signers()
        self._may_invoke = seams.hosting.may_invoke
        self._times = EventTimes()
        self._ways = {"JWT": self._by_token, "CUSTOM": self._by_function, "AWS_IAM": self._by_signature}

    async def authorize(self, route: Route, asked: RoutedRequest) -> Permit:
        """Unauthorized, Forbidden; ApiFailure where the authorizer fails."""
        if route.authorization == NOBODY:
            return Permit(asked.door, math.inf)
        way = self._ways.get(route.authorization)
        if way is None:
            raise ApiFailure(f"There is no authorizationType {route.authorization}.")
        return await way(route, asked)

    async def _by_token(self, route: Route, asked: RoutedRequest) -> Permit:
        authorizer = _authorizer(route, "JWT")
        values = identity_values(authorizer.identity_sources, self._facts(asked))
        token = token_in(values[0]) if values else ""
        if not token:
            raise Unauthorized("The request brings no token where the identity source says.", BEARER)
        try:
            verified = await self._issuers.verify(token, authorizer)
        except BadToken as error:
            raise unauthorized(error, route.scopes) from error
        check_scopes(verified, route.scopes)
        left_s = verified.until_s - self._clock.now_s()
        return _permit(asked, token_context(verified, route.scopes), self._clock.monotonic_s() + left_s)

    async def _by_function(self, route: Route, asked: RoutedRequest) -> Permit:
        authorizer = _authorizer(route, "REQUEST")
        values = identity_values(authorizer.identity_sources, self._facts(asked))
        if values is None:
            raise Unauthorized("The request lacks one of the authorizer's identity sources.")
        target = function_named(authorizer.uri, asked.stage.variables)
        source = asked.api.arn(f"authorizers/{authorizer.id}")
        self._permissions.permitted(target, asked.api.account, source, authorizer.credentials)
        key = asked.api.id, asked.stage.name, authorizer, values
        said = await self._functions.ask(key, target, partial(self._event, asked, values, authorizer, target))
        lambda_authorizers.check(said, asked.arn)
        return _permit(asked, {"lambda": said.context}, said.until_s)

    async def _by_signature(self, route: Route, asked: RoutedRequest) -> Permit:
        try:
            signer = await self._signers.of(asked.request, SIGNED_FOR, asked.api.region)
        except BadSignature as error:
            raise Forbidden(str(error)) from error
        if signer is None:
            raise Forbidden(f"Sign for the service `{SIGNED_FOR}` in {asked.api.region}.")
        if signer.account != asked.api.account:
            raise Forbidden(f"The API is of the account {asked.api.account}, the key of {signer.account}.")
        reason = await self._may_invoke(signer.caller, asked.arn, asked.api.account, None, asked.request)
        if reason is not None:
            raise Forbidden(f"{signer.caller.arn} may not {INVOKE_API} on {asked.arn} {reason}.")
        return _permit(asked, signer.authorizer(asked.api.region), 0.0 if signer.is_known else math.inf)

    def _facts(self, asked: RoutedRequest) -> IdentityInput:
        event = self._described(asked, "2.0", "")
        return IdentityInput(asked.request.head, asked.request.query, asked.stage.variables, event["requestContext"])

    def _event(self, asked: RoutedRequest, values: tuple[str, ...], authorizer: Authorizer, target: Target) -> bytes:
        trace = trace_header(asked.request.header(b"x-amzn-trace-id"), self._clock, target)
        return authorizer_event(self._described(asked, authorizer.payload_format, trace), asked.arn, values)

    def _described(self, asked: RoutedRequest, version: str, trace: str) -> dict[str, Any]:
        """As the event that the route's function would be given, without a body."""
        request, now_s = asked.request, self._clock.now_s()
        make = payload_v1.make_template if version == "1.0" else http_event.make_template
        template = make(request.head, request.query, asked.door)
        event = template.event(trace, request.request_id, self._times.text(now_s), int(now_s * 1000), b"")
        described: dict[str, Any] = json.loads(event)
        return described


def authorizer_event(described: dict[str, Any], arn: str, values: Sequence[str]) -> bytes:
    """What a function is asked. described: as the event of the route's function. values: of the identity sources."""
    for name in ("body", "isBase64Encoded"):
        described.pop(name, None)
    version = described.pop("version")
    said: dict[str, Any] = {"version": version, "type": "REQUEST"}
    if version == "1.0":
        joined = ",".join(values)
        said |= {"methodArn": arn, "identitySource": joined, "authorizationToken": joined}
    else:
        said |= {"routeArn": arn, "identitySource": list(values) or None}
    return json.dumps(said | described).encode()


def _authorizer(route: Route, kind: str) -> Authorizer:
    if route.authorizer is None or route.authorizer.kind != kind:
        raise ApiFailure("The route's authorizer does not exist, or is of another type.")
    return route.authorizer


def _permit(asked: RoutedRequest, told: Mapping[str, Any], until_s: float) -> Permit:
    return Permit(replace(asked.door, authorizer=told), until_s)
