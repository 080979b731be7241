"""The Runtime API's routes. The host name a runtime calls tells its environment. Contract: runtime.md 3.1."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from lambda_emu.http.connection import DISCARD, Sink, Writer
from lambda_emu.http.message import Head
from lambda_emu.runtime_api import answers
from lambda_emu.runtime_api.upload import Reply, Upload

PREFIX = b"/2018-06-01/runtime/"
NEXT = PREFIX + b"invocation/next"
INVOCATION = PREFIX + b"invocation/"
INIT_ERROR = PREFIX + b"init/error"
RESTORE = PREFIX + b"restore/"
PING = b"/2018-06-01/ping"
EXTENSION = (b"/2020-01-01/extension/", b"/2020-08-15/logs", b"/2022-07-01/telemetry")


BY_BROWSERS = frozenset((b"origin", b"sec-fetch-site"))
"""Headers by which a browser tells whose page asks, at loopback addresses always; no runtime has a page."""


class Session(Protocol):
    """What an execution environment lets its runtime do. Each call answers by `reply`, before anything slow."""

    def next(self, parked: Parked) -> None: ...

    def response(self, request_id: str, head: Head, body: bytes, reply: Reply) -> None: ...

    def response_too_large(self, request_id: str, reply: Reply) -> None: ...

    def response_truncated(self, request_id: str, reply: Reply) -> None: ...

    def error(self, request_id: str, head: Head, body: bytes, reply: Reply) -> None: ...

    def init_error(self, head: Head, body: bytes, reply: Reply) -> None: ...


class Parked:
    """A runtime's call of /next, waiting for an event as long as it takes."""

    __slots__ = ("_writer",)

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...

    @property
    def open(self) -> bool:
        """Whether the runtime still waits on the other side."""
        return self._writer.open

    def send(self, head: bytes, body: bytes) -> None:
        self._writer.send(head, body)


class RuntimeApi:
    """Finds the environment by its host name and the call by its path."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, Session] = {}

    def open(self, token: str, session: Session) -> None:
        """Let the environment that calls us by this name speak to `session`."""
        self._sessions[token.encode()] = session

    def close(self, token: str) -> None:
        self._sessions.pop(token.encode(), None)

    def __call__(self, head: Head, writer: Writer) -> Sink:
        session = self._sessions.get((head.get(b"host") or b"").partition(b":")[0].lower())
        if session is None:
            return _refuse(writer, answers.UNKNOWN_ENVIRONMENT)
        if any(name in BY_BROWSERS for name, _ in head.headers):
            return _refuse(writer, answers.NO_PAGES)
        target = head.target
        if target == NEXT and head.method == b"GET":
            parked = Parked(writer)
            session.next(parked)
            return parked
        if head.method == b"POST" and target.startswith(PREFIX):
            return self._post(session, head, writer)
        return _refuse(writer, _unrouted(target))

    def _post(self, session: Session, head: Head, writer: Writer) -> Sink:
        if head.target == INIT_ERROR:
            return Upload(head, writer, session.init_error, lambda reply: reply(answers.TOO_LARGE))
        if head.target.startswith(INVOCATION):
            request_id, _, call = head.target[len(INVOCATION) :].decode("latin-1").partition("/")
            too_large = partial(session.response_too_large, request_id)
            if call == "response":
                truncated = partial(session.response_truncated, request_id)
                return Upload(head, writer, partial(session.response, request_id), too_large, truncated)
            if call == "error":
                return Upload(head, writer, partial(session.error, request_id), too_large)
        return _refuse(writer, _unrouted(head.target))


def _unrouted(target: bytes) -> bytes:
    if target == PING:
        return answers.PONG
    if target.startswith(RESTORE):
        return answers.SNAPSTART_OFF
    if target.startswith(EXTENSION):
        return answers.EXTENSIONS_NOT_BUILT
    return answers.NOT_FOUND


def _refuse(writer: Writer, answer: bytes) -> Sink:
    writer.send(answer)
    return DISCARD
