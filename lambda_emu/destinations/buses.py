"""EventBridge's own targets: buses of rules whose event goes on to another one, and of results; API destinations."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import NotDelivered, Undeliverable
from lambda_emu.destinations.retries import Cause
from lambda_emu.destinations.senders import CALLS, Sender
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.loop import Loop

if TYPE_CHECKING:
    from lambda_emu.destinations.api_destinations import DestinationSender
    from lambda_emu.services.eventbridge.buses import Buses
    from lambda_emu.services.eventbridge.matching import Arrival
    from lambda_emu.services.eventbridge.service import LateBuses


class BusSender:
    """What rules have for a bus is put there as it is; all else that buses get by `others`, as PutEvents."""

    most = 32

    def __init__(self, buses: Callable[[], LateBuses], others: Sender, loop: Loop, clock: Clock) -> None:
        self._buses = buses
        self._others = others
        self._loop = loop
        self._clock = clock
        self._asking: DestinationSender | None = None

    async def send(self, delivery: Delivery, body: bytes) -> None:
        is_destination = ":api-destination/" in delivery.target
        if delivery.policy.cause is not Cause.RULE and not is_destination:
            await self._others.send(delivery, body)
            return
        late = self._buses()
        buses = late.opened
        if buses is None:
            buses = await self._loop.work(CALLS, late.open)
        if is_destination:
            await self._ask(delivery, body, buses)
            return
        arrival = await self._loop.work(CALLS, self._arrival, delivery, body, buses)
        put: Future[LambdaError | None] = self._loop.asyncio.create_future()

        def told(error: LambdaError | None) -> None:
            if not put.done():
                put.set_result(error)

        buses.put([arrival], told)
        if (refusal := await put) is not None:
            raise NotDelivered(refusal.text or refusal.code, refusal.code)

    async def _ask(self, delivery: Delivery, body: bytes, buses: Buses) -> None:
        """An API destination."""
        from lambda_emu.destinations.api_destinations import DestinationSender  # here: few servers have one
        from lambda_emu.services.eventbridge.operations.api_destinations import connection_of, destination_of

        destination = destination_of(delivery.target, buses)
        connection = None if destination is None else connection_of(destination.connection, buses)
        if destination is None or connection is None:
            what = "API destination" if destination is None else "connection"
            raise NotDelivered(f"The {what} does not exist.", "ResourceNotFoundException")
        if self._asking is None:
            self._asking = DestinationSender(self._loop, self._clock)
        await self._asking.send(delivery, body, destination, connection)

    def _arrival(self, delivery: Delivery, body: bytes, buses: Buses) -> Arrival:
        """Undeliverable, NotDelivered."""
        from lambda_emu.services.eventbridge.event import read_envelope
        from lambda_emu.services.eventbridge.matching import Arrival, check
        from lambda_emu.services.eventbridge.patterns.language import read_event

        try:
            bus = buses.directory.find(delivery.function.scope, delivery.target)
            check(delivery.function.scope, "events:PutEvents", bus)
            event = read_envelope(body.decode())
        except LambdaError as error:
            raise NotDelivered(error.text or error.code, error.code) from error
        except (ValueError, LookupError, TypeError) as error:
            raise Undeliverable("This is no event", "MalformedDetail") from error
        return Arrival(event, read_event(event.text), bus, self._clock.now_s())
