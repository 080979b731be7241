"""Between the loop's connections and the Flask app: small invocations run inline, the rest on workers by its kind.

A view that answers later (Invoke) gets a `Call`, detaches it, and the app's own response is dropped.
"""

from __future__ import annotations

import io
import logging
import os
import re
from asyncio import Future
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import HeadTooLarge, MalformedHttpRequest, RequestTooLarge
from lambda_emu.errors.service import Busy, ServiceFailure, ServiceUnavailable, ShuttingDown
from lambda_emu.gateway import own_paths
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.callers import LET_IN, Callers, Verdict, preflight
from lambda_emu.gateway.spool import Source, Spool
from lambda_emu.http.body import Body
from lambda_emu.http.exchange import DISCARD, Sink, Writer
from lambda_emu.http.executors import Closed, Full, Work
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Dates, Head, answer_head

log = logging.getLogger(__name__)

INLINE_BYTES = 64 * 1024
INLINE_TARGET_BYTES = 1024
"""An Invoke whose path and query are longer than any that can succeed is refused on a worker."""
SPOOL_BYTES = 2 * 1024 * 1024
INVOKE_BYTES = 6 * 1024 * 1024
OTHER_BYTES = 70_167_211
INLINE_PREFIX = b"/2015-03-31/functions/"
INLINE_SUFFIX = b"/invocations"
INVOKE_PATHS = (b"/invocations", b"/invoke-async", b"/response-streaming-invocations")
OWN_PREFIX = own_paths.OWN.encode()
HEALTH = own_paths.HEALTH.encode()
CODE_PATHS = re.compile(
    rb"POST /[0-9-]+/functions/?|PUT /[0-9-]+/functions/[^/]+/code|POST /[0-9-]+/layers/[^/]+/versions"
)
ELSEWHERE = re.compile(rb'"(?:S3Bucket|ImageUri)"')
"""Members that say where code is to be fetched from: whoever has it may take its time, or never answer."""

INTERNAL = "An internal error occurred; the emulator's log has the traceback."

LIMITS = HeadLimits()
"""Of the port that this serves."""

REFUSALS = {
    400: MalformedHttpRequest(),
    431: HeadTooLarge(LIMITS.most_bytes, LIMITS.most_fields),
    503: ServiceUnavailable(),
}
"""By status: errors of requests that no operation sees."""

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Inline = Callable[[Head, bytes, bytes, "Call"], None]


class Call:
    """One request on its way through the app."""

    __slots__ = ("_dates", "_head", "_inline", "_loop", "_writer", "detached", "for_page", "request_id")

    def __init__(self, request_id: str, head: Head, writer: Writer, loop: Loop, dates: Dates, inline: bool) -> None:
        self.request_id = request_id
        self.detached = False
        self.for_page: tuple[tuple[str, str], ...] = ()  # said to the browser of an allowed page
        self._head = head
        self._writer = writer
        self._loop = loop
        self._dates = dates
        self._inline = inline

    def header(self, name: bytes) -> str | None:
        """A request header by its lower-case name, also one the model does not know."""
        value = self._head.first.get(name)
        return None if value is None else value.decode("latin-1")

    def detach(self, begin: Callable[..., None], *args: object) -> None:
        """Run `begin` on the loop, now if we are there; it sees to it that `answer` or `fail` is called, once."""
        self.detached = True
        if self._inline:
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
        if self._writer.open:
            headers = [*answer.headers, *self.for_page, ("Date", self._dates.text())]
            head = answer_head(answer.status, headers, len(answer.body), close=self._writer.close_after)
            self._writer.send(head, answer.body)

    def fail(self, error: LambdaError) -> None:
        """On the loop."""
        self.answer(error_answer(error, self.request_id))

    def hold(self, held: bool) -> None:
        """Whether the client's body is to wait. On the loop."""
        self._writer.hold(held)

    def check(self, work: Future[None]) -> None:
        """Told on the loop that the app is done with it: what it could not even answer is a mistake of ours."""
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("a request failed on its worker", exc_info=error)
            self.fail(ServiceFailure(INTERNAL))


class ApiFront:
    """Handles the API's connections."""

    def __init__(
        self, app: WsgiApp, inline: Inline, loop: Loop, clock: Clock, spool_dir: Path, callers: Callers | None = None
    ) -> None:
        """inline: serves a small Invoke on the loop, from its head, the name in its path, its body and the call."""
        self._app = app
        self._callers = callers or Callers()
        self.inline = inline
        self._loop = loop
        self._clock = clock
        self._dates = Dates(clock.now_s)
        self._spool_dir = spool_dir

    def __call__(self, head: Head, writer: Writer) -> Sink:
        path = head.target.partition(b"?")[0]
        invoke = head.method == b"POST" and path.endswith(INVOKE_PATHS)
        length = head.content_length()
        inline = (
            invoke
            and path.startswith(INLINE_PREFIX)
            and path.endswith(INLINE_SUFFIX)
            and (length or 0) <= INLINE_BYTES
            and len(head.target) <= INLINE_TARGET_BYTES
            and b"transfer-encoding" not in head.first
        )
        call = Call(self._clock.new_id(), head, writer, self._loop, self._dates, inline)
        verdict = self._callers.verdict(head)
        if verdict is not LET_IN and self._answered(head, call, verdict):
            return DISCARD
        limit = INVOKE_BYTES if invoke else OTHER_BYTES
        if length is not None and length > limit:
            call.fail(_too_large(path, limit))
            return DISCARD
        if inline:
            return _Inline(self, head, path, call)
        if path == HEALTH and head.method == b"GET":
            self._answer_at_once(head, path, call)
            return DISCARD
        return _Gathered(self, head, path, call, limit)

    def _answered(self, head: Head, call: Call, verdict: Verdict) -> bool:
        """Whether who asks has an answer by that alone: pages of others, and a browser that asks before it asks."""
        call.for_page = verdict.headers
        if verdict.refusal is not None:
            call.fail(verdict.refusal)
            return True
        told = preflight(head, verdict)
        if told is not None:
            call.answer(Answer(204, told))
        return told is not None

    def refusal(self, status: int) -> bytes:
        """The whole answer to what is not served as a request; the client is to hang up."""
        answer = error_answer(REFUSALS[status], self._clock.new_id())
        headers = [*answer.headers, ("Date", self._dates.text())]
        return answer_head(answer.status, headers, len(answer.body), close=True) + answer.body

    def run(self, head: Head, path: bytes, call: Call, body: bytes, body_file: str | None) -> Answer | None:
        """Ask the app; None when the answer comes later."""
        environ = _environ(head, path, body, body_file)
        environ["lambda_emu.request_id"] = call.request_id
        environ["lambda_emu.call"] = call
        status, headers, chunks = 500, list[tuple[str, str]](), list[bytes]()

        def start_response(line: str, found: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
            nonlocal status, headers
            status, headers = int(line[:3]), [(n, v) for n, v in found if n.lower() != "content-length"]
            return chunks.append

        answered = self._app(environ, start_response)
        try:
            chunks.extend(answered)
        finally:
            close = getattr(answered, "close", None)
            if close is not None:
                close()
        return None if call.detached else Answer(status, headers, b"".join(chunks))

    def work(self, head: Head, path: bytes, call: Call, body: bytes, body_file: str | None) -> None:
        """Ask the app on a worker, which also ends the spooled body. Who finds too many waiting is told so."""

        def work() -> None:
            try:
                answer = self.run(head, path, call, body, body_file)
            finally:
                if body_file is not None:
                    os.unlink(body_file)
            if answer is not None:
                self._loop.post(call.answer, answer)

        try:
            self._loop.work(kind_of(head, path, body), work).add_done_callback(call.check)
        except (Full, Closed) as refusal:
            if body_file is not None:
                os.unlink(body_file)
            call.fail(Busy(str(refusal)) if isinstance(refusal, Full) else ShuttingDown())

    def _answer_at_once(self, head: Head, path: bytes, call: Call) -> None:
        """Of a view that never waits. On the loop, so that it is answered whatever the workers do."""
        answer = self.run(head, path, call, b"", None)
        assert answer is not None
        call.answer(answer)

    def spool(self, source: Source) -> Spool:
        """For a body that should not fill the memory."""
        return Spool(source, self._spool_dir, self._loop)


class _Inline:
    """A small invocation: gathered and run on the loop."""

    __slots__ = ("_body", "_call", "_front", "_head", "_path")

    def __init__(self, front: ApiFront, head: Head, path: bytes, call: Call) -> None:
        self._front = front
        self._head = head
        self._path = path
        self._call = call
        self._body = Body()

    @property
    def held_bytes(self) -> int:
        return self._body.size

    def body(self, chunk: bytes) -> None:
        self._body.add(chunk)

    def end(self) -> None:
        name = self._path[len(INLINE_PREFIX) : -len(INLINE_SUFFIX)]
        self._front.inline(self._head, name, self._body.take(), self._call)

    def abort(self) -> None:
        """The client left; what runs goes on, its answer is dropped."""


class _Gathered:
    """Any other request: kept in memory while small, in a file when large, and run on a worker."""

    def __init__(self, front: ApiFront, head: Head, path: bytes, call: Call, limit: int) -> None:
        self._front = front
        self._head = head
        self._path = path
        self._call = call
        self._limit = limit
        self._body = Body()
        self._size = 0
        self._spool: Spool | None = None

    @property
    def held_bytes(self) -> int:
        return self._body.size if self._spool is None else self._spool.held_bytes

    def body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            self.abort()
            self._call.fail(_too_large(self._path, self._limit))
            return
        if self._spool is None and self._size > SPOOL_BYTES and self._limit > INVOKE_BYTES:
            self._spool = self._front.spool(self)
            self._spool.add(self._body.take())
        if self._spool is None:
            self._body.add(chunk)
        else:
            self._spool.add(chunk)

    def end(self) -> None:
        if self._spool is None:
            self._front.work(self._head, self._path, self._call, self._body.take(), None)
        else:
            self._spool.end(lambda file: self._front.work(self._head, self._path, self._call, b"", file))

    def abort(self) -> None:
        """The client left before it said all, or said too much."""
        self._body.clear()
        if self._spool is not None:
            self._spool.abort()

    def hold(self, held: bool) -> None:
        self._call.hold(held)

    def failed(self, error: LambdaError) -> None:
        self._call.fail(error)


def kind_of(head: Head, path: bytes, body: bytes) -> Work:
    """By what its request does it is known for what it may wait; a large body has its code with it."""
    if path.startswith(OWN_PREFIX):
        return Work.PAGES
    if head.method == b"POST" and path.endswith(INVOKE_PATHS):
        return Work.INVOCATIONS
    if CODE_PATHS.fullmatch(head.method + b" " + path):
        return Work.FETCHES if ELSEWHERE.search(body) else Work.UPLOADS
    return Work.READS if head.method == b"GET" else Work.CHANGES


def _too_large(path: bytes, limit: int) -> RequestTooLarge:
    operation = "InvokeFunction" if limit == INVOKE_BYTES else "CreateFunction"
    if path.endswith(b"/code"):
        operation = "UpdateFunctionCode"
    return RequestTooLarge(limit, operation)


def _environ(head: Head, path: bytes, body: bytes, body_file: str | None) -> Environ:
    """What WSGI wants to know of a request (PEP 3333)."""
    environ: Environ = {
        "REQUEST_METHOD": head.method.decode("latin-1"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": head.target[len(path) + 1 :].decode("latin-1"),
        "RAW_URI": head.target.decode("latin-1"),
        "REQUEST_URI": head.target.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    if body_file is not None:
        environ["lambda_emu.body_file"] = body_file
    for name, value in head.headers:
        text = value.decode("latin-1")
        if name == b"content-type":
            environ["CONTENT_TYPE"] = text
        elif name not in (b"content-length", b"transfer-encoding"):
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
