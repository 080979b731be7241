"""What the gateway is told of Scheduler: which requests are its own, and where they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of

if TYPE_CHECKING:
    from lambda_emu.services.scheduler.serving import SchedulerServer

ASKED = Workers("requests about schedules", 4, 128)
MOST_BYTES = 1024 * 1024


class SchedulerService:
    """make: what serves, and its imports, on a worker; most servers are never asked."""

    claims = claims_of("scheduler")
    answers_pages = False

    def __init__(self, make: Callable[[], SchedulerServer]) -> None:
        self._make = make
        self._serving: SchedulerServer | None = None
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, "CreateSchedule"), _asked)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.scheduler.wire import render_error

        return render_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._serving is None:
            self._serving = self._make()
        return self._serving.serve(request, call)


def _asked(_: Request) -> Workers:
    return ASKED
