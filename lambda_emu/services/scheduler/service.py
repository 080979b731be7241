"""What the gateway is told of Scheduler."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.services.own import OwnService


class SchedulerService(OwnService):
    name = "scheduler"
    workers = Workers("requests about schedules", 4, 128)
    most_bytes = 1024 * 1024

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)
