"""CloudWatch Logs as it lives with the server: log groups, and what their filters bring to functions and streams."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.logs.store import LogStore
from lambda_emu.services.late import LIMIT_S, LateRoom
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.logs.groups import Groups
    from lambda_emu.services.logs.serving import LogServer


class LogGroups(LateRoom["Groups"]):
    """logs: what is in the groups."""

    left = "SELECT 1 FROM log_groups"

    def __init__(self, store: Store, logs: LogStore, loop: Loop, clock: Clock) -> None:
        super().__init__(store, loop)
        self._logs = logs
        self._clock = clock

    def make_server(self, scope: Scope) -> LogServer:
        """For `LogService`, on a worker. scope: of callers who name none."""
        from lambda_emu.services.logs.serving import LogServer

        return LogServer(self.open(), scope)

    def _open(self) -> Groups:
        from lambda_emu.services.logs import table
        from lambda_emu.services.logs.groups import Groups

        found: Future[Any] = Future()

        def told(error: BaseException | None, left: Any) -> None:
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(left)

        self._store.post(table.read_all, told)
        groups = Groups(self._store, self._logs, self._loop, self._clock, found.result(LIMIT_S))
        if not self._closed:
            self._loop.ask(groups.start, LIMIT_S)
        return groups
