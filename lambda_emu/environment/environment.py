"""One execution environment: a sandbox with our init inside, its runtime, and the invocations in it.

Everything here runs on the loop. The tables in states.py say what may happen; this module does what follows from it.
Hears the runtime (session.py), init (sandbox.InitListener) and the pool; tells the pool through its listener.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from lambda_emu.clock import Alarm, Clock
from lambda_emu.environment import failures
from lambda_emu.environment.failures import Failure
from lambda_emu.environment.invocation import Invocation
from lambda_emu.environment.log import EnvironmentLog
from lambda_emu.environment.session import RuntimeSession
from lambda_emu.environment.states import (
    ENVIRONMENT,
    KILL,
    RUNTIME,
    Barrier,
    Event,
    IllegalMove,
    InitType,
    Participant,
    Phase,
    State,
    init_limit_s,
    next_state,
)
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.sandbox.base import RUNTIME_ROLE, Exit, Program, Sandbox, Usage

REPORT_LIMIT_S = 5.0
SAMPLE_MS = 20
FREEZE_AFTER_S = 0.01
"""Lazily: a busy one never pays for it. docs/contract/runtime.md#lifecycle."""

NO_USAGE = Usage(0, 0, 0, 0)
INIT_PHASES = {State.INIT: "init", State.INIT_IN_INVOKE: "invoke"}

Why = Callable[[str], Failure]
"""A failure as the caller of the invocation with this request id is told."""


class EnvironmentListener(Protocol):
    """Hears what becomes of an environment, and perhaps of many. On the loop."""

    def available(self, environment: Environment) -> None:
        """It may be given an invocation: it is READY, or RESET and clean."""

    def begins(self, environment: Environment) -> None:
        """Its runtime is about to start, or to go on: from here on who calls from inside is that."""

    def initialised(self, environment: Environment) -> None:
        """Its runtime is ready; init, which has all the CPU there is, is over."""

    def answered(self, environment: Environment) -> None:
        """It has responded and will soon be available."""

    def failed(self, environment: Environment) -> None:
        """Its processes are being killed; init will be repeated."""

    def gone(self, environment: Environment) -> None:
        """It has ended, by itself or by `stop`."""


class Environment:
    """Runs one deployment's code in one sandbox, from load to end.

    session: what its runtime talks to. invocations: those in it, by request id, the oldest first.
    """

    def __init__(
        self,
        version: FunctionVersion,
        init_type: InitType,
        sandbox: Sandbox,
        clock: Clock,
        listener: EnvironmentListener,
        log: EnvironmentLog,
    ) -> None:
        self.version = version
        self.init_type = init_type
        self.sandbox = sandbox
        self.state = State.STEM
        self.session = RuntimeSession(self)
        self.invocations: dict[str, Invocation] = {}
        self.created_s = self.available_s = clock.monotonic_s()
        self.served = 0  # invocations that it was ever given
        self._clock = clock
        self._listener = listener
        self._log = log
        self._program: Program | None = None
        self._init_started_s = 0.0
        self._init_ms: float | None = None  # what the first invocation reports and pays
        self._failures = 0  # in a row
        self._reset_waits_for = Barrier()
        self._replaces = False  # a runtime that waited, and is being killed
        self._usage = NO_USAGE  # as init said last
        self._token = 0  # of the figures that were asked for last
        self._frozen = False
        self._limit = Alarm(clock)  # of init, of the invocation or of a reset
        self._freeze = Alarm(clock)
        sandbox.init.listener = self

    @property
    def invocation(self) -> Invocation | None:
        """The oldest one in it."""
        for invocation in self.invocations.values():
            return invocation
        return None

    @property
    def activity(self) -> str:
        """What it does, for people: its state, and of a READY one whether it is idle, busy or about to be idle.

        RESET is one that can be used again, RESETTING one that cannot yet.
        """
        if self.state is State.RESET and self._reset_waits_for:
            return "RESETTING"
        if self.state is not State.READY:
            return self.state.name
        if not self.invocations:
            return "IDLE"
        responded = all(one.phase is Phase.RESPONDED for one in self.invocations.values())
        return "RESPONDED" if responded else "BUSY"

    @property
    def idle(self) -> bool:
        """Whether it is initialised and has nothing to do."""
        return self.state is State.READY and not self.invocations

    # -- asked by the pool ------------------------------------------------------------------------

    def begin(self, program: Program | None, *, early: bool = False) -> None:
        """Start the runtime: the init phase. The code is in place. program None: there is no bootstrap.

        early: the one that waits goes on with it; else that one has to be gone first.
        """
        self.state = next_state(ENVIRONMENT, self.state, Event.LOADED)
        self._program = program
        self._log.init_start()
        waits, self.sandbox.early = self.sandbox.early is not None, None
        if waits and not early:
            self._replaces = True
            self.sandbox.init.kill()
            self._limit.set(self._clock.monotonic_s() + REPORT_LIMIT_S, self._silent)
            return
        if waits:
            assert program is not None, "what waits goes on with one"
            self.session.offer(program.variables)
        self._begin_init()

    def assign(self, invocation: Invocation) -> None:
        """Give it an invocation; it must be available."""
        if self.invocations or self._reset_waits_for:
            raise IllegalMove(self.state, Event.ASSIGNED)
        self.state = next_state(ENVIRONMENT, self.state, Event.ASSIGNED)
        self.served += 1
        self.invocations[invocation.request.request_id] = invocation
        if self._frozen:
            self._frozen = False
            self.sandbox.init.resume()
        timeout_s = self.version.timeout_s
        invocation.start(self._clock, self.version.version, timeout_s)
        if self.state is State.READY:
            self.session.deliver(invocation)
            self._limit.set(invocation.started_s + timeout_s, self._timed_out)
        else:
            self._start_runtime(timeout_s, self._timed_out)
        # After the event is on its way: the function's output reaches us by the loop, so START still comes first.
        self._log.start(invocation)

    def stop(self) -> None:
        """End it now; an invocation in it gets ServiceException."""
        self._shut_down("The execution environment was stopped before the function answered.")

    # -- told by the session ----------------------------------------------------------------------

    def initialised(self) -> None:
        """The runtime asks for its first event."""
        self.state = next_state(ENVIRONMENT, self.state, Event.READY)
        self._listener.initialised(self)
        if self.invocation is not None:
            self.session.deliver(self.invocation)
            return
        self._limit.clear()
        init_ms = (self._clock.monotonic_s() - self._init_started_s) * 1000
        self._init_ms = init_ms if self.init_type is InitType.ON_DEMAND else None
        self._log.init_done(init_ms)
        self._become_available()

    def respond(self, invocation: Invocation, payload: bytes, failure: Failure | None) -> None:
        """Its answer is complete: the caller's goes out first. failure: why it is an error."""
        self._failures = 0
        self._token = token = (self._token + 1) & 0xFFFFFFFF
        elapsed_ms = (self._clock.monotonic_s() - invocation.started_s) * 1000
        doubtful = failures.may_be_out_of_memory(self._usage, self.version.memory_mb << 20, elapsed_ms)
        invocation.respond(payload, failure, token, doubtful)
        self._listener.answered(self)
        self.sandbox.init.sync(token, elapsed_ms)

    def runtime_done(self, invocation: Invocation) -> None:
        """The runtime asks for the next event, the first time or once more."""
        if RUNTIME in invocation.waits_for:
            invocation.ended_s = self._clock.monotonic_s()
            self._done(invocation, RUNTIME)

    def fail(self, why: Why, ended_s: float = 0.0) -> None:
        """Tell who has no answer, kill what runs, and be available again when all of it is gone.

        ended_s: when it failed, if that is later than now.
        """
        now_s = self._clock.monotonic_s()
        phase = INIT_PHASES.get(self.state)
        if phase is not None:
            self._log.init_report((now_s - self._init_started_s) * 1000, phase, why(""))
        self.state = next_state(ENVIRONMENT, self.state, Event.FAILED)
        self._failures += 1
        self._init_ms = None
        self._frozen = False
        self.session.forget()
        self._token = token = (self._token + 1) & 0xFFFFFFFF
        self._reset_waits_for = Barrier((KILL, token))
        for request_id, invocation in list(self.invocations.items()):
            invocation.lose(why(request_id), max(now_s, ended_s), self._reset_waits_for)
        self._listener.failed(self)
        self.sandbox.init.kill()
        self.sandbox.init.sync(token)
        self._limit.set(now_s + REPORT_LIMIT_S, self._silent)

    # -- told by init (sandbox.InitListener) ------------------------------------------------------

    def output(self, role: int, data: bytes) -> None:
        if not self._log.output(data):
            self.sandbox.init.pause_output()
            self._log.when_room(self.sandbox.init.resume_output)

    def synced(self, token: int, usage: Usage) -> None:
        self._usage = usage
        if self.state is State.RESET:
            self._reset_done(token)
            return
        for invocation in list(self.invocations.values()):
            if token in invocation.waits_for:
                if invocation.held is not None:
                    invocation.trust()
                self._done(invocation, token)

    def killed(self) -> None:
        if self._replaces:
            self._replaces = False
            if self.state is State.INIT:
                self._begin_init()
        else:
            self._reset_done(KILL)

    def exited(self, exit: Exit) -> None:
        if exit.role != RUNTIME_ROLE or self._replaces:
            return
        if self.state is State.STEM:
            self.sandbox.early = None
            return
        if self._program is None:  # it waited for what it would run, and there is nothing; that is told by itself
            return
        self._log.output_ended()
        if self.session.withdraw():  # it ended while it waited
            self.sandbox.init.start(RUNTIME_ROLE, self._program)
        elif self.state not in (State.RESET, State.SHUTTING_DOWN, State.GONE):
            self.fail(partial(failures.exit_failure, exit=exit, program=self._program))

    def lost(self) -> None:
        if self.state is not State.GONE:
            self._end("The execution environment ended before the function answered.")

    # -- limits -----------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        """Time is up for the oldest invocation, if that which it was set for is not over."""
        invocation, timeout_s = self.invocation, self.version.timeout_s
        if invocation is not None:
            over_s = invocation.started_s + timeout_s  # a timer may fire a millisecond early
            self.fail(partial(failures.timeout_failure, timeout_s=timeout_s), over_s)

    def _init_timed_out(self) -> None:
        self.fail(lambda _: Failure("timeout", None, b""))

    def _no_bootstrap(self) -> None:
        self.fail(failures.bootstrap_failure)

    def _silent(self) -> None:
        """Init did not report in time: such a sandbox is not handed out again."""
        self._shut_down("The execution environment did not come back after a failure.")

    # -- the end of an invocation, of a reset, of the environment ---------------------------------

    def _done(self, invocation: Invocation, participant: Participant) -> None:
        """One of those who work on it is; after the last one it is settled, and there is room for another."""
        if invocation.waits_for.done(participant):
            self._report(invocation)
            self._become_available()

    def _reset_done(self, participant: Participant) -> None:
        """One of those a reset waits for is; after the last one it can be used again, unless it failed too often."""
        if not self._reset_waits_for.done(participant) or self.state is not State.RESET:
            return
        self._limit.clear()
        for invocation in list(self.invocations.values()):
            self._report(invocation)
        if self._failures > 1:
            self._shut_down("The execution environment is replaced.")
        else:
            self._become_available()

    def _report(self, invocation: Invocation) -> None:
        del self.invocations[invocation.request.request_id]
        tail = self._log.report(invocation, self._init_ms, self._usage)
        started_s = invocation.started_s
        invocation.meter.invoked(started_s, (invocation.ended_s - started_s) * 1000, invocation.failure is not None)
        self._init_ms = None
        invocation.settle(tail)

    def _become_available(self) -> None:
        self.available_s = now_s = self._clock.monotonic_s()
        self._freeze.set(now_s + FREEZE_AFTER_S, self._freeze_if_idle)
        self._listener.available(self)

    def _freeze_if_idle(self) -> None:
        if self.idle and not self._frozen:
            self._frozen = True
            self.sandbox.init.pause()

    def _shut_down(self, why: str) -> None:
        """Whoever may do something at the end does it first; nobody may yet."""
        if self.state not in (State.SHUTTING_DOWN, State.GONE):
            self.state = next_state(ENVIRONMENT, self.state, Event.STOP)
            self._end(why)

    def _end(self, why: str) -> None:
        self.state = next_state(ENVIRONMENT, self.state, Event.ENDED)
        self._limit.close()
        self._freeze.close()
        invocations = list(self.invocations.values())
        self.invocations.clear()
        self._log.close()
        self._listener.gone(self)
        for invocation in invocations:
            invocation.abandon(ServiceFailure(why))

    # -- small things -----------------------------------------------------------------------------

    def _begin_init(self) -> None:
        self._listener.begins(self)
        self._start_runtime(init_limit_s(self.init_type, self.version.timeout_s), self._init_timed_out)

    def _start_runtime(self, limit_s: float, over: Callable[[], None]) -> None:
        self._init_started_s = now_s = self._clock.monotonic_s()
        if self._program is None:
            self._limit.set(now_s, self._no_bootstrap)
            return
        if not self.session.offers:
            self.sandbox.init.start(RUNTIME_ROLE, self._program)
        self._limit.set(now_s + limit_s, over)
