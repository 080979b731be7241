"""Reads a queue. What failed is left to its visibility timeout, and to the queue's own redrive policy.

docs/contract/events.md#polling. The order within a FIFO queue's groups is the queue's own doing: while messages of a
group are in flight it hands out no more of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lambda_emu.errors.service import ShuttingDown
from lambda_emu.event_sources.poller import BatchVerdict, Begin, Fetched, Record, Result
from lambda_emu.event_sources.scaling import Scaling, of_queue
from lambda_emu.model.mappings.mapping import EventSourceMapping


class Transport(Protocol):
    """A queue, wherever it is served. On the loop. SourceUnavailable."""

    async def receive(self, limit: int, wait_s: float) -> Sequence[Record]: ...
    def interrupt(self) -> None: ...
    async def delete(self, records: Sequence[Record]) -> None: ...
    async def release(self, records: Sequence[Record]) -> None:
        """They are visible at once."""

    def close(self) -> None:
        """It receives no more; what was received may still be settled."""


class QueuePoller:
    """event_sources.poller.Poller of a queue."""

    ordered = False

    def __init__(self, arn: str, transport: Transport) -> None:
        self.divisible = not arn.endswith(".fifo")
        self._transport = transport

    async def fetch(self, limit: int, wait_s: float) -> Fetched:
        return Fetched(await self._transport.receive(limit, wait_s))

    def interrupt(self) -> None:
        self._transport.interrupt()

    def event(self, records: Sequence[Record]) -> bytes:
        return b'{"Records":[' + b",".join([record.json for record in records]) + b"]}"

    async def settle(self, records: Sequence[Record], result: Result) -> None:
        if isinstance(result.error, ShuttingDown):
            await self.release(records)
        elif result.verdict in (BatchVerdict.OK, BatchVerdict.PARTIAL):
            failed = result.failed
            await self.drop([record for record in records if record.id not in failed] if failed else records)

    async def drop(self, records: Sequence[Record]) -> None:
        if records:
            await self._transport.delete(records)

    async def release(self, records: Sequence[Record]) -> None:
        await self._transport.release(records)

    def filter_view(self, record: Record) -> tuple[Mapping[str, Any], str | None]:
        event = json.loads(record.json)
        return event, event["body"]


class QueueSource:
    """event_sources.poller.Source: the one unit of a queue, whose groups keep their order by themselves."""

    def __init__(self, mapping: EventSourceMapping, transport: Transport) -> None:
        assert mapping.source_arn is not None, "a queue has one"
        self._transport = transport
        self._poller = QueuePoller(mapping.source_arn, transport)
        self._scaling = Scaling(*of_queue(mapping.settings))

    def start(self, begin: Begin) -> None:
        begin(self._poller, self._scaling)

    def change(self, mapping: EventSourceMapping) -> None:
        self._scaling.change(*of_queue(mapping.settings))

    def stop(self) -> None:
        self._transport.close()
