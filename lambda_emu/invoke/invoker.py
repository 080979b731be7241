"""The one way in for events, whoever brings them. On the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from lambda_emu.arn import Target
from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome, Reply
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import FunctionPending
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.invoke.ending import Count, count_nothing
from lambda_emu.invoke.lineage import came_again
from lambda_emu.invoke.request import InvocationType, InvokeRequest
from lambda_emu.invoke.rules import INVOKE, RecursiveInvocation, authorize, check, check_chain, check_served, runnable
from lambda_emu.invoke.runner import PoolRunner, Resolved
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store, WorkItem

log = logging.getLogger(__name__)

Admit = Callable[[InvokeRequest], tuple[WorkItem, Callable[[], None]]]
"""`AsyncInvoker.admit`."""
LOOK_AGAIN_S = 0.02
NOTHING = Outcome(b"", failed=False)
"""What came of an event that is kept, and of a dry run."""


class Invoker:
    """Asks the rules, then has it run, kept or nothing done; whatever comes of that, the reply is told."""

    def __init__(self, store: Store, runner: PoolRunner, clock: Clock, pending_wait_s: float = 0.0) -> None:
        """pending_wait_s: how long a function that was just created is waited for, by who does not wait himself."""
        self.keep: Callable[[InvokeRequest, Reply], None]  # an event, until it has run
        self.admit: Admit
        self.count: Count = count_nothing
        self._store = store
        self._runner = runner
        self._clock = clock
        self._pending_wait_s = pending_wait_s

    def invoke(self, request: InvokeRequest, reply: Reply, waited_s: float = 0.0) -> None:
        """Of an event and of a dry run the outcome is empty, and says that it is kept or could be run."""
        try:
            resolved = self._allowed(request)
            if request.kind is InvocationType.DRY_RUN:
                reply.end(NOTHING)
                return
            if request.kind is InvocationType.EVENT:
                check_served(resolved.version)
                self.keep(request, reply)
            else:
                if came_again(request.trace_id):
                    self.check_chain(resolved.function, request.target, request.trace_id)
                self._runner.run(resolved, request, reply)
        except FunctionPending as error:
            if error.passing and waited_s < self._pending_wait_s:
                again = partial(self.invoke, request, reply, waited_s + LOOK_AGAIN_S)
                self._clock.call_later(LOOK_AGAIN_S, again)
            else:
                reply.refused(error)
        except LambdaError as error:
            reply.refused(error)
        except Exception:
            log.exception("an invocation could not be begun")
            reply.refused(ServiceFailure("An internal error occurred; the emulator's log has the traceback."))

    def check_event(self, request: InvokeRequest) -> None:
        """LambdaError: what an asynchronous invocation would be refused with now."""
        check_served(self._allowed(request).version)

    def _allowed(self, request: InvokeRequest) -> Resolved:
        if request.principal is not None:
            function = self._store.function(request.target.id)
            authorize(function, request.principal, INVOKE, request.target, request.source)
        resolved = self.resolve(request.target)
        check(request, resolved.version)
        return resolved

    def resolve(self, target: Target) -> Resolved:
        """What it names, if that can be invoked now; else the error the caller gets."""
        function = self._store.function(target.id)
        served = None
        if function is not None and function.provisioned:
            served = self._runner.provisioned.version(function, target.qualifier)
        version = runnable(function, target, served, self._clock.random())
        assert function is not None
        return Resolved(function, version)

    def check_chain(self, function: Function, target: Target, trace_id: str | None) -> None:
        """RecursiveInvocation, and it is counted."""
        try:
            check_chain(function, target, trace_id)
        except RecursiveInvocation:
            self.count("RecursiveInvocationsDropped", target.id)
            raise

    def check(self, resolved: Resolved, request: InvokeRequest) -> None:
        """Raise what `run` would raise now."""
        check(request, resolved.version)
        self._runner.check(resolved, request)

    def run(self, resolved: Resolved, request: InvokeRequest, reply: Reply) -> None:
        """Run it now, by whoever serves such a version. TooManyRequests when a limit is reached."""
        check(request, resolved.version)
        self._runner.run(resolved, request, reply)
