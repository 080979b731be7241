"""Delivery streams have functions transform their records: Firehose, once somebody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope, Target, parse_function_name
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import FutureReply, Invoke, InvokeRequest, trace_header
from lambda_emu.invoke.rules import INVOKE
from lambda_emu.services.clients import Call
from lambda_emu.services.late import LIMIT_S, LateRoom, ask_store
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.firehose.judging import Answer
    from lambda_emu.services.firehose.running import RunningStream
    from lambda_emu.services.firehose.serving import FirehoseServer
    from lambda_emu.services.firehose.stream import StreamRecord
    from lambda_emu.services.firehose.streams import DeliveryStreams
    from lambda_emu.triggers.delivery_sources import KinesisSource

Refusal = Callable[[Actor, str, str], Coroutine[Any, Any, "str | None"]]
"""AWS's text why somebody may not do this action on that resource; None: he may. LambdaError."""
PRINCIPAL = "firehose.amazonaws.com"
START_LIMIT_S = 600.0
INVOCATION_LIMIT_S = 300.0
"""Firehose waits no longer for a function."""


class LateDeliveryStreams(LateRoom["DeliveryStreams"]):
    left = "SELECT 1 FROM firehose_records UNION ALL SELECT 1 FROM firehose_streams WHERE record LIKE '%\"source\":{%'"

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        call: Call,
        invoke: Invoke,
        open_source: Callable[[str, str], KinesisSource],
    ) -> None:
        """call: of S3. open_source: a stream of Kinesis, by its ARN and a role; blocks."""
        super().__init__(store, loop)
        self._clock = clock
        self._call = call
        self._invoke = invoke
        self._open_source = open_source
        self.find_refusal: Refusal | None = None
        """Knows what roles may; None: nobody is asked."""

    def make_server(self, scope: Scope) -> FirehoseServer:
        """For `FirehoseService`, on a worker. scope: of callers who name none."""
        from lambda_emu.services.firehose.serving import FirehoseServer

        return FirehoseServer(self.open(), self._clock, scope)

    def _open(self) -> DeliveryStreams:
        from lambda_emu.services.firehose.running import DeliveryContext
        from lambda_emu.services.firehose.streams import DeliveryStreams
        from lambda_emu.services.firehose.table import read_all

        context = DeliveryContext(self._store, self._loop, self._clock, self._call, self._ask, self._read, self._may)
        streams = DeliveryStreams(context)
        left = ask_store(self._store, read_all, START_LIMIT_S)
        self._loop.ask(lambda: streams.take_over(left), LIMIT_S)
        return streams

    def _read(self, stream: RunningStream) -> Callable[[], None]:
        from lambda_emu.triggers.delivery_sources import SourceReading

        reading = SourceReading(stream, self._open_source, self._loop, self._clock)
        reading.start()
        return reading.stop

    async def _may(self, stream: StreamRecord, role: str, action: str, resource: str) -> str | None:
        """running.May."""
        from lambda_emu.services.firehose.lane import NotDone

        if self.find_refusal is None:
            return None
        try:
            return await self.find_refusal(Actor(PRINCIPAL, stream.arn, role), action, resource)
        except LambdaError as error:
            raise NotDone(error.text or error.code) from error

    async def _ask(self, stream: StreamRecord, arn: str, role: str, event: bytes) -> Answer:
        from lambda_emu.services.firehose.judging import Answer

        try:
            written = parse_function_name(arn)
        except ValueError as mistake:
            return Answer(refusal=("ResourceNotFoundException", str(mistake)))
        scope = Scope(written.account or stream.account, written.region or stream.region)
        target = Target(scope.function(written.name), written.qualifier)
        refusal = await self._may(stream, role, INVOKE, target.arn)
        if refusal is not None:
            return Answer(refusal=(AccessDenied.code, refusal))
        principal = None if scope.account == stream.account else stream.account
        trace = trace_header(None, self._clock, target)
        request = InvokeRequest(self._clock.new_id(), target, event, principal=principal, trace_id=trace)
        reply = FutureReply(self._loop.asyncio.create_future())
        self._invoke(request, reply)
        try:
            outcome = await asyncio.wait_for(reply.future, INVOCATION_LIMIT_S)
        except TimeoutError:
            return Answer(has_timed_out=True)
        if isinstance(outcome, LambdaError):
            return Answer(refusal=(outcome.code, outcome.text or ""))
        return Answer(outcome.payload, outcome.failed)
