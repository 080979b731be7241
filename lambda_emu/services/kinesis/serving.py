"""How a request of either form is served: read, given to its operation, answered in its form."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import convert

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.stream import Source
from lambda_emu.http.stream import Stream as HttpStream
from lambda_emu.services.callers import caller_of
from lambda_emu.services.json_wire import operation_of
from lambda_emu.services.kinesis import wire
from lambda_emu.services.kinesis.errors import KinesisFailure, UnknownKinesisOperation
from lambda_emu.services.kinesis.members import Members
from lambda_emu.services.kinesis.operations import OPERATIONS, Operation
from lambda_emu.services.kinesis.request import KinesisRequest
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.kinesis.wire import WireForm
from lambda_emu.services.shapes import Shapes, load_model

log = logging.getLogger(__name__)

TARGET = b"Kinesis_20131202."
PAGES = Workers("pages of records", 2, 256)


class StreamServer:
    """Serves requests, on the loop or, where reading one takes long, on a worker."""

    def __init__(self, streams: Streams, clock: Clock, scope: Scope) -> None:
        self._streams = streams
        self._clock = clock
        self._scope = scope
        self._shapes = Shapes(load_model("kinesis"), list(OPERATIONS))

    def serve(self, request: Request, call: Call) -> Answer | None:
        form = wire.form_of(request)
        try:
            name = operation_of(request, TARGET)
            if name not in OPERATIONS:
                raise UnknownKinesisOperation(name)
            kind, operation = OPERATIONS[name]
            members = self._shapes.read(name, request.body, form.decode)
            asked = convert(members, kind, builtin_types=(bytes,))
        except LambdaError as error:
            return form.render_error(error, request.request_id)
        call.detach(self._begin, operation, asked, call, form)
        return None

    def _begin(self, operation: Operation, asked: Members, call: Call, form: WireForm) -> None:
        """On the loop."""
        request_id = call.request.request_id

        def answer(result: Mapping[str, Any] | None) -> None:
            call.answer(form.render(result, request_id))

        def answer_page(make: Callable[[], Mapping[str, Any]]) -> None:
            self._streams.loop.spawn(send_page(make), "a page of records")

        async def send_page(make: Callable[[], Mapping[str, Any]]) -> None:
            try:
                call.answer(await self._streams.loop.work(PAGES, lambda: form.render_page(make(), request_id)))
            except (Full, Closed) as error:
                log.warning("records are not told: %s", error)
                fail(KinesisFailure())

        def fail(error: LambdaError) -> None:
            call.answer(form.render_error(error, request_id))

        def begin(content_type: str, source: Source) -> HttpStream:
            headers = [("Content-Type", content_type), ("x-amzn-RequestId", request_id)]
            return call.begin(200, headers, None, source)

        scope = caller_of(call.request, self._scope)
        request = KinesisRequest(asked, scope, self._clock, form, answer, answer_page, fail, begin)
        try:
            operation(request, self._streams)
        except LambdaError as error:
            fail(error)
