"""Whether a client may connect, by whatever authorizer `$connect` has. On the loop. docs/contract/events.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.arn import Target
from lambda_emu.gateway.request import Request
from lambda_emu.invoke.request import trace_header
from lambda_emu.signatures.signers import BadSignature
from lambda_emu.triggers.execute_api.functions import function_named
from lambda_emu.triggers.execute_api.refusals import INVOKE_API, SIGNED_FOR, ApiFailure, Forbidden, Unauthorized
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis import lambda_authorizers
from lambda_emu.triggers.http_apis.api import Authorizer
from lambda_emu.triggers.http_apis.identity import IdentityInput, identity_values
from lambda_emu.triggers.http_apis.lambda_authorizers import LambdaAuthorizers
from lambda_emu.triggers.websocket_apis.api import SocketApi, SocketAuthorizer, SocketRoute, SocketStage
from lambda_emu.triggers.websocket_apis.connections import Client
from lambda_emu.triggers.websocket_apis.events import Occasion, said_by
from lambda_emu.triggers.websocket_apis.refusals import MayNot

NOBODY = "NONE"


class Entrance(NamedTuple):
    """A client before it is connected, and the request that it begins with."""

    asked: Request
    api: SocketApi
    stage: SocketStage
    client: Client
    occasion: Occasion

    @property
    def arn(self) -> str:
        return self.api.arn(f"{self.stage.name}/{self.occasion.route_key}")


class SocketAuthorizers:
    """Of all WebSocket APIs. Nothing of what they say is kept: each connection is asked about once."""

    def __init__(self, seams: Seams, functions: LambdaAuthorizers) -> None:
        self._clock = seams.clock
        self._functions = functions
        self._signers = seams.signers()
        self._permissions = seams.permissions
        self._may_invoke = seams.hosting.may_invoke

    async def authorize(self, route: SocketRoute, entrance: Entrance) -> None:
        """What is said of who connects goes into its events. Unauthorized, Forbidden, MayNot, ApiFailure."""
        if route.authorization == NOBODY:
            return
        if route.authorization == "CUSTOM":
            await self._by_function(route.authorizer, entrance)
        elif route.authorization == "AWS_IAM":
            await self._by_signature(entrance)
        else:
            raise ApiFailure(f"There is no authorizationType {route.authorization} of WebSocket APIs.")

    async def _by_function(self, authorizer: SocketAuthorizer | None, entrance: Entrance) -> None:
        if authorizer is None or authorizer.kind != "REQUEST":
            raise ApiFailure("The route's authorizer does not exist, or is of another type.")
        asked, api, stage = entrance.asked, entrance.api, entrance.stage
        context = json.loads(entrance.client.events.context(entrance.occasion))
        sources = tuple(_source(one) for one in authorizer.identity_sources)
        if identity_values(sources, IdentityInput(asked.head, asked.query, stage.variables, context)) is None:
            raise Unauthorized("The request lacks one of the authorizer's identity sources.")
        target = function_named(authorizer.uri, stage.variables)
        source = api.arn(f"authorizers/{authorizer.id}")
        self._permissions.permitted(target, api.account, source, authorizer.credentials)
        asks = Authorizer(authorizer.id, "REQUEST", (), "", (), authorizer.uri, "1.0", False, 0.0, None)
        key = api.id, stage.name, asks, ()
        said = await self._functions.ask(key, target, lambda: self._event(entrance, context, target))
        lambda_authorizers.check(said, entrance.arn)
        entrance.client.events.authorized(said.context)

    async def _by_signature(self, entrance: Entrance) -> None:
        region = entrance.api.region
        try:
            signer = await self._signers.of(entrance.asked, SIGNED_FOR, region)
        except BadSignature as error:
            raise Forbidden(str(error)) from error
        if signer is None:
            raise Forbidden(f"Sign for the service `{SIGNED_FOR}` in {region}.")
        if signer.account != entrance.api.account:
            raise Forbidden(f"The API is of the account {entrance.api.account}, the key of {signer.account}.")
        account = entrance.api.account
        reason = await self._may_invoke(signer.caller, entrance.arn, account, None, entrance.asked)
        if reason is not None:
            raise MayNot(signer.caller.arn, INVOKE_API, entrance.arn, reason)
        entrance.client.events.signed(_identity(entrance.client.identity, signer.authorizer(region)["iam"]))

    def _event(self, entrance: Entrance, context: Mapping[str, Any], target: Target) -> bytes:
        asked = entrance.asked
        trace = trace_header(asked.header(b"x-amzn-trace-id"), self._clock, target)
        said = said_by(asked.head, asked.query, trace)
        return connect_event(entrance.arn, said, entrance.stage.variables, context)


def connect_event(arn: str, said: Mapping[str, Any], variables: Mapping[str, str], context: Mapping[str, Any]) -> bytes:
    """What the function is asked. said: by `said_by`. variables: of the stage."""
    empty: dict[str, Any] = {"queryStringParameters": {}, "multiValueQueryStringParameters": {}}
    told = {"type": "REQUEST", "methodArn": arn, **empty, **said}
    return json.dumps({**told, "stageVariables": dict(variables), "requestContext": context}).encode()


def _source(said: str) -> str:
    """`route.request.header.Auth`, `context.…` and `stageVariables.…`, as HTTP APIs have them."""
    return f"${said.removeprefix('route.')}"


def _identity(before: Mapping[str, Any], iam: Mapping[str, Any]) -> Mapping[str, Any]:
    """docs/contract/events.md: the members of REST APIs' identity."""
    named = {"caller": iam["callerId"], "user": iam["userId"]}
    return named | {name: iam[name] for name in ("accessKey", "accountId", "principalOrgId", "userArn")} | dict(before)
