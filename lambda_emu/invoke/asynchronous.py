"""Events that nobody waits for: kept on disk until they succeeded or are given up.

docs/contract/invoke.md#asynchronous-invocations.

Accepting is `keep`: the event is on disk when the reply is told. The dispatcher hands out what is due; that is given to
the pool, and what comes back is settled. An event is at least once: after a crash it runs again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from lambda_emu.arn import FunctionId, Target
from lambda_emu.clock import Clock
from lambda_emu.disk import is_full
from lambda_emu.environment.invocation import Outcome, Reply
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import NotFound
from lambda_emu.errors.service import NoRoom, ServiceFailure
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.dispatcher import Dispatcher
from lambda_emu.invoke.ending import EventEnd, NoSequel, Sequel, config_of, last_answer, tells_of_failure
from lambda_emu.invoke.invoker import NOTHING, Invoker
from lambda_emu.invoke.lineage import came_again
from lambda_emu.invoke.refusals import Refusals
from lambda_emu.invoke.request import GatheredReply, InvocationType, InvokeRequest
from lambda_emu.invoke.retries import (
    LONGEST_WAIT_S,
    Again,
    Condition,
    Finish,
    RetryPolicy,
    after_failure,
    after_refusal,
)
from lambda_emu.invoke.rules import RecursiveInvocation
from lambda_emu.invoke.runner import Resolved
from lambda_emu.model.function.function import Function
from lambda_emu.store import QueuedEvent, Store, WorkItem
from lambda_emu.store.events import work_of_event

log = logging.getLogger(__name__)


class AsyncInvoker:
    """Accepts asynchronous events and sees each one to its end. Times are the clock's steady ones."""

    def __init__(self, store: Store, invoker: Invoker, loop: Loop, clock: Clock, sequel: Sequel | None = None) -> None:
        self._store = store
        self._queue = store.queue
        self._invoker = invoker
        self._loop = loop
        self._clock = clock
        self._dispatcher = Dispatcher(self._queue, loop, clock, self._try)
        self._refusals = Refusals()
        self._sequel = sequel or NoSequel()
        invoker.keep, invoker.admit = self.keep, self.admit

    def start(self) -> None:
        """Begin with what an earlier run left. On the loop."""
        self._dispatcher.start(LONGEST_WAIT_S)

    def stop(self) -> None:
        """Begin no attempt any more; what is not settled stays in the queue."""
        self._dispatcher.stop()

    def forget(self) -> None:
        """The queue was emptied. On the loop."""
        self._refusals.clear()

    def keep(self, request: InvokeRequest, reply: Reply) -> None:
        """Put the event on disk, then run it. The reply is told once it is there, or could not be put there."""
        event = self._event(request)
        self._queue.put(event, lambda error: self._loop.post(self._begin, event, reply, error))

    def admit(self, request: InvokeRequest) -> tuple[WorkItem, Callable[[], None]]:
        """For who keeps an event with something else: what is to be kept, and what runs it once it is. On the loop.

        LambdaError: what it would be refused with now.
        """
        self._invoker.check_event(request)
        event = self._event(request)
        return work_of_event(event), partial(self._begin, event, _Unheard(), None)

    def _event(self, request: InvokeRequest) -> QueuedEvent:
        now_s = self._clock.steady_s()
        return QueuedEvent(
            request_id=request.request_id,
            function=request.target.id,
            qualifier=request.target.qualifier,
            invoked_arn=request.invoked_arn,
            payload=request.payload,
            trace_id=request.trace_id,
            accepted_s=now_s,
            attempts=0,
            due_s=now_s,
            tenant_id=request.tenant_id,
        )

    def _begin(self, event: QueuedEvent, reply: Reply, error: BaseException | None) -> None:
        if error is not None:
            log.error("an event could not be kept: %s", error)
            why = NoRoom(str(error)) if is_full(error) else ServiceFailure(f"The event could not be kept: {error}")
            reply.refused(why)
            return
        reply.end(NOTHING)
        self._count("AsyncEventsReceived", event)
        self._dispatcher.begin()
        try:
            if not self._dispatcher.stopped and (resolved := self._resolve(event)) is not None:
                assert event.payload is not None
                self._submit(resolved, event, event.payload)
        except Exception as why:  # noqa: BLE001 - told there
            self._refuse(event, why)

    # -- one attempt ------------------------------------------------------------------------------

    async def _try(self, event: QueuedEvent) -> None:
        """Its payload is read when nothing else is in its way. Whatever comes of it is settled."""
        try:
            resolved = None if self._dispatcher.stopped else self._resolve(event)
            if resolved is None:
                return
            self._invoker.check(resolved, _request(event, b""))
            payload = await self._dispatcher.payload(event.request_id)
            if payload is None:  # all events were forgotten meanwhile
                self._dispatcher.drop()
            elif not self._dispatcher.stopped:
                self._submit(resolved, replace(event, payload=payload), payload)
        except Exception as error:  # noqa: BLE001 - told there
            self._refuse(event, error)

    def _refuse(self, event: QueuedEvent, error: Exception) -> None:
        """It was refused, or could not be read; a mistake of ours counts as that too, so that it is tried again."""
        if not isinstance(error, LambdaError):
            log.error("event %s could not be begun", event.request_id, exc_info=error)
            error = ServiceFailure(str(error))
        self._settle(event, error)

    def _resolve(self, event: QueuedEvent) -> Resolved | None:
        """What it runs; None if it was given up instead. LambdaError if it cannot run now."""
        target = Target(event.function, event.qualifier)
        resolved = self._invoker.resolve(target)
        function = resolved.function
        if _never_runs(function):
            self._end(event, Condition.ZERO_CONCURRENCY)
            return None
        if self._clock.steady_s() >= _policy(function, event).ends_s(event.accepted_s):
            self._end(event, Condition.AGE_EXCEEDED)
            return None
        if came_again(event.trace_id):
            try:
                self._invoker.check_chain(function, target, event.trace_id)
            except RecursiveInvocation as error:
                self._end(event, Condition.RECURSIVE, error)
                return None
        return resolved

    def _submit(self, resolved: Resolved, event: QueuedEvent, payload: bytes) -> None:
        self._count("AsyncEventAge", event, (self._clock.steady_s() - event.accepted_s) * 1000)
        self._invoker.run(resolved, _request(event, payload), _Attempt(event, self._settle))

    def _settle(self, event: QueuedEvent, result: Outcome | LambdaError) -> None:
        now_s, policy = self._clock.steady_s(), _policy(self._store.function(event.function), event)
        if isinstance(result, Outcome):
            if result.failed:
                self._decide(event, after_failure(event.attempts + 1, event.accepted_s, now_s, policy), result)
                self._refusals.forget(event)
            else:
                self._end(event, Condition.SUCCESS, result)
            self._make_use_of_room(event.function)
        elif isinstance(result, NotFound):
            self._end(event, Condition.RETRIES_EXHAUSTED, result)
        elif not self._dispatcher.stopped:
            refusals = self._refusals.add(event)
            self._decide(event, after_refusal(event.attempts, refusals, event.accepted_s, now_s, policy), result)

    def _decide(self, event: QueuedEvent, decision: Finish | Again, result: Outcome | LambdaError) -> None:
        """It was not to be, this time. Have it written down what becomes of it."""
        if isinstance(decision, Finish):
            self._end(event, decision.condition, result)
            return
        function, record = self._store.function(event.function), None
        if function is not None and tells_of_failure(function, event.qualifier):
            record = replace(event, last=last_answer(event, result)).record
        self._dispatcher.put_off(event.request_id, decision.attempts, decision.due_s, record)

    def _end(self, event: QueuedEvent, condition: Condition, result: Outcome | LambdaError | None = None) -> None:
        """Nothing more is tried; who is to hear of it will."""
        self._refusals.forget(event)
        if condition is not Condition.SUCCESS:
            log.warning("event %s for %s is given up: %s", event.request_id, event.invoked_arn, condition)
            self._count("AsyncEventsDropped", event)
        function = self._store.function(event.function)
        if function is None or (condition is Condition.SUCCESS and not function.invoke_configs):
            self._dispatcher.finish(event.request_id)
            return
        outcome = result if isinstance(result, Outcome) else None
        last = last_answer(event, result) if isinstance(result, LambdaError) else event.last
        runs = event.attempts + (outcome is not None)
        then = self._sequel.follow(EventEnd(event, function, condition, runs, outcome, last))
        if then:
            self._dispatcher.finish(event.request_id, then, partial(self._sequel.kept, then))
        else:
            self._dispatcher.finish(event.request_id)

    def _count(self, metric: str, event: QueuedEvent, value: float = 1.0) -> None:
        self._invoker.count(metric, event.function, value, event.qualifier)

    def _make_use_of_room(self, function: FunctionId) -> None:
        """One of its events has run: the first that was refused need not wait out its time."""
        refused = self._refusals.first(function)
        if refused is not None:
            self._dispatcher.hasten(refused)


class _Attempt(GatheredReply):
    """What came of one attempt is settled."""

    def __init__(self, event: QueuedEvent, settle: Callable[[QueuedEvent, Outcome | LambdaError], None]) -> None:
        self._event = event
        self._settle = settle

    def done(self, outcome: Outcome) -> None:
        self._settle(self._event, outcome)

    def refused(self, error: LambdaError) -> None:
        self._settle(self._event, error)


class _Unheard(GatheredReply):
    """Nobody waits."""

    def done(self, outcome: Outcome) -> None:
        pass

    def refused(self, error: LambdaError) -> None:
        pass


def _request(event: QueuedEvent, payload: bytes) -> InvokeRequest:
    target = Target(event.function, event.qualifier)
    return InvokeRequest(
        event.request_id, target, payload, InvocationType.EVENT, trace_id=event.trace_id, tenant_id=event.tenant_id
    )


def _policy(function: Function | None, event: QueuedEvent) -> RetryPolicy:
    """As it is set now for what the event was sent to."""
    return RetryPolicy.of(None if function is None else config_of(function, event.qualifier))


def _never_runs(function: Function) -> bool:
    return function.reserved_concurrency == 0
