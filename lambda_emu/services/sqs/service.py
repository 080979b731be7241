"""What the gateway is told of SQS: which requests are its own, and where they are served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.model.credentials import account_of
from lambda_emu.services.sqs import wire_json, wire_query
from lambda_emu.services.sqs.asked import Asked
from lambda_emu.services.sqs.members import Members
from lambda_emu.services.sqs.operations import OPERATIONS
from lambda_emu.services.sqs.queues import Queues

LARGE_MESSAGES = Workers("large messages", 2, 64)
SMALL_BYTES = 64 * 1024
MOST_BYTES = 8 * 1024 * 1024
"""A batch of 1 MiB, escaped as JSON or a form may escape it."""


class Form(Protocol):
    """One of the two forms on the wire."""

    def parse(self, request: Request) -> tuple[str, Members]: ...
    def render(self, operation: str, result: Mapping[str, Any] | None, request_id: str) -> Answer: ...
    def render_error(self, error: LambdaError, request_id: str) -> Answer: ...


class QueueService:
    """SQS in both of its forms. Small requests are served on the loop; larger ones are read on a worker."""

    claims = ServiceClaims(
        targets=(wire_json.TARGET,), signed_for=("sqs",), shapes=(re.compile(rb"/[0-9]{12}/[A-Za-z0-9_.-]{1,85}/?"),)
    )
    answers_pages = False

    def __init__(self, queues: Queues, clock: Clock, scope: Scope, url: str) -> None:
        self._queues = queues
        self._clock = clock
        self._scope = scope
        self._url = url
        too_large = RequestTooLarge(MOST_BYTES, "SendMessage")
        self._json = self._handlings(wire_json, too_large)
        self._query = self._handlings(wire_query, too_large)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        small, large = self._json if b"x-amz-target" in head.first else self._query
        return small if (length or 0) <= SMALL_BYTES and b"transfer-encoding" not in head.first else large

    def error_answer(self, error: LambdaError, request_id: str) -> Answer:
        return wire_json.render_error(error, request_id)

    def _handlings(self, form: Form, too_large: LambdaError) -> tuple[Handling, Handling]:
        """Of small requests, and of all others."""

        def serve(request: Request, call: Call) -> Answer | None:
            try:
                operation, members = form.parse(request)
            except LambdaError as error:
                return form.render_error(error, request.request_id)
            call.detach(self._begin, operation, members, call, form)
            return None

        small = Handling(serve, MOST_BYTES, too_large)
        return small, Handling(serve, MOST_BYTES, too_large, lambda _: LARGE_MESSAGES)

    def _begin(self, operation: str, members: Members, call: Call, form: Form) -> None:
        """On the loop."""
        request = call.request
        request_id = request.request_id

        def answer(result: Mapping[str, Any] | None) -> None:
            call.answer(form.render(operation, result, request_id))

        def fail(error: LambdaError) -> None:
            call.answer(form.render_error(error, request_id))

        host = request.header(b"host")
        url = self._url if host is None else f"http://{host}"
        asked = Asked(members, self._scope_of(request), url, self._clock, answer, fail, lambda: call.is_open)
        try:
            OPERATIONS[operation](asked, self._queues)
        except LambdaError as error:
            fail(error)

    def _scope_of(self, request: Request) -> Scope:
        credential = credential_of(request.head.first.get(b"authorization"))
        if credential is None:
            return self._scope
        return Scope(account_of(credential.access_key) or self._scope.account, credential.region)
