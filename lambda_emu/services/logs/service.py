"""What the gateway is told of CloudWatch Logs: which requests are its own, and where they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of

if TYPE_CHECKING:
    from lambda_emu.services.logs.serving import LogServer

ASKED = Workers("requests about logs", 4, 128)
SEARCHES = Workers("searches of logs", 3, 128)
"""Each may take a second: who pushes does not wait for them."""
SEARCHING = (b"Filter", b"Get", b"Describe", b"List", b"StartLiveTail", b"StartQuery")
TARGET = b"Logs_20140328."
MOST_BYTES = 8 * 1024 * 1024
"""A megabyte of events, escaped as JSON may escape it."""


class LogService:
    """make: what serves, and its imports, on a worker; most servers are never asked."""

    claims = claims_of("logs")
    answers_pages = False

    def __init__(self, make: Callable[[], LogServer]) -> None:
        self._make = make
        self._serving: LogServer | None = None
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, "PutLogEvents"), _workers)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.logs.wire import render_error

        return render_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._serving is None:
            self._serving = self._make()
        return self._serving.serve(request, call)


def _workers(request: Request) -> Workers:
    """By its operation."""
    operation = request.head.first.get(b"x-amz-target", b"").removeprefix(TARGET)
    return SEARCHES if operation.startswith(SEARCHING) else ASKED
