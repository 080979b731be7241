"""The queues of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.late import LateRoom
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.sqs.queues import Queues


class LateQueues(LateRoom["Queues"]):
    left = "SELECT 1 FROM sqs_queues"

    def __init__(self, store: Store, loop: Loop, clock: Clock) -> None:
        super().__init__(store, loop)
        self._clock = clock

    def _open(self) -> Queues:
        from lambda_emu.services.sqs.opening import open_queues

        return open_queues(self._store, self._loop, self._clock)
