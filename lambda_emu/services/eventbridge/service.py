"""What the gateway is told of EventBridge, and how its buses are opened by whoever needs them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.clock import Clock
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.late import LateRoom, ask_store
from lambda_emu.services.own import OwnService
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.eventbridge.buses import Buses
    from lambda_emu.services.eventbridge.delivery import Deliveries
    from lambda_emu.services.timetable.timetable import Timetable

PUT = b"AWSEvents.PutEvents"
OPEN_LIMIT_S = 600.0


class EventsService(OwnService):
    """most_bytes: of entries of 256 KB, escaped as JSON may escape them."""

    name = "events"
    workers = Workers("large events", 2, 64)
    most_bytes = 4 * 1024 * 1024

    def is_quick(self, head: Head) -> bool:
        return head.first.get(b"x-amz-target") == PUT


class LateBuses(LateRoom["Buses"]):
    left = """
        SELECT 1 FROM records WHERE kind IN (
            'event bus', 'event rule', 'event archive', 'event replay', 'event connection', 'event api destination'
        )
    """

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        make_deliveries: Callable[[], Deliveries],
        open_timetable: Callable[[], Timetable],
    ) -> None:
        """What is handed in is asked when buses are needed, not on the loop."""
        super().__init__(store, loop)
        self._clock = clock
        self._make_deliveries = make_deliveries
        self._open_timetable = open_timetable

    def _open(self) -> Buses:
        from lambda_emu.services.eventbridge.buses import Buses
        from lambda_emu.services.eventbridge.kept import read_all
        from lambda_emu.services.eventbridge.operations.replays import Replaying

        look = self._open_timetable().look
        buses = Buses(self._store, self._loop, self._clock, self._make_deliveries(), look)
        buses.take_over(ask_store(self._store, read_all, OPEN_LIMIT_S))
        self._loop.post(Replaying(buses, self._clock).go_on)
        return buses
