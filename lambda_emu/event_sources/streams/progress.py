"""How far a lane is done with: in memory, and on disk for whoever begins anew."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence

from lambda_emu.event_sources.backoff import Nap
from lambda_emu.event_sources.poller import Record
from lambda_emu.event_sources.streams.mapping import StreamMapping
from lambda_emu.event_sources.streams.positions import Checkpoint, Positions
from lambda_emu.event_sources.streams.reading import AFTER, ENDED, Position
from lambda_emu.event_sources.streams.windows import Window
from lambda_emu.store import WorkItem

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""After a full disk."""


class Progress:
    """Of one lane: it begins anew behind the last record before which all are behind us. On the loop.

    nap: of the lane. is_retired: whether nobody begins there any more.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        mapping: StreamMapping,
        positions: Positions,
        nap: Nap,
        is_retired: Callable[[], bool],
    ) -> None:
        self._checkpoint = checkpoint
        self._mapping = mapping
        self._positions = positions
        self._nap = nap
        self._is_retired = is_retired
        self._seen: float = checkpoint.behind
        self._order: deque[int] = deque()  # sequence numbers from the first that is not behind us on
        self._behind: set[int] = set()  # of these, those that are

    def is_new(self, record: Record) -> bool:
        """Whether this one, the next that was read, was not settled before a restart."""
        sequence: int = record.place.sequence
        if sequence <= self._seen:
            return False
        self._seen = sequence
        self._order.append(sequence)
        return True

    def pass_over(self, record: Record) -> None:
        """It is done with already; on disk with whatever follows."""
        if self.is_new(record):
            self._behind.add(record.place.sequence)

    async def leave_behind(
        self, records: Sequence[Record], window: Window | None, work: Sequence[WorkItem] = ()
    ) -> None:
        """These are done with. window: that is open then. work: deliveries that follow."""
        self._behind.update(record.place.sequence for record in records)
        last = None
        while self._order and self._order[0] in self._behind:
            last = self._order.popleft()
            self._behind.discard(last)
        if last is not None:
            self._checkpoint = self._checkpoint._replace(position=Position(AFTER, str(last)))
        if last is not None or work or window is not None or self._checkpoint.window is not None:
            self._checkpoint = self._checkpoint._replace(window=None if window is None else window.kept())
            await self._save(work)

    async def end(self) -> None:
        """All was read and is settled."""
        self._checkpoint = self._checkpoint._replace(position=Position(ENDED), window=None)
        await self._save()

    async def _save(self, work: Sequence[WorkItem] = ()) -> None:
        """Deliveries are kept whatever it takes; a position alone may be kept the next time."""
        while True:
            try:
                await self._positions.save(self._mapping.uuid, [self._checkpoint], work)
                return
            except sqlite3.Error as error:
                log.error("%s: how far it was read could not be kept: %s", self._mapping.arn, error)
                if not work or self._is_retired():
                    return
                await self._nap.sleep(AGAIN_S)
