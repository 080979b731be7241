"""Authorizers that are functions: by a token, or by the whole request. What they say is kept by identity. On the loop.

docs/contract/events.md#authorizers-of-rest-apis.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.arn import Target
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke.request import FutureReply, InvokeRequest, trace_header
from lambda_emu.triggers.execute_api.functions import function_named
from lambda_emu.triggers.execute_api.refusals import ApiRefusal
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_event import EventTimes, source_of
from lambda_emu.triggers.rest_apis.api import Authorizer
from lambda_emu.triggers.rest_apis.authorizing.identity import identity_values
from lambda_emu.triggers.rest_apis.authorizing.patterns import fits
from lambda_emu.triggers.rest_apis.authorizing.permit import Permit, told
from lambda_emu.triggers.rest_apis.authorizing.policies import AuthorizerAnswer, check, read_answer
from lambda_emu.triggers.rest_apis.context import Moment
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.event import make_template
from lambda_emu.triggers.rest_apis.refusals import AuthorizerFailed, AuthorizerMisconfigured, UnknownCaller

TOKEN = "TOKEN"
LIMIT_S = 29.0
"""As long as any integration may take (?)."""
MOST_KEPT = 1024
UNAUTHORIZED = "Unauthorized"
"""Text of the error by which a function says that nobody knows who asks."""
OBJECTS = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")
"""Members of an event that are empty objects here where there is nothing in them."""

Key = tuple[str, str, Authorizer, tuple[str, ...]]
"""An API, its stage, the authorizer as it is deployed, and what it looks at."""


class Kept:
    """until_s: by the steady clock. latency_ms: how long the function took."""

    __slots__ = ("answer", "latency_ms", "until_s")

    def __init__(self, answer: AuthorizerAnswer, latency_ms: int, until_s: float) -> None:
        self.answer = answer
        self.latency_ms = latency_ms
        self.until_s = until_s


class FunctionAuthorizers:
    """Of kinds TOKEN and REQUEST."""

    def __init__(self, seams: Seams) -> None:
        self._invoke = seams.invoke
        self._loop = seams.loop
        self._clock = seams.clock
        self._permissions = seams.permissions
        self._times = EventTimes()
        self._kept: dict[Key, Kept] = {}
        seams.at_reset.append(self._kept.clear)

    async def authorize(self, entered: Entered) -> Permit:
        """RestRefusal."""
        authorizer, values = self._identity(entered)
        key = entered.api.id, entered.stage.name, authorizer, values
        said = self._kept.get(key)
        if said is None or said.until_s <= self._clock.monotonic_s():
            said = await self._ask(key, entered)
        check(said.answer, entered.arn, source_of(entered.request.head))
        context = {**said.answer.context, "integrationLatency": said.latency_ms}
        return Permit(told(entered, context), said.until_s, said.answer.usage_key)

    async def try_out(self, entered: Entered) -> bytes:
        """What the function says, asked now; nothing is kept of it. RestRefusal."""
        authorizer, values = self._identity(entered)
        target = self._target(entered, authorizer)
        return await self._run(target, self._event(entered, authorizer, values, target))

    def _identity(self, entered: Entered) -> tuple[Authorizer, tuple[str, ...]]:
        """The authorizer, and what it looks at. UnknownCaller, AuthorizerMisconfigured."""
        authorizer = entered.method.authorizer
        if authorizer is None or authorizer.kind not in (TOKEN, "REQUEST"):
            raise AuthorizerMisconfigured("The method's authorizer does not exist, or is no function.")
        context = (
            described(entered, self._moment(entered, ""))["requestContext"]
            if "context." in authorizer.identity_source
            else {}
        )
        values = identity_values(authorizer.identity_source, entered, context)
        if values is None:
            raise UnknownCaller("The request lacks one of the authorizer's identity sources.")
        if authorizer.kind == TOKEN:
            _check_token(authorizer, values)
        return authorizer, values

    def _target(self, entered: Entered, authorizer: Authorizer) -> Target:
        """AuthorizerMisconfigured."""
        try:
            target = function_named(authorizer.uri, entered.variables)
            source = entered.api.arn(f"authorizers/{authorizer.id}")
            self._permissions.permitted(target, entered.api.account, source, authorizer.credentials)
        except ApiRefusal as error:
            raise AuthorizerMisconfigured(error.hint) from error
        return target

    async def _ask(self, key: Key, entered: Entered) -> Kept:
        authorizer, values = key[2], key[3]
        target = self._target(entered, authorizer)
        begun_s = self._clock.monotonic_s()
        payload = await self._run(target, self._event(entered, authorizer, values, target))
        ended_s = self._clock.monotonic_s()
        keeps_s = authorizer.ttl_s if values else 0.0  # who looks at nothing is asked each time
        kept = Kept(read_answer(payload), round((ended_s - begun_s) * 1000), ended_s + keeps_s)
        if keeps_s > 0:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept
        return kept

    async def _run(self, target: Target, event: Mapping[str, Any]) -> bytes:
        """UnknownCaller, AuthorizerFailed."""
        answer: asyncio.Future[Outcome | LambdaError] = asyncio.get_running_loop().create_future()
        self._invoke(InvokeRequest(self._clock.new_id(), target, json.dumps(event).encode()), FutureReply(answer))
        try:
            outcome = await asyncio.wait_for(answer, LIMIT_S)
        except TimeoutError as error:
            raise AuthorizerFailed(f"The authorizer did not answer within {LIMIT_S:g} s.") from error
        if isinstance(outcome, LambdaError):
            raise AuthorizerFailed(f"The authorizer could not be invoked: {outcome.text}")
        if not outcome.failed:
            return outcome.payload
        if _error_text(outcome.payload) == UNAUTHORIZED:
            raise UnknownCaller("The authorizer says so.")
        raise AuthorizerFailed("The authorizer failed; its log has the error.")

    def _event(
        self, entered: Entered, authorizer: Authorizer, values: tuple[str, ...], target: Target
    ) -> Mapping[str, Any]:
        if authorizer.kind == TOKEN:
            return token_event(entered, values[0])
        return request_event(entered, self._moment(entered, trace_header(None, self._clock, target)))

    def _moment(self, entered: Entered, trace: str) -> Moment:
        now_s = self._clock.now_s()
        return Moment(entered.request.request_id, self._times.text(now_s), int(now_s * 1000), trace)


def token_event(entered: Entered, token: str) -> Mapping[str, Any]:
    """What a function of kind TOKEN is asked."""
    return {"type": TOKEN, "methodArn": entered.arn, "authorizationToken": token}


def request_event(entered: Entered, moment: Moment) -> Mapping[str, Any]:
    """What one of kind REQUEST is asked."""
    asked = described(entered, moment)
    for name in ("body", "isBase64Encoded"):
        del asked[name]
    empty = {name: asked[name] or {} for name in OBJECTS}
    return {"type": "REQUEST", "methodArn": entered.arn, **asked, **empty}


def described(entered: Entered, moment: Moment) -> dict[str, Any]:
    """As the event that a proxy would be given, without a body."""
    made: dict[str, Any] = json.loads(make_template(entered, is_binary=False).event(moment, b""))
    return made


def _check_token(authorizer: Authorizer, values: tuple[str, ...]) -> None:
    """UnknownCaller, AuthorizerMisconfigured."""
    if not values:
        raise UnknownCaller("The authorizer has no identity source.")
    if authorizer.validation and not fits(authorizer.validation, values[0]):
        raise UnknownCaller("The token does not fit the authorizer's identityValidationExpression.")


def _error_text(payload: bytes) -> str | None:
    try:
        found = json.loads(payload).get("errorMessage")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
