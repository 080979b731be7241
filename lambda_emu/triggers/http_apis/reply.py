"""What a function returned, as the answer of its API."""

from __future__ import annotations

from lambda_emu.clock import Timer
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import TooLarge
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure, ServiceUnavailable, ShuttingDown, TooManyRequests
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.refusals import no_worker
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import Gathering
from lambda_emu.triggers.http_answer import MalformedAnswer, proxy_answer, whole_answer
from lambda_emu.triggers.http_apis.refusals import REQUEST_ID, ApiFailure, ApiUnavailable, TooLargeForApi

SMALL_BYTES = 64 * 1024
LARGE = Workers("large answers and events of HTTP APIs", 4, 64)
CORS = "access-control-"
"""How headers begin that are the API's own once it has a CORS configuration."""


class ApiReply(Gathering):
    """Answers one request, once: when all is returned, or when that takes too long. limit: rings when it does."""

    limit: Timer

    def __init__(self, call: Call, loop: Loop, payload_format: str, *, has_cors: bool) -> None:
        self._call = call
        self._loop = loop
        self._read_payload = proxy_answer if payload_format == "1.0" else whole_answer
        self._has_cors = has_cors
        self._is_told = False

    def done(self, outcome: Outcome) -> None:
        if outcome.failed:
            self._fail(ApiFailure("The function failed; its log has the error."))
        elif len(outcome.payload) <= SMALL_BYTES:
            self._tell(self._read(outcome.payload))
        else:
            try:
                work = self._loop.work(LARGE, lambda: self._loop.post(self._tell, self._read(outcome.payload)))
                work.add_done_callback(self._call.check)
            except (Full, Closed) as refusal:
                self._fail(no_worker(refusal))

    def refused(self, error: LambdaError) -> None:
        if isinstance(error, TooLarge):
            error = TooLargeForApi(error.text)
        elif isinstance(error, TooManyRequests | ServiceUnavailable | ShuttingDown):
            error = ApiUnavailable(error.text)
        elif not isinstance(error, NotBuiltYet | ServiceFailure):
            error = ApiFailure(error.text)
        self._fail(error)

    def late(self) -> None:
        """The function goes on; nobody waits for it any more."""
        self._fail(ApiUnavailable("The function did not answer within the integration's timeout."))

    def _read(self, payload: bytes) -> Answer | LambdaError:
        try:
            answer = self._read_payload(payload)
        except MalformedAnswer as error:
            return ApiFailure(f"What the function returned is no answer: {error}.")
        if self._has_cors:
            answer.headers[:] = [one for one in answer.headers if not one[0].lower().startswith(CORS)]
        answer.headers.append((REQUEST_ID, self._call.request.request_id))
        return answer

    def _tell(self, read: Answer | LambdaError) -> None:
        if isinstance(read, LambdaError):
            self._fail(read)
        elif self._is_first():
            self._call.answer(read)

    def _fail(self, error: LambdaError) -> None:
        if self._is_first():
            self._call.fail(error)

    def _is_first(self) -> bool:
        self.limit.cancel()
        told, self._is_told = self._is_told, True
        return not told
