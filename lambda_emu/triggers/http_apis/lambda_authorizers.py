"""Lambda authorizers: what they are given, what they may say, and how long that holds. docs/contract/events.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from msgspec.json import decode

from lambda_emu.arn import Target
from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke.request import GatheredReply, Invoke, InvokeRequest
from lambda_emu.triggers.execute_api.refusals import ApiFailure, Forbidden, Unauthorized
from lambda_emu.triggers.http_apis.api import Authorizer

ACTION = "execute-api:Invoke"
LIMIT_S = 10.0
"""As long as AWS waits for an authorizer."""
MOST_KEPT = 1024
UNAUTHORIZED = "Unauthorized"
"""Text of the error by which an authorizer says that nobody knows who asks."""

CacheKey = tuple[str, str, Authorizer, tuple[str, ...]]
"""An API, its stage, the authorizer as it is now, and what it looks at."""


class AuthorizerAnswer(NamedTuple):
    """What an authorizer answered, until until_s. statements: of its policy; None: it said simply whether."""

    is_authorized: bool
    statements: tuple[Mapping[str, Any], ...] | None
    context: Mapping[str, Any]
    until_s: float

    def allows(self, arn: str) -> bool:
        if self.statements is None:
            return self.is_authorized
        effects = {one["Effect"] for one in self.statements if _is_about(one, arn)}
        return "Deny" not in effects and "Allow" in effects


class LambdaAuthorizers:
    """Asks them, and keeps what they said. On the loop."""

    def __init__(self, invoke: Invoke, clock: Clock) -> None:
        self._invoke = invoke
        self._clock = clock
        self._kept: dict[CacheKey, AuthorizerAnswer] = {}

    async def ask(self, key: CacheKey, target: Target, make_event: Callable[[], bytes]) -> AuthorizerAnswer:
        """What it says of who asks so, or said not long ago. ApiFailure, Unauthorized."""
        authorizer, now_s = key[2], self._clock.monotonic_s()
        said = self._kept.get(key)
        if said is not None and said.until_s > now_s:
            return said
        reply = AuthorizerReply(self._clock)
        request = InvokeRequest(self._clock.new_id(), target, make_event())
        self._invoke(request, reply)
        payload = await reply.answer
        keeps_s = authorizer.ttl_s if key[3] else 0.0  # who looks at nothing is asked each time
        said = read_answer(payload, authorizer, now_s + keeps_s)
        if keeps_s > 0:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = said
        return said


class AuthorizerReply(GatheredReply):
    """One call of an authorizer. answer: what it returned; ApiFailure, Unauthorized."""

    def __init__(self, clock: Clock) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._limit = clock.call_later(LIMIT_S, self._late)

    def done(self, outcome: Outcome) -> None:
        if outcome.failed:
            self._fail(_error_of(outcome.payload))
        elif not self.answer.done():
            self.answer.set_result(outcome.payload)
        self._limit.cancel()

    def refused(self, error: LambdaError) -> None:
        self._fail(ApiFailure(f"The authorizer could not be invoked: {error.text}"))
        self._limit.cancel()

    def _late(self) -> None:
        self._fail(ApiFailure(f"The authorizer did not answer within {LIMIT_S:g} s."))

    def _fail(self, error: LambdaError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def read_answer(payload: bytes, authorizer: Authorizer, until_s: float) -> AuthorizerAnswer:
    """ApiFailure: it is none."""
    try:
        said = decode(payload)  # as the event it becomes part of is written
    except (ValueError, RecursionError) as error:
        raise ApiFailure("The authorizer's answer is not JSON.") from error
    context = said.get("context") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(context, dict | None):
        raise ApiFailure("The authorizer's answer is no object, or its context is none.")
    if authorizer.is_simple and authorizer.payload_format == "2.0":
        if not isinstance(said.get("isAuthorized"), bool):
            raise ApiFailure("The authorizer's answer has no isAuthorized that is true or false.")
        return AuthorizerAnswer(said["isAuthorized"], None, context or {}, until_s)
    document = said.get("policyDocument")
    statements = document.get("Statement") if isinstance(document, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not all(_is_statement(one) for one in statements):
        raise ApiFailure("The authorizer's answer has no policyDocument with statements.")
    found: dict[str, Any] = dict(context or {})
    if authorizer.payload_format == "1.0":
        found["principalId"] = said.get("principalId")
    return AuthorizerAnswer(False, tuple(statements), found, until_s)


def check(said: AuthorizerAnswer, arn: str) -> None:
    """Forbidden."""
    if not said.allows(arn):
        raise Forbidden(f"The authorizer does not allow {ACTION} on {arn}.")


def _error_of(payload: bytes) -> LambdaError:
    try:
        text = json.loads(payload).get("errorMessage")
    except (ValueError, AttributeError, RecursionError):
        text = None
    if text == UNAUTHORIZED:
        return Unauthorized("The authorizer says so.")
    return ApiFailure("The authorizer failed; its log has the error.")


def _is_statement(one: object) -> bool:
    return isinstance(one, dict) and one.get("Effect") in ("Allow", "Deny") and "Action" in one and "Resource" in one


def _is_about(statement: Mapping[str, Any], arn: str) -> bool:
    """A condition asks for what nobody told: an Allow with one allows nothing, a Deny denies."""
    if statement.get("Condition") and statement["Effect"] == "Allow":
        return False
    action = _has(statement["Action"], ACTION, any_case=True)
    return action and _has(statement["Resource"], arn, any_case=False)


def _has(patterns: Any, text: str, *, any_case: bool) -> bool:
    for pattern in patterns if isinstance(patterns, list) else [patterns]:
        wanted = str(pattern).replace("[", "[[]")
        if fnmatchcase(text.lower(), wanted.lower()) if any_case else fnmatchcase(text, wanted):
            return True
    return False
