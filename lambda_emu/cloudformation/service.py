"""What the gateway is told of CloudFormation."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.services.own import OwnService


class CloudFormationService(OwnService):
    """most_bytes: of a form, in which a template may be three times as long as it is."""

    name = "cloudformation"
    workers = Workers("requests about stacks", 4, 64)
    most_bytes = 4 * 1024 * 1024

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.cloudformation.wire import render_error

        return render_error(error, request)
