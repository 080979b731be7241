"""What a function returned, as the answer of its REST API by AWS_PROXY. docs/contract/events.md#rest-apis."""

from __future__ import annotations

import asyncio

from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import TooLarge
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.http_answer import MalformedAnswer, proxy_answer
from lambda_emu.triggers.reply import TimedReply
from lambda_emu.triggers.rest_apis.gateway_responses import EXTENDED_ID, REQUEST_ID
from lambda_emu.triggers.rest_apis.refusals import (
    BadProxyAnswer,
    IntegrationTimedOut,
    Misconfigured,
    RestRefusal,
    TooLargeForRest,
)

LARGE = Workers("large answers and events of REST APIs", 4, 64)
TRACE = "X-Amzn-Trace-Id"


class ProxyReply(TimedReply):
    """The answer of a method."""

    workers = LARGE
    failure = BadProxyAnswer
    late = IntegrationTimedOut, "The function did not answer within the integration's timeout."

    def __init__(self, call: Call, loop: Loop, clock: Clock, limit_s: float, trace: str, *, is_binary: bool) -> None:
        """is_binary: whether who asks is given bytes for what a function returned in base64."""
        super().__init__(call, loop, clock, limit_s)
        self._trace = trace
        self._is_binary = is_binary

    def refused(self, error: LambdaError) -> None:
        self._fail(refusal_of(error))

    def read(self, payload: bytes) -> Answer:
        answer = proxy_answer(payload, keeps_base64=not self._is_binary)
        request_id = self._call.request.request_id
        answer.headers.extend(((REQUEST_ID, request_id), (EXTENDED_ID, request_id), (TRACE, trace_root(self._trace))))
        return answer


async def proxy_outcome(answered: asyncio.Future[Outcome | LambdaError], limit_s: float) -> Outcome:
    """Of a function that returned in time. RestRefusal and the like."""
    try:
        outcome = await asyncio.wait_for(answered, limit_s)
    except TimeoutError as error:
        raise IntegrationTimedOut("The function did not answer within the integration's timeout.") from error
    if isinstance(outcome, LambdaError):
        raise refusal_of(outcome)
    return outcome


def read_outcome(outcome: Outcome, is_binary: bool) -> Answer:
    """BadProxyAnswer. is_binary: as in ProxyReply."""
    if outcome.failed:
        raise BadProxyAnswer("The function failed; its log has the error.")
    try:
        return proxy_answer(outcome.payload, keeps_base64=not is_binary)
    except MalformedAnswer as error:
        raise BadProxyAnswer(f"What the function returned is no answer: {error}.") from error


def refusal_of(error: LambdaError) -> LambdaError:
    """Why a function was not run, as its API says it. One that is throttled is the API's own error (?)."""
    if isinstance(error, RestRefusal | NotBuiltYet | ServiceFailure):
        return error
    return TooLargeForRest(error.text) if isinstance(error, TooLarge) else Misconfigured(error.text)


def trace_root(trace: str) -> str:
    """What callers are told of it."""
    return trace.partition(";")[0]
