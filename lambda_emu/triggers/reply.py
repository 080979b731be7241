"""What a function returned, on its way to the client of an HTTP request that had it run."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.refusals import no_worker
from lambda_emu.gateway.services import SMALL_BYTES
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import GatheredReply
from lambda_emu.triggers.http_answer import MalformedAnswer


class HttpReply(GatheredReply):
    """Answers one request when its function has returned all of it. On the loop, but that a worker reads what is large.

    workers: who read it. failure: makes of a reason what the client is told when the function fails, or returns what
    is no answer.
    """

    workers: Workers
    failure: Callable[[str], LambdaError]

    def __init__(self, call: Call, loop: Loop) -> None:
        self._call = call
        self._loop = loop

    def read(self, payload: bytes) -> Answer:
        """MalformedAnswer."""
        raise NotImplementedError

    def done(self, outcome: Outcome) -> None:
        if outcome.failed:
            self._fail(self.failure("The function failed; its log has the error."))
        elif len(outcome.payload) <= SMALL_BYTES:
            self._tell(self._read(outcome.payload))
        else:
            try:
                work = self._loop.work(self.workers, lambda: self._loop.post(self._tell, self._read(outcome.payload)))
                work.add_done_callback(self._call.check)
            except (Full, Closed) as refusal:
                self._fail(no_worker(refusal))

    def _read(self, payload: bytes) -> Answer | LambdaError:
        try:
            return self.read(payload)
        except MalformedAnswer as error:
            return self.failure(f"What the function returned is no answer: {error}.")

    def _tell(self, read: Answer | LambdaError) -> None:
        if isinstance(read, LambdaError):
            self._fail(read)
        else:
            self._answer(read)

    def _answer(self, answer: Answer) -> None:
        self._call.answer(answer)

    def _fail(self, error: LambdaError) -> None:
        self._call.fail(error)


class TimedReply(HttpReply):
    """One that is given once: when all is returned, or too late for it. late: what the client is told then, and why."""

    late: tuple[Callable[[str], LambdaError], str]

    def __init__(self, call: Call, loop: Loop, clock: Clock, limit_s: float) -> None:
        super().__init__(call, loop)
        self._is_told = False
        self._limit = clock.call_later(limit_s, self._give_up)

    def _give_up(self) -> None:
        """The function goes on; nobody waits for it any more."""
        make, reason = self.late
        self._fail(make(reason))

    def _answer(self, answer: Answer) -> None:
        if self._is_first():
            super()._answer(answer)

    def _fail(self, error: LambdaError) -> None:
        if self._is_first():
            super()._fail(error)

    def _is_first(self) -> bool:
        self._limit.cancel()
        told, self._is_told = self._is_told, True
        return not told
