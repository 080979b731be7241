"""What the gateway is told of SQS."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.own import OwnService


class QueueService(OwnService):
    """SQS in both of its forms. most_bytes: of a batch of 1 MiB, escaped as JSON or a form may escape it."""

    name = "sqs"
    workers = Workers("large messages", 2, 64)
    most_bytes = 8 * 1024 * 1024

    def is_quick(self, head: Head) -> bool:
        return True

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.sqs.serving import form_of

        return form_of(request).render_error(error, request.request_id)
