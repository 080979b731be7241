"""Events that nobody waits for: kept on disk until they succeeded or are given up. Contract: invoke.md 2.5.

Accepting is `put`: it is on disk when its `done` is called. Running is a dispatcher on the loop: it takes what is due,
gives it to the pool and settles what comes back. An event is at least once: after a crash it runs again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from lambda_emu.arn import LATEST, FunctionId
from lambda_emu.clock import Clock, Timer
from lambda_emu.errors import LambdaError, NotFound, ServiceFailure
from lambda_emu.http.executors import Work
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.refusals import Refusals
from lambda_emu.invoke.retries import Again, Condition, Finish, Patience, after_failure, after_refusal
from lambda_emu.invoke.synchronous import Invoker
from lambda_emu.model.function import Function
from lambda_emu.pool.invocation import Invocation, Outcome
from lambda_emu.store import QueuedEvent, Store

log = logging.getLogger(__name__)

BATCH = 100
QUIET_S = 5.0
"""How often the queue is looked at when nothing is known to be due: a safety net, not the way events are found."""


class AsyncInvoker:
    """Accepts asynchronous events and sees each one to its end."""

    def __init__(self, store: Store, invoker: Invoker, loop: Loop, clock: Clock) -> None:
        self._store = store
        self._queue = store.queue
        self._invoker = invoker
        self._loop = loop
        self._clock = clock
        self._running: set[str] = set()  # not to be taken: it runs, or what became of it is not on disk yet
        self._written: set[str] = set()  # it is now, but the present look may have read what was there before
        self._refusals = Refusals()
        self._timer: Timer | None = None
        self._looking = False
        self._look_again = False
        self._backlog = False  # more is due than was taken
        self._stopped = False

    def start(self) -> None:
        """Begin with what an earlier run left. On the loop."""
        self._look()

    def stop(self) -> None:
        """Take nothing new from the queue; what is not settled stays there."""
        self._stopped = True
        self._no_timer()

    def put(self, event: QueuedEvent, done: Callable[[LambdaError | None], None]) -> None:
        """Keep the event, then run it. `done` is called on the loop once it is on disk, or could not be put there."""

        def committed(error: BaseException | None) -> None:
            self._loop.post(self._accepted, event, done, error)

        self._queue.put(event, committed)

    def _accepted(
        self, event: QueuedEvent, done: Callable[[LambdaError | None], None], error: BaseException | None
    ) -> None:
        if error is not None:
            log.error("an event could not be kept: %s", error)
            done(ServiceFailure(f"The event could not be kept: {error}"))
            return
        done(None)
        self._run(event)

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
            now_s = self._clock.now_s()
            limit = BATCH + len(self._running)
            due = await self._loop.work(Work.QUEUE, self._queue.due, now_s, limit)
            self._backlog = len(due) == limit
            for event in due:
                self._run(event)
            next_s = await self._loop.work(Work.QUEUE, self._queue.next_due_s, now_s)
        finally:
            self._looked(next_s)

    def _looked(self, next_s: float | None) -> None:
        """A look is over, well or not: look again now, or when the next event is due."""
        self._looking = False
        self._running -= self._written
        self._written.clear()
        if self._look_again or self._may_take_more():
            self._look_again = False
            self._look()
        else:
            wait_s = QUIET_S if next_s is None else min(max(next_s - self._clock.now_s(), 0.05), QUIET_S)
            self._wake_in(wait_s)

    def _wake_in(self, wait_s: float) -> None:
        self._no_timer()
        if not self._stopped:
            self._timer = self._clock.call_later(wait_s, self._look)

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self, event: QueuedEvent) -> None:
        """One attempt; whatever comes of it is settled."""
        if event.request_id in self._running or self._stopped:
            return
        self._running.add(event.request_id)
        invocation = Invocation(
            event.request_id,
            event.payload,
            event.invoked_arn,
            lambda result: self._settle(event, result),
            trace_id=event.trace_id,
            tenant_id=event.tenant_id,
        )
        try:
            resolved = self._invoker.resolve(event.function, event.qualifier)
            if _never_runs(resolved.function):
                self._decided(event, Finish(Condition.ZERO_CONCURRENCY))
            elif self._clock.now_s() >= self._patience(event).ends_s(event.accepted_s):
                self._decided(event, Finish(Condition.AGE_EXCEEDED))
            else:
                self._invoker.submit(resolved, invocation)
        except LambdaError as error:
            self._settle(event, error)

    def _settle(self, event: QueuedEvent, result: Outcome | LambdaError) -> None:
        now_s, patience = self._clock.now_s(), self._patience(event)
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

        def written() -> None:
            self._loop.post(self._release, event.request_id)

        if isinstance(decision, Finish):
            self._refusals.forget(event)
            self._queue.finish(event.request_id, written)
            if decision.condition is not Condition.SUCCESS:
                log.warning("event %s for %s is given up: %s", event.request_id, event.invoked_arn, decision.condition)
        else:
            self._queue.reschedule(event.request_id, decision.attempts, decision.due_s, written)
            self._look_at(decision.due_s)

    def _release(self, request_id: str) -> None:
        if self._looking:
            self._written.add(request_id)
            return
        self._running.discard(request_id)
        if self._may_take_more():
            self._look()

    def _may_take_more(self) -> bool:
        return self._backlog and len(self._running) < BATCH // 2

    def _make_use_of_room(self, function: FunctionId) -> None:
        """One of its events has run: the first that was refused need not wait out its time."""
        refused = self._refusals.first(function)
        if refused is not None:
            self._queue.reschedule(*refused, self._clock.now_s(), lambda: self._loop.post(self._look))

    def _look_at(self, due_s: float) -> None:
        wait_s = max(due_s - self._clock.now_s(), 0.0)
        if wait_s < QUIET_S:
            self._wake_in(wait_s)


def _never_runs(function: Function) -> bool:
    return function.reserved_concurrency == 0
