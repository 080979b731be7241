"""How a request is served, on a worker: read, given to its operation, answered."""

from __future__ import annotations

import sqlite3

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.logs import wire
from lambda_emu.services.logs.asked import Asked
from lambda_emu.services.logs.errors import LogsUnavailable, UnknownLogsOperation
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.live_tail import LiveTails
from lambda_emu.services.logs.operations import OPERATIONS

LIVE_TAIL = "StartLiveTail"


class LogServer:
    """scope: of callers who name none."""

    def __init__(self, groups: Groups, tails: LiveTails, scope: Scope) -> None:
        self._groups = groups
        self._tails = tails
        self._scope = scope
        self._shapes = wire.shapes_of((*OPERATIONS, LIVE_TAIL))

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            name = wire.operation_of(request)
            operation = OPERATIONS.get(name)
            if operation is None and name != LIVE_TAIL:
                raise UnknownLogsOperation(name)
            members = wire.parse(name, request, self._shapes)
            now_ms, trace = int(self._groups.clock.now_s() * 1000), request.header(b"x-amzn-trace-id")
            asked = Asked(members, caller_of(request, self._scope), now_ms, trace)
            if operation is None:
                wanted, position = self._tails.wanted(asked)
                call.detach(self._tails.begin, wanted, position, call, self._groups.clock.new_id())
                return None
            return wire.render(operation(asked, self._groups), request)
        except LambdaError as error:
            return wire.render_error(error, request)
        except sqlite3.Error as error:
            return wire.render_error(LogsUnavailable(str(error)), request)
