"""One mapping that polls: its feeds, and how its function is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from lambda_emu.arn import Scope
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.event_sources.context import PollingContext
from lambda_emu.event_sources.feed import Feed
from lambda_emu.event_sources.filtering import RecordFilter
from lambda_emu.event_sources.poller import BatchVerdict, Poller, Record, Result, Source, SourceUnavailable
from lambda_emu.event_sources.report import BadReport, check_state, read_report
from lambda_emu.event_sources.scaling import Scaling
from lambda_emu.invoke.request import FutureReply, InvokeRequest, trace_header
from lambda_emu.invoke.rules import runnable
from lambda_emu.model.function.names import resolve
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.sources import SourceKind

log = logging.getLogger(__name__)

REPORTS = "ReportBatchItemFailures"
FINE, PROBLEM = "OK", "PROBLEM: Function call failed"


class Consumer:
    """Polls for one mapping until it is stopped. last_result: what came of the last batch, None: of none yet."""

    def __init__(self, mapping: EventSourceMapping, scope: Scope, context: PollingContext) -> None:
        self.last_result: str | None = None
        self.stopped = False
        self.scope = scope
        self._store = context.store
        self._leave = context.leave
        self._invoke = context.invoke
        self._count = context.count_for
        self._loop = context.loop
        self._clock = context.clock
        self._source: Source | None = None
        self._feeds: dict[Feed, asyncio.Task[object]] = {}
        self._is_callable = False  # as far as is known
        self._take(mapping)

    def start(self, source: Source) -> None:
        self._source = source
        source.start(self._begin)

    def change(self, mapping: EventSourceMapping) -> None:
        """From the next batch on it is as this says."""
        self._take(mapping)
        if self._source is not None:
            self._source.change(mapping)
        self.look()

    def look(self) -> None:
        """Something is not as it was, such as the function."""
        self._is_callable = False
        for feed in self._feeds:
            feed.look()

    def stop(self, ended: Callable[[], None]) -> None:
        """Take nothing more. ended: called when all that was taken is settled."""
        self.stopped = True
        if self._source is not None:
            self._source.stop()
        for feed in self._feeds:
            feed.stop()
        self._loop.spawn(self._end(ended), f"the end of {self.mapping.uuid}")

    # -- as feeds see it --------------------------------------------------------------------------

    def is_callable(self) -> bool:
        """Whether there is a function, and it is Active: if not, nothing is taken for it. `look` tells of changes."""
        if not self._is_callable:
            try:
                runnable(self._store.function(self._target.id), self._target, None, 0.0)
            except LambdaError:
                return False
            self._is_callable = True
        return True

    async def check(self) -> None:
        """SourceUnavailable while the function's role may not read it."""
        missing = await self._leave.missing(self.mapping, self._target)
        if missing is not None:
            self.last_result = f"PROBLEM: {missing}"
            raise SourceUnavailable(missing)

    async def ask(self, poller: Poller, records: Sequence[Record]) -> Result:
        reply = FutureReply(self._loop.asyncio.create_future())
        request_id = self._clock.new_id()
        trace = next((record.trace for record in records if record.trace), None)
        request = InvokeRequest(
            request_id, self._target, poller.event(records), trace_id=trace_header(trace, self._clock, self._target)
        )
        self._invoke(request, reply)
        answer = await reply.future
        if isinstance(answer, LambdaError):
            log.info("%s: %s %s", self.mapping.uuid, answer.code, answer.text)
            result = Result(BatchVerdict.REFUSED, request_id, error=answer)
        else:
            self.count("InvokedEventCount", len(records))
            result = self._judge(answer, request_id, records)
        self.last_result = FINE if result.verdict is BatchVerdict.OK else PROBLEM
        self.count("FailedInvokeEventCount", _failures(records, result))
        return result

    def settled(self, records: Sequence[Record], result: Result) -> None:
        if self.mapping.kind in (SourceKind.SQS, SourceKind.SQS_FIFO):
            self.count("DeletedEventCount", len(records) - _failures(records, result))

    def count(self, metric: str, events: int) -> None:
        """Where the mapping asks for it. docs/contract/logs-billing.md#metrics."""
        if self._is_counted:
            self._count(self.scope, (("EventSourceMappingUUID", self.mapping.uuid),), metric, float(events))

    # -- inside -----------------------------------------------------------------------------------

    def _take(self, mapping: EventSourceMapping) -> None:
        self.mapping = mapping
        self.wanted = RecordFilter.of(mapping.kind, mapping.settings)
        self._is_counted = "EventCount" in mapping.settings.get("MetricsConfig", {}).get("Metrics", ())
        self._target = resolve(mapping.function_arn, None, self.scope)

    def _begin(self, poller: Poller, scaling: Scaling) -> None:
        if self.stopped:
            return
        feed = Feed(poller, scaling, self, self._loop, self._clock)
        task = self._loop.spawn(feed.run(), f"polling for {self.mapping.uuid}")
        self._feeds[feed] = task
        task.add_done_callback(lambda _: self._feeds.pop(feed, None))

    async def _end(self, ended: Callable[[], None]) -> None:
        if self._feeds:
            await asyncio.wait(list(self._feeds.values()))
        ended()

    def _judge(self, outcome: Outcome, request_id: str, records: Sequence[Record]) -> Result:
        verdict, failed = BatchVerdict.FAILED if outcome.failed else BatchVerdict.OK, frozenset[object]()
        if not outcome.failed:
            try:
                failed = self._failures(outcome.payload, records)
                verdict = BatchVerdict.PARTIAL if failed else BatchVerdict.OK
            except BadReport as error:
                log.warning("%s: all of the batch failed, since of what its function answers %s", request_id, error)
                verdict = BatchVerdict.FAILED
        version = outcome.executed_version
        return Result(verdict, request_id, failed, outcome.payload, outcome.failed, version)

    def _failures(self, payload: bytes, records: Sequence[Record]) -> frozenset[object]:
        """The ids of records that failed, as the function says that the mapping asks about it. BadReport.

        A window's last invocation, which has no records, need not answer a state (?).
        """
        settings = self.mapping.settings
        if settings.get("TumblingWindowInSeconds") and records:
            check_state(payload)
        if REPORTS in settings.get("FunctionResponseTypes", ()):
            return read_report(payload, frozenset(record.id for record in records))
        return frozenset()


def _failures(records: Sequence[Record], result: Result) -> int:
    if result.verdict is BatchVerdict.OK:
        return 0
    return len(result.failed) if result.verdict is BatchVerdict.PARTIAL else len(records)
