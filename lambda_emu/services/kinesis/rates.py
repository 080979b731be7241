"""What a shard takes and gives in a second, as AWS has it. Nothing is refused for it unless a server is told to."""

from __future__ import annotations

from lambda_emu.clock import Clock
from lambda_emu.services.kinesis.stream import Shard

RECORDS, BYTES = 1000, 1 << 20


class Rates:
    """On the loop. A second's worth may come at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[int, tuple[float, float, float]] = {}  # by shard: when, and how many records and bytes then

    def takes(self, shard: Shard, size: int) -> bool:
        """Whether a record of this size may come now; it counts if so."""
        now_s = self._clock.monotonic_s()
        then_s, records, size_before = self._used.get(shard.record.id, (now_s, 0.0, 0.0))
        passed_s = now_s - then_s
        records = max(records - passed_s * RECORDS, 0.0) + 1
        total = max(size_before - passed_s * BYTES, 0.0) + size
        if records > RECORDS or (total > BYTES and total > size):
            return False
        self._used[shard.record.id] = (now_s, records, total)
        return True
