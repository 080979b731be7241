"""Our own delivery streams as targets: of rules, schedules, and filters of log groups."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lambda_emu.arn import scope_in
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import NotDelivered, Undeliverable
from lambda_emu.destinations.senders import CALLS
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.loop import Loop
from lambda_emu.services.late import LateRoom

if TYPE_CHECKING:
    from lambda_emu.services.firehose.streams import DeliveryStreams


class DeliveryStreamSender:
    """A message is a record, as it is."""

    most = 32

    def __init__(self, streams: Callable[[], LateRoom[DeliveryStreams]], loop: Loop) -> None:
        self._streams = streams
        self._loop = loop

    async def send(self, delivery: Delivery, body: bytes) -> None:
        late = self._streams()
        streams = late.opened
        if streams is None:
            streams = await self._loop.work(CALLS, late.open)
        try:
            stream = streams.find_direct(scope_in(delivery.target), delivery.target.rpartition("/")[2], [body])
        except LambdaError as error:
            kind = NotDelivered if error.code == "ResourceNotFoundException" else Undeliverable
            raise kind(error.text or error.code, error.code) from error
        put: Future[LambdaError | None] = self._loop.asyncio.create_future()

        def told(refusals: Sequence[LambdaError | None]) -> None:
            if not put.done():
                put.set_result(refusals[0])

        streams.put(stream, [body], told)
        if (refusal := await put) is not None:
            raise NotDelivered(refusal.text or refusal.code, refusal.code)
