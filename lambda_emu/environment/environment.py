"""One execution environment: a sandbox with our init inside, its runtime, and at most one invocation.

Everything here runs on the loop. The table in states.py says what may happen; this module does what follows from it.
Hears the runtime (runtime_api.Session), init (sandbox.InitListener) and the pool; tells the pool through `Owner`.
"""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock, Timer
from lambda_emu.environment import failures
from lambda_emu.environment.delivery import event_answer, refusal
from lambda_emu.environment.failures import Failure
from lambda_emu.environment.freezer import Freezer
from lambda_emu.environment.initialization import InitType, init_limit_s
from lambda_emu.environment.invocation import Invocation, Outcome
from lambda_emu.environment.journal import Ending, Journal
from lambda_emu.environment.owner import Owner
from lambda_emu.environment.reports import Reports
from lambda_emu.environment.states import RUNTIME_STATES, Event, State, moved
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.http.message import Head
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.runtime_api import answers
from lambda_emu.runtime_api.door import Parked
from lambda_emu.runtime_api.upload import Reply
from lambda_emu.sandbox.base import RUNTIME_ROLE, Exit, Program, Sandbox, Usage

REPORT_LIMIT_S = 5.0
SAMPLE_MS = 20
RESPONSE_MODES = (None, b"buffered", b"streaming")


class Environment:
    """Runs one deployment's code in one sandbox, from load to end."""

    def __init__(
        self,
        version: FunctionVersion,
        init_type: InitType,
        sandbox: Sandbox,
        clock: Clock,
        owner: Owner,
        journal: Journal,
    ) -> None:
        self.version = version
        self.init_type = init_type
        self.sandbox = sandbox
        self.state = State.STEM
        self.created_s = clock.monotonic_s()
        self.available_s = self.created_s
        self.invocations = 0
        self._clock = clock
        self._owner = owner
        self._journal = journal
        self._program: Program | None = None
        self._invocation: Invocation | None = None
        self._parked: Parked | None = None
        self._delivered = False
        self._answered = False  # whether the caller has heard of this invocation
        self._produced_bytes = 0
        self._held: Outcome | None = None  # the answer, until the tail is complete
        self._failure: Failure | None = None
        self._init_started_s = 0.0
        self._init_ms: float | None = None  # what the first invocation reports and pays
        self._ended_s: float | None = None  # when the runtime asked again, or failed
        self._failing = False  # it failed, and has not answered since
        self._worn = False  # it failed while it was failing: its sandbox is not used again
        self._reports = Reports(sandbox)
        self._freezer = Freezer(sandbox, clock, self._idle_since_s)
        self._limit: Timer | None = None  # init, timeout or report limit, whichever runs
        self._absent: Timer | None = None  # there is no bootstrap, and soon somebody hears of it
        sandbox.init.listener = self

    # -- asked by the pool ------------------------------------------------------------------------

    def begin(self, program: Program | None) -> None:
        """Start the runtime: the init phase. The code is in place. program None: there is no bootstrap."""
        self.state = moved(self.state, Event.LOADED)
        self._program = program
        self._journal.init_start()
        self._start_runtime()
        limit_s = init_limit_s(self.init_type, self.version.timeout_s)
        self._limit = self._clock.call_later(limit_s, self._init_timed_out)

    def assign(self, invocation: Invocation) -> None:
        """Give it an invocation; it must be available."""
        self.state = moved(self.state, Event.ASSIGNED)
        self.invocations += 1
        self._invocation = invocation
        self._delivered = self._answered = False
        self._freezer.thaw()
        timeout_s = self.version.timeout_s
        invocation.attempt_id = self._clock.new_id()
        invocation.started_s = self._clock.monotonic_s()
        invocation.deadline_ms = int((self._clock.now_s() + timeout_s) * 1000)
        if self.state is State.BUSY:
            self._deliver()
        else:
            self._start_runtime()
        # After the event is on its way: the function's output reaches us by the loop, so START still comes first.
        self._journal.start(invocation)
        self._limit = self._clock.call_later(timeout_s, self._timed_out)

    def stop(self) -> None:
        """End it now; an invocation in it gets ServiceException."""
        if self.state is not State.GONE:
            self._end("The execution environment was stopped before the function answered.")

    # -- told by the runtime (runtime_api.Session) ------------------------------------------------

    def refusal(self, request_id: str, head: Head | None, asked: str) -> bytes | None:
        invocation = self._invocation
        if self.state is not State.BUSY or invocation is None or not self._delivered:
            return answers.wrong_state(RUNTIME_STATES[self.state], asked)
        return refusal(invocation, request_id, head)

    def init_refusal(self) -> bytes | None:
        may = self.state in (State.INIT, State.INIT_IN_INVOKE)
        return None if may else answers.wrong_state(RUNTIME_STATES[self.state], "InitError")

    def next(self, parked: Parked) -> None:
        NEXT.get(self.state, Environment._next_refused)(self, parked)

    def response(self, request_id: str, head: Head, body: bytes, reply: Reply) -> None:
        if not self._admits(request_id, head, "InvocationResponse", reply):
            return
        if head.first.get(b"lambda-runtime-function-response-mode") in RESPONSE_MODES:
            self._respond(Outcome(body, failed=False), None, answers.ACCEPTED, reply)
        else:
            self._respond_for(failures.invalid_mode(request_id), answers.INVALID_RESPONSE_MODE, reply)

    def response_too_large(self, request_id: str, reply: Reply) -> None:
        if self._admits(request_id, None, "InvocationResponse", reply):
            self._respond_for(failures.too_large(), answers.TOO_LARGE, reply)

    def response_truncated(self, request_id: str, reply: Reply) -> None:
        if self._admits(request_id, None, "InvocationResponse", reply):
            self._respond_for(failures.truncated(request_id), answers.TRUNCATED, reply)

    def error(self, request_id: str, head: Head, body: bytes, reply: Reply) -> None:
        if self._admits(request_id, head, "InvocationErrorResponse", reply):
            failure = failures.raised(head.get(b"lambda-runtime-function-error-type"))
            self._respond(Outcome(body, failed=True), failure, answers.ACCEPTED, reply)

    def init_error(self, head: Head, body: bytes, reply: Reply) -> None:
        if (refused := self.init_refusal()) is not None:
            reply(refused)
            return
        reply(answers.ACCEPTED)
        self._fail(failures.posted(body, head.get(b"lambda-runtime-function-error-type")))

    # -- told by init (sandbox.InitListener) ------------------------------------------------------

    def output(self, role: int, data: bytes) -> None:
        if not self._journal.output(data):
            self.sandbox.init.pause_output()
            self._journal.when_room(self.sandbox.init.resume_output)

    def synced(self, token: int, usage: Usage) -> None:
        self._reports.synced(token, usage)
        if self._invocation is not None and self._held is not None and self._reports.complete:
            self._answer(self._held)
        self._settle()

    def killed(self) -> None:
        self._reports.killed()
        self._settle()

    def exited(self, exit: Exit) -> None:
        if exit.role == RUNTIME_ROLE:
            self._journal.output_ended()
        if exit.role == RUNTIME_ROLE and self.state not in (State.RESET, State.GONE):
            assert self._program is not None
            request_id = self._invocation.request_id if self._invocation is not None else ""
            self._fail(failures.exited(request_id, exit, self._program))

    def lost(self) -> None:
        if self.state is not State.GONE:
            self._end("The execution environment ended before the function answered.")

    # -- the runtime asks for an event ------------------------------------------------------------

    def _next_after_init(self, parked: Parked) -> None:
        self.state = moved(self.state, Event.READY)
        self._parked = parked
        self._owner.initialised(self)
        if self.state is State.BUSY:
            self._deliver()
            return
        self._cancel_timers()
        init_ms = self._ms_since(self._init_started_s)
        self._init_ms = init_ms if self.init_type is InitType.ON_DEMAND else None
        self._journal.init_done(init_ms)
        self._become_available()

    def _next_after_response(self, parked: Parked) -> None:
        if self._parked is not None and self._parked.open:
            self._next_refused(parked)
            return
        self._parked = parked
        if self._ended_s is None:
            self._ended_s = self._clock.monotonic_s()
        self._settle()

    def _next_again(self, parked: Parked) -> None:
        """A second /next: fine if the first one's connection was lost. During an invocation it gets the event again."""
        if self._parked is not None and self._parked.open:
            self._next_refused(parked)
            return
        self._parked = parked
        if self._invocation is not None:
            self._deliver()

    def _next_refused(self, parked: Parked) -> None:
        ready = RUNTIME_STATES[State.IDLE]
        parked.send(answers.wrong_state(ready if self._parked is not None else RUNTIME_STATES[self.state], ready), b"")

    def _deliver(self) -> None:
        """Hand over the event, if the runtime is listening; else it gets it as soon as it asks again."""
        parked, invocation = self._parked, self._invocation
        assert invocation is not None
        if parked is not None and parked.open:
            self._parked = None
            self._delivered = True
            parked.send(*event_answer(invocation))

    # -- the runtime answers ----------------------------------------------------------------------

    def _admits(self, request_id: str, head: Head | None, asked: str, reply: Reply) -> bool:
        """Whether this is for the invocation that runs here; if not, the runtime is told why."""
        refused = self.refusal(request_id, head, asked)
        if refused is not None:
            reply(refused)
        return refused is None

    def _respond_for(self, failure: Failure, answer: bytes, reply: Reply) -> None:
        """The runtime's response cannot be the caller's: that hears of the failure, which harms nothing else."""
        self._respond(Outcome(failure.payload, failed=True), failure, answer, reply)

    def _respond(self, outcome: Outcome, failure: Failure | None, answer: bytes, reply: Reply) -> None:
        """The caller's answer goes first, then the runtime's."""
        self.state = moved(self.state, Event.RESPONSE)
        self._failing = False
        self._failure = failure
        self._produced_bytes = len(outcome.payload)
        limit_bytes = self.version.memory_mb << 20
        assert self._invocation is not None
        held = self._reports.may_exceed(limit_bytes, self._ms_since(self._invocation.started_s))
        self._answer(outcome, held)
        self._owner.answered(self)
        reply(answer)
        self._reports.ask()

    def _answer(self, outcome: Outcome, held: bool = False) -> None:
        """Tell the caller; with a tail only when the log is complete."""
        assert self._invocation is not None
        if self._invocation.wants_tail or held:
            self._held = outcome
        else:
            self._answered = True
            self._held = None
            self._invocation.done(outcome)

    # -- failures ---------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        assert self._invocation is not None
        self._limit = None
        over_s = self._invocation.started_s + self.version.timeout_s  # a timer may fire a millisecond early
        self._fail(failures.timed_out(self._invocation.request_id, self.version.timeout_s))
        self._ended_s = max(over_s, self._clock.monotonic_s())

    def _init_timed_out(self) -> None:
        self._limit = None
        self._fail(Failure("timeout", None, b""))

    def _fail(self, failure: Failure) -> None:
        """Answer the caller if nobody did, kill what runs, and be available again when all of it is gone."""
        answered = self.state is State.RESPONDED
        if self.state in (State.INIT, State.INIT_IN_INVOKE):
            phase = "init" if self.state is State.INIT else "invoke"
            self._journal.init_report(self._ms_since(self._init_started_s), phase, failure)
        self.state = moved(self.state, Event.FAILED)
        self._cancel_timers()
        self._worn, self._failing = self._failing, True
        self._failure = failure
        self._ended_s = self._clock.monotonic_s()
        self._parked = None
        self._init_ms = None
        taken_back = self._held is not None and failure.error_type == failures.OUT_OF_MEMORY
        if self._invocation is not None and (taken_back or not answered):
            self._answer(Outcome(failure.payload, failed=True))
        self._freezer.forget()
        self._owner.failed(self)
        self._reports.kill()
        self._limit = self._clock.call_later(REPORT_LIMIT_S, self._silent)

    def _silent(self) -> None:
        """Init did not report in time: such a sandbox is not handed out again."""
        self._limit = None
        self._end("The execution environment did not come back after a failure.")

    # -- the end of an invocation, of a reset, of the environment ---------------------------------

    def _settle(self) -> None:
        """Once init has reported and the runtime asked again (or is gone): REPORT, tail, available."""
        if self._ended_s is None or not self._reports.complete:
            return
        failed = self.state is State.RESET
        self._cancel_timers()
        if self._invocation is not None:
            self._report(self._invocation, self._ended_s)
        self._ended_s = None
        self._failure = None
        if self._worn:
            self._end("The execution environment is replaced.")
            return
        if not failed:
            self.state = moved(self.state, Event.SETTLED)
        self._become_available()

    def _report(self, invocation: Invocation, ended_s: float) -> None:
        duration_ms = (ended_s - invocation.started_s) * 1000
        end = Ending(duration_ms, self._init_ms, self._produced_bytes, self._reports.usage, self._failure)
        tail = self._journal.report(invocation, end)
        self._produced_bytes = 0
        self._init_ms = None
        self._invocation = None
        if self._held is not None:
            held, self._held = self._held, None
            invocation.done(held._replace(tail=tail))

    def _become_available(self) -> None:
        self.available_s = self._clock.monotonic_s()
        self._freezer.watch()
        self._owner.available(self)

    def _idle_since_s(self) -> float | None:
        return self.available_s if self.state is State.IDLE else None

    def _end(self, why: str) -> None:
        self.state = moved(self.state, Event.STOP)
        self._cancel_timers()
        self._ended_s = None  # whatever init still reports, nothing is left to settle
        self._freezer.close()
        invocation, self._invocation = self._invocation, None
        self._journal.close()
        self._owner.gone(self)
        if invocation is None:
            return
        if self._held is not None:
            invocation.done(self._held)
        elif not self._answered:
            invocation.done(ServiceFailure(why))

    # -- small things -----------------------------------------------------------------------------

    def _start_runtime(self) -> None:
        self._init_started_s = self._clock.monotonic_s()
        if self._program is None:
            self._absent = self._clock.call_later(0, self._no_bootstrap)
        else:
            self.sandbox.init.start(RUNTIME_ROLE, self._program)

    def _no_bootstrap(self) -> None:
        self._absent = None
        request_id = self._invocation.request_id if self._invocation is not None else ""
        self._fail(failures.no_bootstrap(request_id))

    def _cancel_timers(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        if self._absent is not None:
            self._absent.cancel()
            self._absent = None

    def _ms_since(self, started_s: float) -> float:
        return (self._clock.monotonic_s() - started_s) * 1000


NEXT: dict[State, Callable[[Environment, Parked], None]] = {
    State.INIT: Environment._next_after_init,
    State.INIT_IN_INVOKE: Environment._next_after_init,
    State.RESPONDED: Environment._next_after_response,
    State.IDLE: Environment._next_again,
    State.BUSY: Environment._next_again,
}
