"""Ends connections whose client has let us wait too long for what only it can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from lambda_emu.http.group import Accepted, Wait

LOOK_S = 2.5
LEAST_BYTES = 1 << 14
"""Who is waited for has begun to wait anew when it got on by this much."""


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """Who tells the time, and calls on the loop."""

    def monotonic_s(self) -> float: ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer: ...


class _Seen(Struct):
    """What a connection was found to wait for, and since when."""

    wait: Wait | None
    moved: tuple[int, int]
    since_s: float


class Watch:
    """Looks at all connections of a listener now and then. Costs a connection nothing in between."""

    def __init__(self, clock: Clock, unsent_bytes: int) -> None:
        """unsent_bytes: of all answers together; beyond it nobody is waited for who takes nothing of his."""
        self._clock = clock
        self._unsent_bytes = unsent_bytes
        self._seen: dict[Accepted, _Seen] = {}
        self._timer: Timer | None = None

    def begin(self) -> None:
        if self._timer is None:
            self._timer = self._clock.call_later(LOOK_S, self._look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def add(self, connection: Accepted) -> None:
        self._seen[connection] = _Seen(connection.waits_for, connection.moved, self._clock.monotonic_s())

    def remove(self, connection: Accepted) -> None:
        self._seen.pop(connection, None)

    @property
    def connections(self) -> list[Accepted]:
        return list(self._seen)

    def _look(self) -> None:
        now_s, unsent_bytes, stuck = self._clock.monotonic_s(), 0, list[Accepted]()
        for connection, seen in list(self._seen.items()):
            wait, moved = connection.waits_for, connection.moved
            unsent_bytes += connection.unsent_bytes
            if wait is None or wait is not seen.wait or _got_on(wait, seen.moved, moved):
                seen.wait, seen.moved, seen.since_s = wait, moved, now_s
            elif now_s - seen.since_s >= connection.group.allowance.timeouts_s.get(wait, float("inf")):
                _end(connection, wait)
            elif wait is Wait.READING and wait in connection.group.allowance.timeouts_s:
                stuck.append(connection)
        while unsent_bytes > self._unsent_bytes and stuck:
            unsent_bytes -= stuck[0].unsent_bytes
            stuck.pop(0).drop()
        self._timer = self._clock.call_later(LOOK_S, self._look)


def _got_on(wait: Wait, before: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether the client moved; a request comes in, and an answer is taken, at a pace that means it."""
    if wait is Wait.REQUEST:
        return now[0] - before[0] >= LEAST_BYTES
    if wait is Wait.READING:
        return abs(now[1] - before[1]) >= LEAST_BYTES
    return wait is not Wait.HANG_UP and now != before


def _end(connection: Accepted, wait: Wait) -> None:
    if wait is Wait.MEMORY:
        connection.refuse(503)
    elif wait in (Wait.NEXT, Wait.FIRST_BYTE):
        if not connection.has_unread():  # its next request crosses our hanging up
            connection.close()
    else:
        connection.drop()
