"""What the gateway is told of EventBridge, and how its buses are opened by whoever needs them first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.eventbridge.buses import Buses
    from lambda_emu.services.eventbridge.delivery import Deliveries
    from lambda_emu.services.eventbridge.serving import EventsServer

LARGE_EVENTS = Workers("large events", 2, 64)
PUT = b"AWSEvents.PutEvents"
MOST_BYTES = 4 * 1024 * 1024
"""Of entries of 256 KB, escaped as JSON may escape them."""
OPEN_LIMIT_S = 600.0


class EventsService:
    """EventBridge. Small events are taken on the loop; larger ones, all else, and the first of all on a worker."""

    claims = claims_of("events")
    answers_pages = False

    def __init__(self, make: Callable[[], EventsServer]) -> None:
        """make: what serves, and its imports. On a worker."""
        self._make = make
        self._serving: EventsServer | None = None
        too_large = RequestTooLarge(MOST_BYTES, "PutEvents")
        self._small = Handling(self._serve, MOST_BYTES, too_large)
        self._large = Handling(self._serve, MOST_BYTES, too_large, lambda _: LARGE_EVENTS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        is_put = head.first.get(b"x-amz-target") == PUT
        return self._small if is_put and is_small(head, length) and self._serving is not None else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        from lambda_emu.services.eventbridge.serving import render_error

        return render_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._serving is None:
            self._serving = self._make()
        return self._serving.serve(request, call)


class LateBuses:
    """opened: None until somebody needed them; most servers have no rules."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, deliveries: Deliveries) -> None:
        self.opened: Buses | None = None
        self._store = store
        self._loop = loop
        self._clock = clock
        self._deliveries = deliveries
        self._lock = Lock()  # guards the opening; never waited for on the loop

    def open(self) -> Buses:
        """Those that are open, else as an earlier run left them: then not on the loop."""
        if self.opened is not None:
            return self.opened
        from lambda_emu.services.eventbridge.buses import Buses, read_all

        with self._lock:
            if self.opened is None:
                buses = Buses(self._store, self._loop, self._clock, self._deliveries)
                left = self._asked(read_all)
                buses.take_over(left)
                self.opened = buses
        return self.opened

    def has_schedules(self) -> bool:
        """Whether an earlier run left rules that fire by one, for which the buses must be open. Not on the loop."""
        scheduled = "json_extract(record, '$.schedule') IS NOT NULL"
        query = f"SELECT 1 FROM records WHERE kind = 'event rule' AND {scheduled} LIMIT 1"
        return self._asked(lambda connection: connection.execute(query).fetchone()) is not None

    def clear(self) -> None:
        """Nothing is left. Not on the loop."""
        buses = self.open()
        self._loop.ask(buses.clear, OPEN_LIMIT_S)

    def _asked(self, step: Callable[[Any], Any]) -> Any:
        found: Future[Any] = Future()

        def done(error: BaseException | None, result: Any) -> None:
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(result)

        self._store.post(step, done)
        return found.result(OPEN_LIMIT_S)
