"""One invocation on its way through an environment, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.environment.failures import OUT_OF_MEMORY, Failure
from lambda_emu.environment.states import INVOCATION, RUNTIME, Barrier, Phase, Step, next_state
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import TooManyRequests
from lambda_emu.runtime_api.session import DeliveredEvent, NextCall


class Outcome(Struct, frozen=True):
    """What the function answered. `failed`: X-Amz-Function-Error is Unhandled, the payload describes the error.

    tail: the last 4 KB of the invocation's log, only when it was asked for. executed_version: what ran.
    docs/contract/invoke.md#responses.
    """

    payload: bytes
    failed: bool
    tail: bytes | None = None
    executed_version: str = ""


class InvocationEvent(DeliveredEvent, Protocol):
    """What is to be run."""

    @property
    def wants_tail(self) -> bool:
        """Whether the outcome is to hold the end of the log."""


class Reply(Protocol):
    """Where it goes, on the loop: `refused`, or `end`, which follows `begin` and chunks where a function streams."""

    def begin(self, executed_version: str, content_type: str) -> None:
        """The function answers as it goes; what follows cannot become a refusal any more."""

    def chunk(self, data: bytes) -> bool:
        """Some of its payload. False: no more is wanted before it is asked for."""

    def end(self, outcome: Outcome) -> None:
        """What came of it. After chunks the outcome has the rest of the payload."""

    def refused(self, error: LambdaError) -> None:
        """It was not run, or we failed at it."""


def nobody() -> None:
    """Where nobody need hear of it."""


class Meter(Protocol):
    """What is counted of an invocation, on the loop; metrics/meter.py has what comes of it.

    own, spilled: who counts it instead where it runs on provisioned concurrency, or finds no more of that.
    """

    @property
    def own(self) -> Meter: ...

    @property
    def spilled(self) -> Meter: ...

    def begin(self) -> None:
        """It was let in."""

    def end(self) -> None:
        """Its caller has been told."""

    def invoked(self, started_s: float, duration_ms: float, failed: bool, /) -> None:
        """It has run, and everybody inside is done with it."""

    def throttled(self) -> None:
        """It was not let in, or found no place."""


class Unmetered:
    """Nothing is counted."""

    @property
    def own(self) -> Unmetered:
        return self

    spilled = own

    def begin(self) -> None: ...
    def end(self) -> None: ...
    def invoked(self, started_s: float, duration_ms: float, failed: bool, /) -> None: ...
    def throttled(self) -> None: ...


UNMETERED = Unmetered()


class Invocation:
    """An accepted event. Its reply hears of exactly one end.

    waits_for: who still works on it, once its answer is complete or it failed. on_end: called when the caller is told.
    """

    __slots__ = (
        "attempt_id",
        "deadline_ms",
        "ended_s",
        "executed_version",
        "failure",
        "held",
        "meter",
        "on_end",
        "phase",
        "produced_bytes",
        "reply",
        "request",
        "started_s",
        "waits_for",
    )

    def __init__(self, request: InvocationEvent, reply: Reply, meter: Meter = UNMETERED) -> None:
        self.request = request
        self.reply = reply
        self.meter = meter
        self.phase = Phase.ASSIGNED
        self.on_end: Callable[[], None] = nobody
        self.attempt_id = ""  # given with the environment; the runtime may repeat it with its answer
        self.executed_version = ""
        self.started_s = 0.0
        self.deadline_ms = 0
        self.ended_s = 0.0  # when the runtime asked again, or failed
        self.waits_for = Barrier()
        self.failure: Failure | None = None
        self.produced_bytes = 0
        self.held: Outcome | None = None  # what the caller is not told yet

    def start(self, clock: Clock, version: str, timeout_s: int) -> None:
        """An environment of this version takes it."""
        self.executed_version = version
        self.attempt_id = clock.new_id()
        self.started_s = clock.monotonic_s()
        self.deadline_ms = int((clock.now_s() + timeout_s) * 1000)

    def deliver(self, call: NextCall) -> None:
        """Hand it to the runtime, which listens."""
        self.phase = next_state(INVOCATION, self.phase, Step.TAKEN)
        call.deliver(self.request, self.attempt_id, self.deadline_ms)

    def respond(self, payload: bytes, failure: Failure | None, figures: int, doubtful: bool) -> None:
        """The answer is complete. failure: why it is an error. figures: the token of those that end it.

        doubtful: memory may be over the limit, so the caller hears nothing before they are there.
        """
        self.phase = next_state(INVOCATION, self.phase, Step.WHOLE)
        self.waits_for = Barrier((RUNTIME, figures))
        self.failure = failure
        self.produced_bytes = len(payload)
        outcome = Outcome(payload, failure is not None, None, self.executed_version)
        if doubtful or self.request.wants_tail:
            self.held = outcome
        else:
            self._tell(outcome)

    def trust(self) -> None:
        """The figures are there: what was held for their sake goes out."""
        held = self.held
        if held is not None and not self.request.wants_tail:
            self.held = None
            self._tell(held)

    def lose(self, failure: Failure, ended_s: float, waits_for: Barrier) -> None:
        """Its environment failed. An answer that is complete stands, unless memory takes it back."""
        untold = self.phase is not Phase.RESPONDED
        self.phase = next_state(INVOCATION, self.phase, Step.LOST)
        self.waits_for = waits_for
        self.failure = failure
        self.ended_s = ended_s
        if untold or (self.held is not None and failure.error_type == OUT_OF_MEMORY):
            self.held = Outcome(failure.payload, True, None, self.executed_version)
            self.trust()

    def settle(self, tail: bytes | None) -> None:
        """It is in the log, of which the caller may want the tail."""
        self.phase = next_state(INVOCATION, self.phase, Step.ALL_DONE)
        held = self.held
        if held is not None:
            self.held = None
            self._tell(replace(held, tail=tail))

    def abandon(self, error: LambdaError) -> None:
        """Its environment ended, or there will be none. error: for a caller whom nobody has an answer for."""
        untold = self.phase not in (Phase.RESPONDED, Phase.FAILED)
        self.phase = next_state(INVOCATION, self.phase, Step.LOST)
        if self.held is not None:
            self._tell(self.held)
        elif untold:
            self.refuse(error)

    def refuse(self, error: LambdaError) -> None:
        """The caller hears that it was not run."""
        self.on_end()
        self.meter.end()
        if error.status == TooManyRequests.status:
            self.meter.throttled()
        self.reply.refused(error)

    def _tell(self, outcome: Outcome) -> None:
        self.on_end()
        self.meter.end()
        self.reply.end(outcome)
