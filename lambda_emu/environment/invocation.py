"""One invocation on its way through an environment, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lambda_emu.errors.base import LambdaError


class Outcome(NamedTuple):
    """What the function answered. `failed`: X-Amz-Function-Error is Unhandled, the payload describes the error.

    tail: the last 4 KB of the invocation's log, only when it was asked for. Contract 2.2.
    """

    payload: bytes
    failed: bool
    tail: bytes | None = None


@dataclass(slots=True, eq=False)
class Invocation:
    """An accepted event. `done` is called exactly once, on the loop: with an Outcome, or with what we failed at."""

    request_id: str
    payload: bytes
    invoked_arn: str
    done: Callable[[Outcome | LambdaError], None]
    trace_id: str | None = None
    client_context: str | None = None  # compact ASCII JSON
    wants_tail: bool = False
    tenant_id: str | None = None  # only of functions with tenants
    attempt_id: str = ""  # given with the environment; the runtime may repeat it with its answer
    started_s: float = 0.0
    deadline_ms: int = 0
