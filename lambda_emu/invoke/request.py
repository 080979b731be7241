"""What everybody says who brings an event, whatever it came from."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from lambda_emu.arn import Target
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError


class Kind(StrEnum):
    """What is asked for, by the names of X-Amz-Invocation-Type."""

    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


class InvokeRequest(NamedTuple):
    """An event for a function, checked as far as whoever brings it can.

    client_context: compact ASCII JSON. trace_id: the whole header. execution_name: of a durable execution.
    """

    request_id: str
    target: Target
    payload: bytes
    kind: Kind = Kind.REQUEST_RESPONSE
    trace_id: str | None = None
    client_context: str | None = None
    wants_tail: bool = False
    tenant_id: str | None = None
    execution_name: str | None = None

    @property
    def invoked_arn(self) -> str:
        """What the code sees: qualified exactly as the caller did."""
        return self.target.arn


class Gathered:
    """environment.Reply of whoever wants all at once: `done` is called with the outcome, or why there is none."""

    __slots__ = ("_chunks", "_done")

    def __init__(self, done: Callable[[Outcome | LambdaError], None]) -> None:
        self._done = done
        self._chunks: list[bytes] = []

    def begin(self, content_type: str) -> None: ...

    def chunk(self, data: bytes) -> bool:
        self._chunks.append(data)
        return True

    def end(self, outcome: Outcome) -> None:
        if self._chunks:
            outcome = outcome._replace(payload=b"".join((*self._chunks, outcome.payload)))
        self._done(outcome)

    def refused(self, error: LambdaError) -> None:
        self._done(error)
