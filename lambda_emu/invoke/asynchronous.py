"""Events that nobody waits for: kept on disk until they succeeded or are given up. Contract: invoke.md 2.5.

Accepting is `put`: it is on disk when its `done` is called. Running is a dispatcher on the loop: it takes what is due,
gives it to the pool and settles what comes back. An event is at least once: after a crash it runs again.
"""

from __future__ import annotations

import logging
import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from functools import partial

from lambda_emu.arn import LATEST, FunctionId, Target
from lambda_emu.clock import Clock, Timer
from lambda_emu.disk import is_full
from lambda_emu.environment.invocation import Outcome, Reply
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import NotFound
from lambda_emu.errors.service import NoRoom, ServiceFailure
from lambda_emu.http.executors import Closed, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.invoker import NOTHING, Invoker
from lambda_emu.invoke.persistence import Persistence
from lambda_emu.invoke.refusals import Refusals
from lambda_emu.invoke.request import Gathering, InvokeRequest, Kind
from lambda_emu.invoke.retries import (
    LONGEST_WAIT_S,
    Again,
    Condition,
    Finish,
    Patience,
    after_failure,
    after_refusal,
)
from lambda_emu.invoke.runner import Resolved
from lambda_emu.model.function.function import Function
from lambda_emu.store import QueuedEvent, Store

log = logging.getLogger(__name__)

LOOKS = Workers("looks at the queue of events", 2, 64)
BATCH = 100
QUIET_S = 5.0
"""How often the queue is looked at when nothing is known to be due: a safety net, not the way events are found."""
PAUSE_S = 0.05


class AsyncInvoker:
    """Accepts asynchronous events and sees each one to its end. Times are the clock's steady ones."""

    def __init__(self, store: Store, invoker: Invoker, loop: Loop, clock: Clock) -> None:
        self._store = store
        self._queue = store.queue
        self._invoker = invoker
        self._loop = loop
        self._clock = clock
        self._persistence = Persistence(loop, clock)
        self._taken = 0  # events whose attempt is not over, or what came of it not on disk
        self._refusals = Refusals()
        self._timer: Timer | None = None
        self._wake_s = 0.0  # when that fires
        self._looking = False
        self._look_again = False
        self._backlog = False  # more is due than was taken
        self._stopped = False
        invoker.keep = self.keep

    def start(self) -> None:
        """Begin with what an earlier run left. On the loop."""
        recover = partial(self._queue.recover, self._clock.steady_s(), LONGEST_WAIT_S)
        self._persistence.make(recover, self._look)

    def stop(self) -> None:
        """Begin no attempt any more; what is not settled stays in the queue."""
        self._stopped = True
        self._persistence.stop()
        self._no_timer()

    def forget(self) -> None:
        """The queue was emptied. On the loop."""
        self._refusals.clear()

    def keep(self, request: InvokeRequest, reply: Reply) -> None:
        """Put the event on disk, then run it. The reply is told once it is there, or could not be put there."""
        now_s = self._clock.steady_s()
        event = QueuedEvent(
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
        self._queue.put(event, lambda error: self._loop.post(self._accepted, event, reply, error))

    def _accepted(self, event: QueuedEvent, reply: Reply, error: BaseException | None) -> None:
        if error is not None:
            log.error("an event could not be kept: %s", error)
            why = NoRoom(str(error)) if is_full(error) else ServiceFailure(f"The event could not be kept: {error}")
            reply.refused(why)
            return
        reply.end(NOTHING)
        self._taken += 1
        try:
            if not self._stopped and (resolved := self._ready(event)) is not None:
                assert event.payload is not None
                self._submit(resolved, event, event.payload)
        except Exception as why:  # noqa: BLE001 - told there
            self._not_begun(event, why)

    # -- the dispatcher ---------------------------------------------------------------------------

    def _look(self) -> None:
        """Take what is due; one look at a time."""
        self._no_timer()
        if self._looking:
            self._look_again = True
        elif not self._stopped:
            self._looking, self._backlog = True, False
            self._loop.spawn(self._take(), "the asynchronous queue")

    async def _take(self) -> None:
        next_s: float | None = None
        try:
            next_s = await self._next_due_s()
            if next_s is not None and next_s <= self._clock.steady_s():
                events = await self._take_due()
                self._taken += len(events)
                self._backlog = len(events) == BATCH
                for event in events:
                    await self._try(event)
                next_s = await self._next_due_s()
        except sqlite3.Error as error:
            self._persistence.note(error)
            next_s = None  # not at once: there is no room
        except Closed:
            log.debug("the queue is not looked at any more")
        finally:
            self._looked(next_s)

    def _next_due_s(self) -> Future[float | None]:
        return self._loop.work(LOOKS, self._queue.next_due_s)

    async def _take_due(self) -> Sequence[QueuedEvent]:
        """What is due now, taken. sqlite3.Error."""
        found: Future[Sequence[QueuedEvent]] = self._loop.asyncio.create_future()
        self._queue.take(self._clock.steady_s(), BATCH, partial(self._loop.post, _answer, found))
        return await found

    def _looked(self, next_s: float | None) -> None:
        """A look is over, well or not: look again now, or when the next event is due."""
        self._looking = False
        if self._look_again or self._may_take_more():
            self._look_again = False
            self._look()
        else:
            now_s = self._clock.steady_s()
            self._wake_at(now_s + QUIET_S if next_s is None else min(max(next_s, now_s + PAUSE_S), now_s + QUIET_S))

    def _wake_at(self, at_s: float) -> None:
        if self._stopped or (self._timer is not None and self._wake_s <= at_s):
            return
        self._no_timer()
        self._wake_s = at_s
        self._timer = self._clock.call_later(max(at_s - self._clock.steady_s(), 0.0), self._look)

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- one attempt ------------------------------------------------------------------------------

    async def _try(self, event: QueuedEvent) -> None:
        """Its payload is read when nothing else is in its way. Whatever comes of it is settled."""
        try:
            resolved = None if self._stopped else self._ready(event)
            if resolved is None:
                return
            self._invoker.check(resolved, _request(event, b""))
            payload = await self._loop.work(LOOKS, self._queue.payload, event.request_id)
            if payload is None:  # all events were forgotten meanwhile
                self._taken -= 1
            elif not self._stopped:
                self._submit(resolved, event, payload)
        except Exception as error:  # noqa: BLE001 - told there
            self._not_begun(event, error)

    def _not_begun(self, event: QueuedEvent, error: Exception) -> None:
        """It was refused, or could not be read; a mistake of ours counts as that too, so that it is tried again."""
        if not isinstance(error, LambdaError):
            log.error("event %s could not be begun", event.request_id, exc_info=error)
            error = ServiceFailure(str(error))
        self._settle(event, error)

    def _ready(self, event: QueuedEvent) -> Resolved | None:
        """What it runs; None if it was given up instead. LambdaError if it cannot run now."""
        resolved = self._invoker.resolve(Target(event.function, event.qualifier))
        if _never_runs(resolved.function):
            self._decided(event, Finish(Condition.ZERO_CONCURRENCY))
            return None
        if self._clock.steady_s() >= self._patience(event).ends_s(event.accepted_s):
            self._decided(event, Finish(Condition.AGE_EXCEEDED))
            return None
        return resolved

    def _submit(self, resolved: Resolved, event: QueuedEvent, payload: bytes) -> None:
        self._invoker.run(resolved, _request(event, payload), _Attempt(event, self._settle))

    def _settle(self, event: QueuedEvent, result: Outcome | LambdaError) -> None:
        now_s, patience = self._clock.steady_s(), self._patience(event)
        if isinstance(result, Outcome):
            failed = after_failure(event.attempts + 1, event.accepted_s, now_s, patience)
            self._decided(event, failed if result.failed else Finish(Condition.SUCCESS))
            self._refusals.forget(event)
            self._make_use_of_room(event.function)
        elif isinstance(result, NotFound):
            self._decided(event, Finish(Condition.RETRIES_EXHAUSTED))
        elif not self._stopped:
            refusals = self._refusals.add(event)
            self._decided(event, after_refusal(event.attempts, refusals, event.accepted_s, now_s, patience))

    def _patience(self, event: QueuedEvent) -> Patience:
        """As it is set now for what the event was sent to: $LATEST, a version or an alias."""
        function = self._store.function(event.function)
        return Patience.of(None if function is None else function.invoke_configs.get(event.qualifier or LATEST))

    def _decided(self, event: QueuedEvent, decision: Finish | Again) -> None:
        """Write it down; only then may the event be taken again."""
        if isinstance(decision, Finish):
            self._refusals.forget(event)
            change = partial(self._queue.finish, event.request_id)
            if decision.condition is not Condition.SUCCESS:
                log.warning("event %s for %s is given up: %s", event.request_id, event.invoked_arn, decision.condition)
        else:
            change = partial(self._queue.put_off, event.request_id, decision.attempts, decision.due_s)
        self._persistence.make(change, partial(self._written, decision))

    def _written(self, decision: Finish | Again) -> None:
        self._taken -= 1
        if isinstance(decision, Again):
            if self._looking:
                self._look_again = True  # the present look may have passed it
            else:
                self._wake_at(decision.due_s)
        if self._may_take_more():
            self._look()

    def _may_take_more(self) -> bool:
        return self._backlog and self._taken < BATCH // 2

    def _make_use_of_room(self, function: FunctionId) -> None:
        """One of its events has run: the first that was refused need not wait out its time."""
        refused = self._refusals.first(function)
        if refused is not None:
            self._queue.hasten(refused, self._clock.steady_s(), lambda _: self._loop.post(self._look))


def _answer(found: Future[Sequence[QueuedEvent]], error: BaseException | None, events: Sequence[QueuedEvent]) -> None:
    if found.cancelled():
        return
    if error is None:
        found.set_result(events)
    else:
        found.set_exception(error)


class _Attempt(Gathering):
    """What came of one attempt is settled."""

    def __init__(self, event: QueuedEvent, settle: Callable[[QueuedEvent, Outcome | LambdaError], None]) -> None:
        self._event = event
        self._settle = settle

    def done(self, outcome: Outcome) -> None:
        self._settle(self._event, outcome)

    def refused(self, error: LambdaError) -> None:
        self._settle(self._event, error)


def _request(event: QueuedEvent, payload: bytes) -> InvokeRequest:
    target = Target(event.function, event.qualifier)
    return InvokeRequest(
        event.request_id, target, payload, Kind.EVENT, trace_id=event.trace_id, tenant_id=event.tenant_id
    )


def _never_runs(function: Function) -> bool:
    return function.reserved_concurrency == 0
