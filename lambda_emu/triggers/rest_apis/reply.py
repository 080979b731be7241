"""What a function returned, as the answer of its REST API by AWS_PROXY. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from lambda_emu.clock import Timer
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import TooLarge
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.http_answer import proxy_answer
from lambda_emu.triggers.reply import HttpReply
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


class ProxyReply(HttpReply):
    """The answer of a method, given once: when all is returned, or too late for it. limit: rings when it is."""

    workers = LARGE
    failure = BadProxyAnswer
    limit: Timer

    def __init__(self, call: Call, loop: Loop, trace: str, *, is_binary: bool) -> None:
        """is_binary: whether who asks is given bytes for what a function returned in base64."""
        super().__init__(call, loop)
        self._trace = trace
        self._is_binary = is_binary
        self._is_told = False

    def refused(self, error: LambdaError) -> None:
        self._fail(refusal_of(error))

    def late(self) -> None:
        """The function goes on; nobody waits for it any more."""
        self._fail(IntegrationTimedOut("The function did not answer within the integration's timeout."))

    def read(self, payload: bytes) -> Answer:
        answer = proxy_answer(payload, keeps_base64=not self._is_binary)
        request_id = self._call.request.request_id
        answer.headers.extend(((REQUEST_ID, request_id), (EXTENDED_ID, request_id), (TRACE, trace_root(self._trace))))
        return answer

    def _answer(self, answer: Answer) -> None:
        if self._is_first():
            super()._answer(answer)

    def _fail(self, error: LambdaError) -> None:
        if self._is_first():
            super()._fail(error)

    def _is_first(self) -> bool:
        self.limit.cancel()
        told, self._is_told = self._is_told, True
        return not told


def refusal_of(error: LambdaError) -> LambdaError:
    """Why a function was not run, as its API says it. One that is throttled is the API's own error (?)."""
    if isinstance(error, RestRefusal | NotBuiltYet | ServiceFailure):
        return error
    return TooLargeForRest(error.text) if isinstance(error, TooLarge) else Misconfigured(error.text)


def trace_root(trace: str) -> str:
    """What callers are told of it."""
    return trace.partition(";")[0]
