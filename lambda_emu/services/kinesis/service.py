"""What the gateway is told of Kinesis."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.own import OwnService


class StreamService(OwnService):
    """Kinesis in both forms. most_bytes: of a PutRecords of 10 MiB, as JSON has it."""

    name = "kinesis"
    workers = Workers("large records", 2, 64)
    most_bytes = 16 * 1024 * 1024

    def is_quick(self, head: Head) -> bool:
        return True

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.kinesis.wire import form_of

        return form_of(request).render_error(error, request.request_id)
