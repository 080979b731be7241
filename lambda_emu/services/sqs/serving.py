"""How a request of either form is served: read, given to its operation, answered in its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.sqs.operations.by_name import OPERATIONS
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import QueueRequest
from lambda_emu.services.sqs.wire import json_form, query_form
from lambda_emu.services.sqs.wire.members import Members


class Form(Protocol):
    """One of the two forms on the wire."""

    def parse(self, request: Request) -> tuple[str, Members]: ...
    def render(self, operation: str, result: Mapping[str, Any] | None, request_id: str) -> Answer: ...
    def render_error(self, error: LambdaError, request_id: str) -> Answer: ...


def form_of(request: Request) -> Form:
    """Requests of JSON say so in a header; all others are of the older form."""
    return json_form if b"x-amz-target" in request.head.first else query_form


class QueueServer:
    """Serves requests, on the loop or, where reading one takes long, on a worker."""

    def __init__(self, queues: Queues, clock: Clock, scope: Scope, url: str) -> None:
        self._queues = queues
        self._clock = clock
        self._scope = scope
        self._url = url

    def serve(self, request: Request, call: Call) -> Answer | None:
        form = form_of(request)
        try:
            operation, members = form.parse(request)
        except LambdaError as error:
            return form.render_error(error, request.request_id)
        call.detach(self._begin, operation, members, call, form)
        return None

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
        trace = request.header(b"x-amzn-trace-id")
        asked = QueueRequest(
            members, caller_of(request, self._scope), url, self._clock, answer, fail, lambda: call.is_open, trace
        )
        try:
            OPERATIONS[operation](asked, self._queues)
        except LambdaError as error:
            fail(error)
