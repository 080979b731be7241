"""A queue that this server has itself: asked in this process, and woken when there is something to receive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from lambda_emu.clock import Clock
from lambda_emu.event_sources.backoff import Nap
from lambda_emu.event_sources.feed import PAYLOAD_BYTES
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.event_sources.sqs.message import Messages
from lambda_emu.http.loop import Loop
from lambda_emu.services.sqs.errors import SqsError
from lambda_emu.services.sqs.local import LocalQueues
from lambda_emu.services.sqs.message import Received
from lambda_emu.services.sqs.moves import Done


class OwnQueue:
    """event_sources.sqs.poller.Transport, by the queue's ARN. One receive at a time, until it is closed."""

    def __init__(self, arn: str, queues: LocalQueues, loop: Loop, clock: Clock) -> None:
        self._arn = arn
        self._messages = Messages(arn)
        self._queues = queues
        self._loop = loop
        self._nap = Nap(loop, clock)
        self._interrupted = False
        self._stop_listening = queues.listen(arn, self._nap.end)

    async def receive(self, limit: int, wait_s: float) -> Sequence[Record]:
        self._interrupted = False
        found = await self._visible(limit)
        if found:
            return found
        await self._nap.sleep(wait_s)  # nothing comes before: nothing was there, so nothing was waited for
        return () if self._interrupted else await self._visible(limit)

    def interrupt(self) -> None:
        self._interrupted = True
        self._nap.end()

    def close(self) -> None:
        self._stop_listening()

    async def delete(self, records: Sequence[Record]) -> None:
        received = [record.place for record in records]
        await self._told(lambda told: self._queues.delete_received(self._arn, received, told))

    async def release(self, records: Sequence[Record]) -> None:
        handles = [record.place.handle for record in records]
        await self._told(
            lambda told: self._queues.change_visibility(self._arn, handles, 0.0, lambda error, _: told(error))
        )

    async def _visible(self, limit: int) -> Sequence[Record]:
        found: asyncio.Future[Sequence[Received]] = self._loop.asyncio.create_future()

        def deliver(error: SqsError | None, messages: Sequence[Received]) -> None:
            if error is not None:
                found.set_exception(self._unavailable(error))
            else:
                found.set_result(messages)

        self._queues.receive(self._arn, limit, deliver, most_bytes=PAYLOAD_BYTES)
        return [self._messages.received(one) for one in await found]

    async def _told(self, act: Callable[[Done], None]) -> None:
        """Until what was asked for is kept. Messages that somebody else may have by now are left to him."""
        done: asyncio.Future[None] = self._loop.asyncio.create_future()

        def told(error: SqsError | None) -> None:
            if error is not None:
                done.set_exception(self._unavailable(error))
            else:
                done.set_result(None)

        act(told)
        await done

    def _unavailable(self, error: SqsError) -> SourceUnavailable:
        return SourceUnavailable(f"{self._arn}: {error.text}")
