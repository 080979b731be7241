"""What the gateway is told of Kinesis: which requests are its own, and where they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of

if TYPE_CHECKING:
    from lambda_emu.services.kinesis.serving import StreamServer

LARGE_RECORDS = Workers("large records", 2, 64)
MOST_BYTES = 16 * 1024 * 1024
"""A PutRecords of 10 MiB, as JSON has it."""


class StreamService:
    """Kinesis in both forms. Small requests are served on the loop, larger ones and the first of all on a worker.

    Most servers are never asked: what serves is imported when somebody does.
    """

    claims = claims_of("kinesis")
    answers_pages = False

    def __init__(self, make: Callable[[], StreamServer]) -> None:
        """make: what serves, and its imports. On a worker."""
        self._make = make
        self._serving: StreamServer | None = None
        too_large = RequestTooLarge(MOST_BYTES, "PutRecord")
        self._small = Handling(self._serve, MOST_BYTES, too_large)
        self._large = Handling(self._serve, MOST_BYTES, too_large, lambda _: LARGE_RECORDS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._small if is_small(head, length) and self._serving is not None else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.kinesis.wire import form_of

        return form_of(request).render_error(error, request.request_id)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._serving is None:
            self._serving = self._make()
        return self._serving.serve(request, call)
