"""How often something may be asked for: a bucket that is filled at a rate, and from which each request takes one."""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.clock import Clock

MOST_KNOWN = 4096


class Throttle(Struct, frozen=True):
    """rate: requests a second. burst: at once."""

    rate: float
    burst: float


class Buckets:
    """Of many things. What is known is bounded: the one that was filled first is full again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[tuple[str, ...], tuple[float, float]] = {}  # requests that may be sent, and when that was so

    def has_room(self, of: tuple[str, ...], throttle: Throttle) -> bool:
        """Take one, unless there have been too many."""
        now_s = self._clock.monotonic_s()
        left, at_s = self._left.get(of, (throttle.burst, now_s))
        left = min(throttle.burst, left + (now_s - at_s) * throttle.rate)
        while len(self._left) >= MOST_KNOWN:
            del self._left[next(iter(self._left))]
        self._left[of] = left - 1 if left >= 1 else left, now_s
        return left >= 1
