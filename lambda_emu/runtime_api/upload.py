"""What a runtime posts: gathered whole, up to the size Lambda allows, then told to its session."""

from __future__ import annotations

from lambda_emu.http.body import Body
from lambda_emu.http.exchange import Writer
from lambda_emu.http.message import Head
from lambda_emu.runtime_api import answers
from lambda_emu.runtime_api.session import (
    MAX_RESPONSE_BYTES,
    Refused,
    ResponseTooLarge,
    Session,
    Spoiled,
    Truncated,
    WrongMode,
)

RESPONSE_MODES = (None, b"buffered", b"streaming")


class Upload:
    """One body on its way in. open: more of it is to come. request_id: of the event it answers, if it answers one.

    A body that is too large is refused as soon as that is known, and not kept.
    """

    __slots__ = ("_attempt_id", "_body", "_head", "_request_id", "_session", "_writer", "open")

    def __init__(
        self, session: Session, head: Head, writer: Writer, request_id: str = "", attempt_id: str | None = None
    ) -> None:
        self._session = session
        self._head = head
        self._writer = writer
        self._request_id = request_id
        self._attempt_id = attempt_id
        self._body = Body()
        self.open = True

    @property
    def held_bytes(self) -> int:
        return self._body.size

    def body(self, chunk: bytes) -> None:
        if self._body.size + len(chunk) <= MAX_RESPONSE_BYTES:
            self._body.add(chunk)
        else:
            self.open = False
            self._body.clear()
            self._spoil(ResponseTooLarge())

    def end(self) -> None:
        self.open = False
        try:
            self._tell(self._body.take())
        except Refused as refused:
            self._writer.send(answers.refusal(refused))
        else:
            self._writer.send(answers.ACCEPTED)

    def abort(self) -> None:
        """The runtime hung up before it said all. Its exit will say so, where nothing else does."""
        self.open = False

    def _tell(self, payload: bytes) -> None:
        raise NotImplementedError

    def _spoil(self, spoiled: Spoiled) -> None:
        """It cannot be what was asked for, and the runtime is told why."""
        self._writer.send(answers.refusal(spoiled))

    @property
    def _error_type(self) -> str | None:
        """As the runtime named it."""
        value = self._head.first.get(b"lambda-runtime-function-error-type")
        return None if value is None else value.decode("latin-1")


class InitErrorUpload(Upload):
    """Why the runtime could not initialise."""

    __slots__ = ()

    def _tell(self, payload: bytes) -> None:
        self._session.init_error(payload, self._error_type)


class AnswerUpload(Upload):
    """What came of an event."""

    __slots__ = ()

    def _spoil(self, spoiled: Spoiled) -> None:
        """The invocation fails with it, unless the runtime may not answer any more."""
        refused: Refused = spoiled
        try:
            self._session.spoil(self._request_id, self._attempt_id, spoiled)
        except Refused as late:
            refused = late
        self._writer.send(answers.refusal(refused))


class ErrorUpload(AnswerUpload):
    """The handler raised."""

    __slots__ = ()

    def _tell(self, payload: bytes) -> None:
        self._session.respond_error(self._request_id, self._attempt_id, payload, self._error_type)


class ResponseUpload(AnswerUpload):
    """What the handler returned."""

    __slots__ = ()

    def _tell(self, payload: bytes) -> None:
        if self._head.first.get(b"lambda-runtime-function-response-mode") not in RESPONSE_MODES:
            wrong = WrongMode()
            self._session.spoil(self._request_id, self._attempt_id, wrong)
            raise wrong
        self._session.respond(self._request_id, self._attempt_id, payload)

    def abort(self) -> None:
        if self.open:
            self.open = False
            self._spoil(Truncated())
