"""How often something may be asked for: a bucket that is filled at a rate, and from which each request takes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.clock import Clock

MOST_KNOWN = 4096
ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5000.0
"""What an account may ask of its APIs, a second and at once."""


class Throttle(Struct, frozen=True):
    """rate: requests a second. burst: at once."""

    rate: float
    burst: float


class RouteThrottles(Struct, frozen=True):
    """Of a stage of an HTTP or WebSocket API. default: of all routes together that have none in `own`."""

    default: Throttle | None = None
    own: Mapping[str, Throttle] = {}

    @property
    def is_any(self) -> bool:
        return self.default is not None or bool(self.own)

    def of(self, key: str) -> tuple[Throttle | None, str]:
        """What a route may be asked, and with which routes it shares that."""
        own = self.own.get(key)
        return (self.default, "") if own is None else (own, key)


def read_route_throttles(told: Mapping[str, Any]) -> RouteThrottles:
    """Of a stage as its control plane tells it."""
    own = {str(key): _throttle(one) for key, one in (told.get("routeSettings") or {}).items()}
    return RouteThrottles(
        _throttle(told.get("defaultRouteSettings")), {key: one for key, one in own.items() if one is not None}
    )


def _throttle(told: Mapping[str, Any] | None) -> Throttle | None:
    """None: as the account, of which nothing is counted."""
    rate, burst = (told or {}).get("throttlingRateLimit"), (told or {}).get("throttlingBurstLimit")
    if rate is None and burst is None:
        return None
    return Throttle(ACCOUNT_RATE if rate is None else float(rate), ACCOUNT_BURST if burst is None else float(burst))


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
