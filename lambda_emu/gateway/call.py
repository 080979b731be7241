"""A request that is being served, and the way back to whoever asked."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.pieces import Pieces
from lambda_emu.gateway.refusals import no_worker
from lambda_emu.gateway.request import Request
from lambda_emu.http.exchange import MakeProtocol, Writer
from lambda_emu.http.executors import Closed, Full
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Dates, answer_head, head_bytes
from lambda_emu.http.stream import Headers, Source, Stream

log = logging.getLogger(__name__)

ErrorAnswer = Callable[[LambdaError, Request], Answer]
INTERNAL = "An internal error occurred; the emulator's log has the traceback."


class Call:
    """Answers one request, once. for_page: said to the browser of an allowed page; on_loop: who serves it is there.

    translate: what becomes of its answer, which then has to be whole.
    """

    __slots__ = (
        "_dates",
        "_error_answer",
        "_loop",
        "_writer",
        "detached",
        "for_page",
        "on_loop",
        "request",
        "translate",
    )

    def __init__(self, request: Request, error_answer: ErrorAnswer, writer: Writer, loop: Loop, dates: Dates) -> None:
        self.request = request
        self.detached = False
        self.for_page: tuple[tuple[str, str], ...] = ()
        self.on_loop = False
        self.translate: Callable[[Answer], Answer] | None = None
        self._error_answer = error_answer
        self._writer = writer
        self._loop = loop
        self._dates = dates

    @property
    def is_open(self) -> bool:
        """Whether whoever asked is still there, and not answered yet. On the loop."""
        return self._writer.open

    def fail_as(self, error_answer: ErrorAnswer) -> None:
        """Whoever serves it writes its errors in another form."""
        self._error_answer = error_answer

    def detach(self, begin: Callable[..., None], *args: object) -> None:
        """Run `begin` on the loop, now if we are there; it sees to it that `answer` or `fail` is called, once."""
        self.detached = True
        if self.on_loop:
            self._begin(begin, *args)
        else:
            self._loop.post(self._begin, begin, *args)

    def _begin(self, begin: Callable[..., None], *args: object) -> None:
        try:
            begin(*args)
        except LambdaError as error:
            self.fail(error)
        except Exception:
            log.exception("a request could not be begun")
            self.fail(ServiceFailure(INTERNAL))

    def answer(self, answer: Answer) -> None:
        """On the loop."""
        if self.translate is not None:
            answer = self.translate(answer)
        if self._writer.open:
            headers = [*answer.headers, *self.for_page, ("Date", self._dates.text())]
            head = answer_head(answer.status, headers, len(answer.body), close=self._writer.close_after)
            self._writer.send(head, answer.body)

    def begin(self, status: int, headers: Headers, length: int | None, source: Source) -> Stream:
        """An answer that the source writes piece by piece. length: of all pieces, where it is known. On the loop."""
        headers = [*headers, *self.for_page, ("Date", self._dates.text())]
        stream = Stream(self.request.head, status, headers, length, source)
        if self._writer.open:
            self._writer.begin(stream)
        else:
            stream.lose()
        return stream

    def flow(
        self, status: int, headers: Headers, length: int | None, pieces: Iterator[bytes], close: Callable[[], object]
    ) -> None:
        """An answer of pieces that are made on a worker, where `close` is called when none is needed any more."""
        source = Pieces(pieces, close, self._loop)
        source.flow(self.begin(status, headers, length, source))

    def switch(self, headers: list[tuple[str, str]], make: MakeProtocol) -> bool:
        """The answer is that another protocol begins. False: the client has left. On the loop."""
        head = head_bytes(101, [("Date", self._dates.text()), *headers], close=False)
        return self._writer.switch(head, make)

    def fail(self, error: LambdaError) -> None:
        """On the loop."""
        self.answer(self._error_answer(error, self.request))

    @contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """What is raised within is its answer; a mistake of ours is logged as of `what`. On the loop."""
        try:
            yield
        except (Full, Closed) as refusal:
            self.fail(no_worker(refusal))
        except LambdaError as error:
            self.fail(error)
        except Exception:
            log.exception("%s could not be served", what)
            self.fail(ServiceFailure(INTERNAL))

    def hold(self, held: bool) -> None:
        """Whether the client's body is to wait. On the loop."""
        self._writer.hold(held)

    def check(self, work: Future[None]) -> None:
        """Told on the loop that a worker is done with it: what it could not even answer is a mistake of ours."""
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("a request failed on its worker", exc_info=error)
            self.fail(ServiceFailure(INTERNAL))
