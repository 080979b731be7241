"""What the gateway is told of CloudWatch."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.services.own import OwnService


class CloudWatchService(OwnService):
    """Metrics in both forms. most_bytes: AWS takes a megabyte, which may be packed."""

    name = "cloudwatch"
    workers = Workers("requests for metrics", 4, 128)
    most_bytes = 4 * 1024 * 1024

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.cloudwatch.wire import render_error

        return render_error(error, request)
