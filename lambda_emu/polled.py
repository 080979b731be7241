"""What event source mappings and delivery streams read: queues and streams, of our own or somebody else's.

Imported when something is to be polled, which is seldom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lambda_emu.arn import parse_resource_arn
from lambda_emu.clock import Clock
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.event_sources.driver import PolledKind
from lambda_emu.event_sources.sqs.kind import OwnQueues, QueuesElsewhere
from lambda_emu.event_sources.streams import dynamodb, kinesis
from lambda_emu.event_sources.streams.calling import CalledReader, CalledStreams
from lambda_emu.event_sources.streams.dynamodb import TableStream
from lambda_emu.event_sources.streams.kinesis_elsewhere import KinesisStream
from lambda_emu.event_sources.streams.kinesis_own import KinesisReader, KinesisStreams
from lambda_emu.event_sources.streams.positions import Positions
from lambda_emu.event_sources.streams.reading import POLL_S, SAFETY_POLL_S
from lambda_emu.event_sources.streams.source import StreamKind, Streams
from lambda_emu.http.loop import Loop
from lambda_emu.model.function.names import resolve
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.sources import SourceKind
from lambda_emu.services.child.service import OtherServices
from lambda_emu.services.clients import Call
from lambda_emu.services.kinesis.late import LateStreams
from lambda_emu.services.sqs.late import LateQueues
from lambda_emu.services.sqs.local import LocalQueues
from lambda_emu.store import Store
from lambda_emu.triggers.delivery_sources import KinesisSource


class Polled:
    """call: asks whichever service. is_elsewhere: whether somebody else serves one, by its name."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        queues: LateQueues,
        streams: LateStreams,
        call: Call,
        is_elsewhere: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._own_queues = queues
        self._own_streams = streams
        self._call = call
        self._is_elsewhere = is_elsewhere

    def kinds(
        self, outbox: Outbox, count: Callable[..., None], child: OtherServices
    ) -> Mapping[SourceKind, PolledKind]:
        """What event source mappings may poll. count: metrics of functions. child: wakes who reads its streams."""
        queues = self._queues()
        positions = Positions(self._store, self._loop, outbox.wake)
        positions.forget_all_but({mapping.uuid for _, mapping in self._store.mappings.everywhere()})
        tables = Streams(self._tables(), positions, count, self._loop, self._clock)
        child.on_stream = tables.wake
        return {
            SourceKind.SQS: queues,
            SourceKind.SQS_FIFO: queues,
            SourceKind.DYNAMODB: tables,
            SourceKind.KINESIS: Streams(self._streams(), positions, count, self._loop, self._clock),
        }

    def open_stream(self, arn: str, role: str) -> KinesisSource:
        """The one that a delivery stream reads. Blocks."""
        if self._is_elsewhere("kinesis"):
            asked = CalledReader(KinesisStream(arn, role, self._call), self._loop)
            return KinesisSource(asked, lambda _: lambda: None, POLL_S)
        streams = self._own_streams.open()
        reader = KinesisReader(arn, streams, role)
        return KinesisSource(reader, lambda told: streams.listen(arn, lambda _: told()), SAFETY_POLL_S)

    def _queues(self) -> PolledKind:
        if self._is_elsewhere("sqs"):
            return QueuesElsewhere(self._call, self._loop)
        return OwnQueues(LocalQueues(self._own_queues.open(), self._clock), self._loop, self._clock)

    def _tables(self) -> StreamKind:
        def stream_of(mapping: EventSourceMapping) -> TableStream:
            return TableStream(mapping.source_arn or "", self._call)

        poll_s = POLL_S if self._is_elsewhere("dynamodb") else SAFETY_POLL_S
        return CalledStreams(dynamodb.FORM, stream_of, self._loop, poll_s)

    def _streams(self) -> StreamKind:
        def stream_of(mapping: EventSourceMapping) -> KinesisStream:
            return KinesisStream(mapping.source_arn or "", self._role_of(mapping), self._call)

        if self._is_elsewhere("kinesis"):
            return CalledStreams(kinesis.FORM, stream_of, self._loop, POLL_S)
        return KinesisStreams(self._own_streams.open(), self._role_of)

    def _role_of(self, mapping: EventSourceMapping) -> str:
        """The ARN of the one that its function has; empty: there is no such function."""
        target = resolve(mapping.function_arn, None, parse_resource_arn(mapping.arn).scope)
        function = self._store.function(target.id)
        return "" if function is None else function.latest.role
