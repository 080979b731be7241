"""The Runtime API's routes. docs/contract/runtime.md#runtime-api.

Who calls is known by the listener that its connection came by, which its init passed to us; where inits cannot pass
sockets, by the host name it calls.
"""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from lambda_emu.http.branch import Branch, PassedListener
from lambda_emu.http.budget import MemoryBudget
from lambda_emu.http.exchange import DISCARD, BodySink, RequestHandler, Writer
from lambda_emu.http.group import Allowance, Group, Wait
from lambda_emu.http.listener import HELD_BYTES, UNBOUNDED, Listener, PortSettings, Sniffer
from lambda_emu.http.message import Head
from lambda_emu.http.watch import Clock
from lambda_emu.runtime_api import answers
from lambda_emu.runtime_api.session import DeliveredEvent, NextState, Refused, RuntimeState, Session, WrongState
from lambda_emu.runtime_api.upload import ErrorUpload, InitErrorUpload, ResponseUpload, Upload

PREFIX = b"/2018-06-01/runtime/"
NEXT = PREFIX + b"invocation/next"
INVOCATION = PREFIX + b"invocation/"
INIT_ERROR = PREFIX + b"init/error"
RESTORE = PREFIX + b"restore/"
PING = b"/2018-06-01/ping"
VARIABLES = b"/lambda-emu/variables"
EXTENSION = (b"/2020-01-01/extension/", b"/2020-08-15/logs", b"/2022-07-01/telemetry")
ATTEMPT = b"lambda-runtime-invocation-id"
ANSWERS = {"response": (NextState.RESPONSE, ResponseUpload), "error": (NextState.ERROR, ErrorUpload)}

ENVIRONMENT = Allowance(answers.MOST_CONNECTIONS, 16 << 20, {Wait.HANG_UP: 10.0, Wait.MEMORY: 30.0})
"""An environment may be frozen at any time, so whoever asked once may take its time; it ends with its environment."""
UNKNOWN = Allowance(512, 16 << 20, dict.fromkeys(Wait, 10.0), oldest_out=True)
"""All who have not said yet which environment they are, together."""


BY_BROWSERS = frozenset((b"origin", b"sec-fetch-site"))
"""Headers by which a browser tells whose page asks, at loopback addresses always; no runtime has a page."""


class Parked:
    """session.NextCall: a call of /next as long as it waits."""

    __slots__ = ("_writer",)
    held_bytes = 0

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...

    @property
    def open(self) -> bool:
        return self._writer.open

    def deliver(self, event: DeliveredEvent, attempt_id: str, deadline_ms: int) -> None:
        self._writer.send(answers.event_head(event, attempt_id, deadline_ms), event.payload)


class _Caller(Struct):
    """An environment, as those are known who call. upload: the last answer it began to post."""

    session: Session
    group: Group
    branch: Branch | None = None
    upload: Upload | None = None
    session_token: bytes = b""


class RuntimeApi:
    """Finds the environment by its connection, or its host name, and the call by its path."""

    def __init__(
        self,
        clock: Clock,
        sniffer: Sniffer | None = None,
        descriptors: int = UNBOUNDED,
        services: RequestHandler | None = None,
    ) -> None:
        """sniffer, descriptors: of listener.PortSettings. services: for environments that are known by a name."""
        self._services = services
        self._budget = MemoryBudget(HELD_BYTES)
        self._port_settings = PortSettings(
            limits=answers.HEAD_LIMITS,
            newcomers=UNKNOWN,
            budget=self._budget,
            descriptors=descriptors,
            lingering=0,
            refusal=answers.REFUSALS.__getitem__,
            full=429,
            sniffer=sniffer,
        )
        self.listener = Listener(self, clock, self._port_settings)
        self._callers: dict[str, _Caller] = {}
        self._by_name: dict[bytes, _Caller] = {}
        self._by_session_token: dict[bytes, _Caller] = {}

    def open(
        self,
        token: str,
        session: Session,
        passed: PassedListener | None = None,
        session_token: str | None = None,
    ) -> None:
        """Let an environment speak to `session` by the listener it passed; without one, if it calls us by this name.

        session_token: without one it is known by that too, when its code calls services.
        """
        caller = self._callers[token] = _Caller(session, Group(ENVIRONMENT, self._budget))
        if passed is None:
            self._by_name[token.encode()] = caller
            if session_token is not None:
                caller.session_token = session_token.encode()
                self._by_session_token[caller.session_token] = caller
        else:
            handler = partial(self._serve, caller)
            caller.branch = Branch(passed, handler, caller.group, self._port_settings, self.listener.watch)

    def close(self, token: str) -> None:
        """The environment is no more; its connections end."""
        caller = self._callers.pop(token, None)
        self._by_name.pop(token.encode(), None)
        if caller is None:
            return
        self._by_session_token.pop(caller.session_token, None)
        if caller.branch is not None:
            caller.branch.close()
        caller.group.close()

    def __call__(self, head: Head, writer: Writer) -> BodySink:
        """What comes by the listener of those that are known by a name."""
        caller = self._by_name.get(head.first.get(b"host", b"").partition(b":")[0].lower())
        if caller is None:
            return self._ask_services(head, writer)
        if not writer.belongs_to(caller.group):
            return _hang_up(writer, answers.TOO_MANY_CONNECTIONS)
        return self._serve(caller, head, writer)

    def _ask_services(self, head: Head, writer: Writer) -> BodySink:
        """What calls us by no name of the Runtime API's: its credentials say which environment it is."""
        caller = self._by_session_token.get(head.first.get(b"x-amz-security-token", b""))
        if caller is None or self._services is None:
            return _hang_up(writer, answers.UNKNOWN_ENVIRONMENT)
        if not writer.belongs_to(caller.group):
            return _hang_up(writer, answers.TOO_MANY_CONNECTIONS)
        return self._services(head, writer)

    def _serve(self, caller: _Caller, head: Head, writer: Writer) -> BodySink:
        target, is_next = head.target, head.plan is NEXT
        if not is_next and not BY_BROWSERS.isdisjoint(head.first):
            return _refuse(writer, answers.NO_PAGES)
        try:
            if is_next or (target == NEXT and head.method == b"GET"):
                head.plan = NEXT
                parked = Parked(writer)
                caller.session.next(parked)
                return parked
            if head.method == b"POST" and target.startswith(PREFIX):
                return self._post(caller, head, writer)
            if target == VARIABLES and (variables := caller.session.take_variables()) is not None:
                return _hang_up(writer, answers.variables(variables))
        except Refused as refused:
            return _refuse(writer, answers.refusal(refused))
        return _refuse(writer, _answer_without_session(target))

    def _post(self, caller: _Caller, head: Head, writer: Writer) -> BodySink:
        """What may not be answered, or is being answered, is refused before its body comes, which is not kept."""
        session, target = caller.session, head.target
        if target == INIT_ERROR:
            session.check_init_error()
            return InitErrorUpload(session, head, writer)
        request_id, _, call = target[len(INVOCATION) :].decode("latin-1").partition("/")
        found = ANSWERS.get(call) if target.startswith(INVOCATION) else None
        if found is None:
            return _refuse(writer, _answer_without_session(target))
        asked, make = found
        attempt = head.first.get(ATTEMPT)
        attempt_id = None if attempt is None else attempt.decode("latin-1")
        session.check(request_id, attempt_id, asked)
        if caller.upload is not None and caller.upload.open:
            raise WrongState(RuntimeState.RESPONDING, asked)
        caller.upload = make(session, head, writer, request_id, attempt_id)
        return caller.upload


def _answer_without_session(target: bytes) -> bytes:
    if target == PING:
        return answers.PONG
    if target.startswith(RESTORE):
        return answers.SNAPSTART_OFF
    if target.startswith(EXTENSION):
        return answers.EXTENSIONS_NOT_BUILT
    return answers.NOT_FOUND


def _refuse(writer: Writer, answer: bytes) -> BodySink:
    writer.send(answer)
    return DISCARD


def _hang_up(writer: Writer, answer: bytes) -> BodySink:
    writer.close_after = True
    return _refuse(writer, answer)
