"""What the gateway is told of Firehose: which requests are its own, and where they are served."""

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
    from lambda_emu.services.firehose.serving import FirehoseServer

LARGE_RECORDS = Workers("requests to Firehose", 2, 64)
RECORDS = (b"Firehose_20150804.PutRecord", b"Firehose_20150804.PutRecordBatch")
MOST_BYTES = 8 * 1024 * 1024
"""A batch of 4 MiB in base64, escaped as JSON may escape it."""


class FirehoseService:
    """Small records are taken on the loop; larger ones, all else, and the first of all on a worker."""

    claims = claims_of("firehose")
    answers_pages = False

    def __init__(self, make: Callable[[], FirehoseServer]) -> None:
        """make: what serves, and its imports. On a worker."""
        self._make = make
        self._serving: FirehoseServer | None = None
        too_large = RequestTooLarge(MOST_BYTES, "PutRecordBatch")
        self._small = Handling(self._serve, MOST_BYTES, too_large)
        self._large = Handling(self._serve, MOST_BYTES, too_large, lambda _: LARGE_RECORDS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        is_put = head.first.get(b"x-amz-target") in RECORDS
        return self._small if is_put and is_small(head, length) and self._serving is not None else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.firehose.wire import render_error

        return render_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._serving is None:
            self._serving = self._make()
        return self._serving.serve(request, call)
