"""What an environment lets its runtime do, and what it does then. docs/contract/runtime.md#runtime-api."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from lambda_emu.environment import failures
from lambda_emu.environment.failures import Failure
from lambda_emu.environment.invocation import Invocation
from lambda_emu.environment.states import Phase, State
from lambda_emu.runtime_api.session import (
    NextCall,
    NextState,
    RuntimeState,
    Spoiled,
    WrongAttempt,
    WrongRequestId,
    WrongState,
)

INITIALISING = (State.INIT, State.INIT_IN_INVOKE)

STATES = {
    State.NEW: RuntimeState.STARTED,
    State.STEM: RuntimeState.STARTED,
    State.INIT: RuntimeState.STARTED,
    State.INIT_IN_INVOKE: RuntimeState.STARTED,
    State.READY: RuntimeState.READY,
    State.RESET: RuntimeState.FAILED,
    State.SHUTTING_DOWN: RuntimeState.FAILED,
    State.GONE: RuntimeState.FAILED,
}
"""What a runtime is told that has no invocation."""

PHASES = {
    Phase.ASSIGNED: RuntimeState.RUNNING,
    Phase.DELIVERED: RuntimeState.RUNNING,
    Phase.RESPONDING: RuntimeState.RESPONDING,
    Phase.RESPONDED: RuntimeState.RESPONSE_SENT,
    Phase.SETTLED: RuntimeState.READY,
    Phase.FAILED: RuntimeState.FAILED,
}
"""What it is told while it has one, once it is initialised."""


class Life(Protocol):
    """What the session sees of its environment, and tells it."""

    @property
    def state(self) -> State: ...

    @property
    def invocation(self) -> Invocation | None:
        """The oldest one in it."""

    @property
    def invocations(self) -> Mapping[str, Invocation]: ...

    def initialised(self) -> None:
        """The runtime asks for its first event."""

    def runtime_done(self, invocation: Invocation) -> None:
        """It asks for the next event, the first time or once more."""

    def respond(self, invocation: Invocation, payload: bytes, failure: Failure | None) -> None:
        """The answer is complete. failure: why it is an error."""

    def fail(self, why: Callable[[str], Failure]) -> None:
        """It gives up, by itself."""


class RuntimeSession:
    """runtime_api.Session of one environment. Runs on the loop."""

    def __init__(self, environment: Life) -> None:
        self.was_called = False  # by a runtime that asks for an event, or says why it cannot
        self._environment = environment
        self._waiting: NextCall | None = None  # for an event; its connection may be gone
        self._variables: Mapping[str, str] | None = None  # for a runtime that was started before its function was known

    def offer(self, variables: Mapping[str, str]) -> None:
        """Let the runtime that waits for its function go on with these."""
        self._variables = variables

    @property
    def offers(self) -> bool:
        """Whether nobody has taken them yet."""
        return self._variables is not None

    def withdraw(self) -> bool:
        """Nobody gets them any more. False: somebody did, or none were offered."""
        offered, self._variables = self.offers, None
        return offered

    def forget(self) -> None:
        """Whoever waits has been killed."""
        self._waiting = self._variables = None

    def deliver(self, invocation: Invocation) -> None:
        """Hand it over if the runtime listens; else it gets it as soon as it asks again."""
        call = self._waiting
        if call is not None and call.open:
            self._waiting = None
            invocation.deliver(call)

    # -- runtime_api.Session ----------------------------------------------------------------------

    def take_variables(self) -> Mapping[str, str] | None:
        variables, self._variables = self._variables, None
        return variables

    def next(self, call: NextCall) -> None:
        """A second call is fine if the first one's connection was lost; it gets the event again if there is one."""
        environment = self._environment
        if environment.state is not State.READY and environment.state not in INITIALISING:
            raise WrongState(STATES[environment.state], NextState.NEXT)
        if self._waiting is not None and self._waiting.open:
            raise WrongState(RuntimeState.READY, NextState.NEXT)
        invocation = environment.invocation
        if invocation is not None and invocation.phase is Phase.RESPONDING:
            raise WrongState(RuntimeState.RESPONDING, NextState.NEXT)
        self._waiting = call
        if environment.state is not State.READY:
            self.was_called = True
            environment.initialised()
        elif invocation is not None and invocation.phase is Phase.RESPONDED:
            environment.runtime_done(invocation)
        elif invocation is not None:
            self.deliver(invocation)

    def check(self, request_id: str, attempt_id: str | None, asked: NextState) -> Invocation:
        """The invocation that an answer is for."""
        invocation = self._environment.invocations.get(request_id)
        if invocation is None or invocation.phase is not Phase.DELIVERED:
            if any(one.phase is Phase.DELIVERED for one in self._environment.invocations.values()):
                raise WrongRequestId
            raise WrongState(self._state, asked)
        if attempt_id is not None and attempt_id != invocation.attempt_id:
            raise WrongAttempt
        return invocation

    def respond(self, request_id: str, attempt_id: str | None, payload: bytes) -> None:
        invocation = self.check(request_id, attempt_id, NextState.RESPONSE)
        self._environment.respond(invocation, payload, None)

    def respond_error(self, request_id: str, attempt_id: str | None, payload: bytes, error_type: str | None) -> None:
        invocation = self.check(request_id, attempt_id, NextState.ERROR)
        self._environment.respond(invocation, payload, failures.handler_failure(error_type))

    def spoil(self, request_id: str, attempt_id: str | None, spoiled: Spoiled) -> None:
        invocation = self.check(request_id, attempt_id, NextState.RESPONSE)
        failure = failures.response_failure(request_id, spoiled)
        self._environment.respond(invocation, failure.payload, failure)

    def check_init_error(self) -> None:
        if self._environment.state not in INITIALISING:
            raise WrongState(self._state, NextState.INIT_ERROR)

    def init_error(self, payload: bytes, error_type: str | None) -> None:
        self.check_init_error()
        self.was_called = True
        self._environment.fail(lambda _: failures.init_failure(payload, error_type))

    # -- small things -----------------------------------------------------------------------------

    @property
    def _state(self) -> RuntimeState:
        environment = self._environment
        invocation = environment.invocation
        if environment.state is not State.READY or invocation is None:
            return STATES[environment.state]
        return PHASES[invocation.phase]
