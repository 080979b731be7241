"""What everybody says who brings an event, whatever it came from, and where what came of it goes."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Mapping
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Target
from lambda_emu.clock import Clock
from lambda_emu.environment.invocation import Outcome, Reply
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke import lineage
from lambda_emu.model.policies.decision import NOTHING_TOLD

MAX_TRACE_CHARACTERS = 1024
EMPTY_EVENT = b"{}"


class InvocationType(Enum):
    """What is asked for."""

    REQUEST_RESPONSE = auto()  # run it now
    EVENT = auto()  # keep it, and run it whether or not anybody waits
    DRY_RUN = auto()  # say whether it could be run


class InvokeRequest(Struct, frozen=True):
    """An event for a function.

    principal: another account that asks, or a service; None: the function's own account. source: what its policy may
    ask about where it comes from, as aws:SourceArn. trace_id: the whole header. client_context: compact ASCII JSON.
    execution_name: of a durable execution. payload_error: what text.json_text.refusal says of the payload, which is
    asked beside the loop if it is large; it is told in its turn, after what is wrong with the function.
    """

    request_id: str
    target: Target
    payload: bytes
    kind: InvocationType = InvocationType.REQUEST_RESPONSE
    principal: str | None = None
    trace_id: str | None = None
    client_context: str | None = None
    wants_tail: bool = False
    tenant_id: str | None = None
    execution_name: str | None = None
    payload_error: LambdaError | None = None
    source: Mapping[str, str] = NOTHING_TOLD

    @property
    def invoked_arn(self) -> str:
        """What the code sees: qualified exactly as the caller did."""
        return self.target.arn


Invoke = Callable[[InvokeRequest, Reply], None]
"""`Invoker.invoke`, for whoever brings events."""


class GatheredReply:
    """environment.Reply of whoever wants all of the outcome at once."""

    _chunks: list[bytes] | None = None

    def begin(self, executed_version: str, content_type: str) -> None:
        self._chunks = []

    def chunk(self, data: bytes) -> bool:
        assert self._chunks is not None, "it has begun"
        self._chunks.append(data)
        return True

    def end(self, outcome: Outcome) -> None:
        if self._chunks is not None:
            outcome = replace(outcome, payload=b"".join((*self._chunks, outcome.payload)))
        self.done(outcome)

    def done(self, outcome: Outcome) -> None:
        """With the whole payload."""
        raise NotImplementedError

    def refused(self, error: LambdaError) -> None:
        raise NotImplementedError


class FutureReply(GatheredReply):
    """Tells a future the outcome, or why there is none."""

    def __init__(self, future: Future[Outcome | LambdaError]) -> None:
        self.future = future

    def done(self, outcome: Outcome) -> None:
        self._tell(outcome)

    def refused(self, error: LambdaError) -> None:
        self._tell(error)

    def _tell(self, answer: Outcome | LambdaError) -> None:
        if not self.future.done():
            self.future.set_result(answer)


def trace_header(given: str | None, clock: Clock, target: Target) -> str:
    """The caller's header, or a new one that is not sampled; in either the invocation of this function is counted.

    One that a runtime could not read counts as none. Whoever brings an event asks for its header here, with the one
    that came with what it was made of (an SDK's X-Amzn-Trace-Id, a message's AWSTraceHeader).
    docs/contract/logs-billing.md#tracing.
    """
    if given and len(given) <= MAX_TRACE_CHARACTERS and given.isascii() and given.isprintable():
        return lineage.go_on(given, target)
    digits = clock.new_token() + clock.new_token()
    root = f"Root=1-{int(clock.now_s()):08x}-{digits[:24]}"
    return f"{root};Parent={digits[24:40]};Sampled=0;Lineage=1:{target.mark}:0"
