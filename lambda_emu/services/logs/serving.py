"""How a request is served, on a worker: read, given to its operation, answered."""

from __future__ import annotations

import sqlite3

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.json_wire import JSON_1_1, json_answer, json_error, operation_of
from lambda_emu.services.logs.errors import LogsModelViolated, LogsUnavailable, MalformedQuery, UnknownLogsOperation
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.live_tail import LiveTails
from lambda_emu.services.logs.operations import OPERATIONS
from lambda_emu.services.logs.request import LogsRequest
from lambda_emu.services.logs.service import TARGET
from lambda_emu.services.shapes import Shapes, load_model

LIVE_TAIL = "StartLiveTail"
UNCHECKED = ("InputLogEvents",)
"""There may be 10,000 of them."""


class LogServer:
    """scope: of callers who name none."""

    def __init__(self, groups: Groups, tails: LiveTails, scope: Scope) -> None:
        self._groups = groups
        self._tails = tails
        self._scope = scope
        self._shapes = Shapes(load_model("logs"), (*OPERATIONS, LIVE_TAIL), UNCHECKED, LogsModelViolated)

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            name = operation_of(request, TARGET)
            operation = OPERATIONS.get(name)
            if operation is None and name != LIVE_TAIL:
                raise UnknownLogsOperation(name)
            members = self._shapes.read(name, request.body)
            now_ms, trace = int(self._groups.clock.now_s() * 1000), request.header(b"x-amzn-trace-id")
            asked = LogsRequest(members, caller_of(request, self._scope), now_ms, trace)
            if operation is None:
                wanted, position = self._tails.wanted(asked)
                call.detach(self._tails.begin, wanted, position, call, self._groups.clock.new_id())
                return None
            return json_answer(operation(asked, self._groups), request)
        except LambdaError as error:
            return _error_answer(error, request)
        except sqlite3.Error as error:
            return _error_answer(LogsUnavailable(str(error)), request)


def _error_answer(error: LambdaError, request: Request) -> Answer:
    more = {}
    if isinstance(error, MalformedQuery):
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        more = {"queryCompileError": {"location": location, "message": error.text}}
    return json_error(error, request, JSON_1_1, more)
