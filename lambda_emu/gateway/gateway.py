"""Every request comes through here: it is let in or not, found its service, taken in, and served where it belongs."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import HeadTooLarge
from lambda_emu.errors.service import ServiceUnavailable
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.callers import LET_IN, Callers, Verdict, preflight
from lambda_emu.gateway.intake import Intake, SmallIntake
from lambda_emu.gateway.refusals import MalformedHttpRequest, no_worker
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import Router
from lambda_emu.gateway.services import Handling, Service
from lambda_emu.gateway.spool import BodySource, Spool
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.executors import Closed, Full
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Dates, Head, answer_head

LIMITS = HeadLimits()
"""Of the port that this serves."""

REFUSALS: dict[int, LambdaError] = {
    400: MalformedHttpRequest(),
    431: HeadTooLarge(LIMITS.most_bytes, LIMITS.most_fields),
    503: ServiceUnavailable(),
}
"""By status: errors of requests that no service sees."""


class Plan(Struct, frozen=True):
    """What follows from a head alone, whenever it comes."""

    path: bytes
    query: bytes
    service: Service
    verdict: Verdict
    handling: Handling
    is_too_large: bool


class Gateway:
    """Handles the connections of the port that callers know. All of it runs on the loop."""

    def __init__(self, loop: Loop, clock: Clock, spool_dir: Path, callers: Callers | None = None) -> None:
        self._loop = loop
        self._clock = clock
        self._dates = Dates(clock.now_s)
        self._spool_dir = spool_dir
        self._callers = callers or Callers()
        self._router: Router

    def serve(self, *services: Service) -> None:
        """From now on these have the requests they claim, and the last one those that nobody does."""
        self._router = Router(services)

    def __call__(self, head: Head, writer: Writer) -> BodySink:
        plan: Plan = head.plan or self._plan(head)
        request = Request(head, plan.path, plan.query, self._clock.new_id())
        call = Call(request, plan.service.error_answer, writer, self._loop, self._dates)
        if plan.verdict is not LET_IN and self._answer_by_verdict(call, plan.service, plan.verdict):
            return DISCARD
        handling = plan.handling
        if plan.is_too_large:
            call.fail(handling.too_large)
            return DISCARD
        if handling.workers is None:
            call.on_loop = True
            return SmallIntake(handling, call)
        return Intake(handling, call, self._work, self._make_spool)

    def _plan(self, head: Head) -> Plan:
        """All that follows from the head; kept for its like where the loop serves it."""
        path, _, query = head.target.partition(b"?")
        service, length = self._router.service(head, path), head.content_length()
        handling = service.handling(head, path, length)
        is_too_large = length is not None and length > handling.most_bytes
        plan = Plan(path, query, service, self._callers.verdict(head), handling, is_too_large)
        if handling.workers is None:
            head.plan = plan
        return plan

    def refusal(self, status: int) -> bytes:
        """The whole answer to what is not served as a request; the client is to hang up."""
        answer = error_answer(REFUSALS[status], self._clock.new_id())
        headers = [*answer.headers, ("Date", self._dates.text())]
        return answer_head(answer.status, headers, len(answer.body), close=True) + answer.body

    def _answer_by_verdict(self, call: Call, service: Service, verdict: Verdict) -> bool:
        """Whether who asks has an answer by that alone: pages of others, and a browser that asks before it asks."""
        if verdict.refusal is not None and not (verdict.of_page and service.answers_pages):
            call.fail(verdict.refusal)
            return True
        if service.answers_pages:
            return False
        call.for_page = verdict.headers
        told = preflight(call.request.head, verdict)
        if told is not None:
            call.answer(Answer(204, told))
        return told is not None

    def _work(self, handling: Handling, call: Call) -> None:
        """Serve it on a worker, which also ends the spooled body. Who finds too many waiting is told so."""
        request = call.request
        assert handling.workers is not None

        def work() -> None:
            try:
                answer = handling.serve(request, call)
            finally:
                _remove_body(request)
            if answer is not None:
                self._loop.post(call.answer, answer)

        try:
            self._loop.work(handling.workers(request), work).add_done_callback(call.check)
        except (Full, Closed) as refusal:
            _remove_body(request)
            call.fail(no_worker(refusal))

    def _make_spool(self, source: BodySource) -> Spool:
        return Spool(source, self._spool_dir, self._loop)


def _remove_body(request: Request) -> None:
    if request.body_file is not None:
        request.body_file.unlink()
