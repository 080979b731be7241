"""CloudWatch Logs as it lives with the server: log groups, and what their filters bring to functions and streams."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.logs.store import LogStore
from lambda_emu.services.late import LIMIT_S, LateRoom, ask_store
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.logs.groups import Groups
    from lambda_emu.services.logs.live_tail import LiveTails
    from lambda_emu.services.logs.pump import Pump
    from lambda_emu.services.logs.records import LogGroup
    from lambda_emu.services.logs.serving import LogServer
    from lambda_emu.services.logs.table import Positions
    from lambda_emu.triggers.subscriptions import Subscriptions


class LogGroups(LateRoom["OpenedGroups"]):
    """logs: what is in the groups. make: what brings events to destinations, on a worker."""

    left = "SELECT 1 FROM log_groups UNION ALL SELECT 1 FROM records WHERE kind = 'log resource policy'"

    def __init__(
        self, store: Store, logs: LogStore, loop: Loop, clock: Clock, make: Callable[[], Subscriptions]
    ) -> None:
        super().__init__(store, loop)
        self._logs = logs
        self._clock = clock
        self._make = make

    def make_server(self, scope: Scope) -> LogServer:
        """For `LogService`, on a worker. scope: of callers who name none."""
        from lambda_emu.services.logs.serving import LogServer

        opened = self.open()
        return LogServer(opened.groups, opened.tails, scope)

    def _open(self) -> OpenedGroups:
        from lambda_emu.services.logs.groups import Groups
        from lambda_emu.services.logs.live_tail import LiveTails
        from lambda_emu.services.logs.pump import Pump

        left, positions, policies = ask_store(self._store, _read, LIMIT_S)
        groups = Groups(self._store, self._logs, self._loop, self._clock, left)
        groups.policies = policies
        subscriptions = self._make()
        groups.destinations = subscriptions
        subscriptions.traces = groups.traces
        pump = Pump(groups, self._store, self._logs, self._loop, subscriptions, positions)
        groups.changed = lambda: self._loop.post(pump.start)
        opened = OpenedGroups(groups, pump, LiveTails(groups, self._loop))
        if not self._closed:
            self._loop.ask(opened.start, LIMIT_S)
        return opened


class OpenedGroups:
    """On the loop."""

    def __init__(self, groups: Groups, pump: Pump, tails: LiveTails) -> None:
        self.groups = groups
        self.tails = tails
        self._pump = pump

    def start(self) -> None:
        self.groups.start()
        self._pump.start()

    def clear(self) -> None:
        self.groups.clear()
        self._pump.start()

    def empty(self, account: str, told: Callable[[], object]) -> None:
        self.groups.empty(account)
        told()

    def close(self) -> None:
        self.tails.close()
        self._pump.close()
        self.groups.close()


def _read(connection: sqlite3.Connection) -> tuple[Sequence[LogGroup], Positions, Mapping[Scope, Sequence[str]]]:
    from lambda_emu.services.logs import table

    return table.read_all(connection), table.read_positions(connection), table.read_all_policies(connection)
