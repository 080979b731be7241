"""How a request is served, on a worker: read, done as one step of the store, answered."""

from __future__ import annotations

import logging
import sqlite3

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer, log_hint
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.services.callers import caller_of
from lambda_emu.services.late import ask_store
from lambda_emu.services.scheduler import wire
from lambda_emu.services.scheduler.errors import SchedulerFailure
from lambda_emu.services.scheduler.operations import MOVING, OPERATIONS, Result, SchedulerRequest
from lambda_emu.services.timetable.timetable import Timetable
from lambda_emu.store import Store

log = logging.getLogger(__name__)

WRITE_LIMIT_S = 60.0


class SchedulerServer:
    """scope: of callers who name none."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, scope: Scope, timetable: Timetable) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._scope = scope
        self._timetable = timetable

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            operation, members = wire.parse(request)
            asked = SchedulerRequest(members, caller_of(request, self._scope), self._clock.now_s(), self._clock.random)
            result = self._do(operation, asked)
        except LambdaError as error:
            log_hint(log, "a request to Scheduler", error)
            return error_answer(error, request.request_id)
        if operation in MOVING:
            self._loop.post(self._timetable.look)
        return wire.render(result, request)

    def _do(self, operation: str, asked: SchedulerRequest) -> Result:
        try:
            return ask_store(self._store, lambda connection: OPERATIONS[operation](connection, asked), WRITE_LIMIT_S)
        except LambdaError:
            raise
        except sqlite3.Error as error:
            log.error("%s could not be written: %s", operation, error)
            raise SchedulerFailure(error) from error
        except Exception as error:
            log.exception("%s could not be done", operation)
            raise SchedulerFailure(error) from error
