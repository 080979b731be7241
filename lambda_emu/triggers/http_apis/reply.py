"""What a function returned, as the answer of its API."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import TooLarge
from lambda_emu.errors.service import NotBuiltYet, ServiceFailure, ServiceUnavailable, ShuttingDown, TooManyRequests
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.execute_api.refusals import REQUEST_ID, ApiFailure, ApiUnavailable, TooLargeForApi
from lambda_emu.triggers.http_answer import proxy_answer, whole_answer
from lambda_emu.triggers.reply import TimedReply

LARGE = Workers("large answers and events of HTTP APIs", 4, 64)
CORS = "access-control-"
"""How headers begin that are the API's own once it has a CORS configuration."""


class ApiReply(TimedReply):
    """The answer of an API."""

    workers = LARGE
    failure = ApiFailure
    late = ApiUnavailable, "The function did not answer within the integration's timeout."

    def __init__(
        self,
        call: Call,
        loop: Loop,
        clock: Clock,
        limit_s: float,
        payload_format: str,
        change: Callable[[Answer], Answer] | None,
        *,
        has_cors: bool,
    ) -> None:
        """change: what the integration's parameter mapping makes of an answer."""
        super().__init__(call, loop, clock, limit_s)
        self._change = change
        self._read_payload = proxy_answer if payload_format == "1.0" else whole_answer
        self._has_cors = has_cors

    def refused(self, error: LambdaError) -> None:
        if isinstance(error, TooLarge):
            error = TooLargeForApi(error.text)
        elif isinstance(error, TooManyRequests | ServiceUnavailable | ShuttingDown):
            error = ApiUnavailable(error.text)
        elif not isinstance(error, NotBuiltYet | ServiceFailure):
            error = ApiFailure(error.text)
        self._fail(error)

    def read(self, payload: bytes) -> Answer:
        answer = self._read_payload(payload)
        if self._has_cors:
            answer.headers[:] = [one for one in answer.headers if not one[0].lower().startswith(CORS)]
        if self._change is not None:
            answer = self._change(answer)
        answer.headers.append((REQUEST_ID, self._call.request.request_id))
        return answer
