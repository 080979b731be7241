"""What code inside an environment may ask, and why it is refused: values in and out, without HTTP.

docs/contract/runtime.md#runtime-api.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Protocol

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


class RuntimeState(StrEnum):
    """What Lambda calls the state of a runtime, when it tells it what it may not do."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    RESPONDING = "InvocationResponse"
    RESPONSE_SENT = "RuntimeResponseSentState"
    FAILED = "InitError"


class NextState(StrEnum):
    """The state that a call leads to, by Lambda's names."""

    NEXT = "Ready"
    RESPONSE = "InvocationResponse"
    ERROR = "InvocationErrorResponse"
    INIT_ERROR = "InitError"


class Refused(Exception):
    """A call that is not accepted. The text is what the runtime is told."""

    status: ClassVar[int]
    kind: ClassVar[str]


class WrongState(Refused):
    """A call that the runtime may not make now."""

    status, kind = 403, "InvalidStateTransition"

    def __init__(self, state: RuntimeState, asked: NextState) -> None:
        text = f"State transition from {state} to {asked} failed for runtime. Error: State transition is not allowed"
        super().__init__(text)


class WrongRequestId(Refused):
    """An answer to what does not run here."""

    status, kind = 400, "InvalidRequestID"

    def __init__(self) -> None:
        super().__init__("Invalid request ID")


class WrongAttempt(Refused):
    """An answer to another attempt at the same event."""

    status, kind = 400, "InvalidInvocationId"

    def __init__(self) -> None:
        super().__init__("Invalid invocation ID")


class Spoiled(Refused):
    """A response that cannot be the caller's. The invocation fails with it, and the environment is well."""


class WrongMode(Spoiled):
    """It is posted in a mode that is none."""

    status, kind = 400, "InvalidFunctionResponseMode"

    def __init__(self) -> None:
        super().__init__("Invalid function response mode")


class ResponseTooLarge(Spoiled):
    """It has more bytes than a response may."""

    status, kind = 413, "RequestEntityTooLarge"

    def __init__(self) -> None:
        super().__init__(f"Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).")


class Truncated(Spoiled):
    """The runtime hung up in the middle of it."""

    status, kind = 400, "TruncatedHTTPRequest"

    def __init__(self) -> None:
        super().__init__("HTTP request detected as truncated")


class DeliveredEvent(Protocol):
    """What a runtime gets. Its texts hold no line breaks: they were checked on the way in."""

    @property
    def request_id(self) -> str: ...

    @property
    def payload(self) -> bytes: ...

    @property
    def invoked_arn(self) -> str: ...

    @property
    def trace_id(self) -> str | None: ...

    @property
    def client_context(self) -> str | None:
        """Compact ASCII JSON."""

    @property
    def tenant_id(self) -> str | None: ...


class NextCall(Protocol):
    """A runtime's call for an event, waiting as long as it takes."""

    @property
    def open(self) -> bool:
        """Whether the runtime still waits on the other side."""

    def deliver(self, event: DeliveredEvent, attempt_id: str, deadline_ms: int) -> None:
        """Its answer. attempt_id: the runtime may repeat it with the response."""


class Session(Protocol):
    """What an execution environment lets its runtime do; Refused if it does not. Runs on the loop, and never waits.

    attempt_id: what the runtime repeated of it, if it did.
    """

    def next(self, call: NextCall) -> None: ...

    def take_variables(self) -> Mapping[str, str] | None:
        """For a runtime that was started before its function was known, once. None: it was not."""

    def check(self, request_id: str, attempt_id: str | None, asked: NextState) -> object:
        """Refused if this may not be answered now, before the answer comes."""

    def respond(self, request_id: str, attempt_id: str | None, payload: bytes) -> None: ...

    def respond_error(
        self, request_id: str, attempt_id: str | None, payload: bytes, error_type: str | None
    ) -> None: ...

    def spoil(self, request_id: str, attempt_id: str | None, spoiled: Spoiled) -> None:
        """Its response is none."""

    def check_init_error(self) -> None: ...

    def init_error(self, payload: bytes, error_type: str | None) -> None: ...
