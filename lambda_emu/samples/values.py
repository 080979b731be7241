"""Values that samples of several sources have."""

from __future__ import annotations

from lambda_emu.arn import FunctionId, Target
from lambda_emu.clock import Clock
from lambda_emu.invoke.request import trace_header
from lambda_emu.samples.sample import FUNCTION, SampleRequest

PEER = "203.0.113.7"
"""An address that documents have (RFC 5737)."""
AGENT = "curl/8.5.0"


def iam_role(asked: SampleRequest) -> str:
    return f"arn:{asked.scope.partition}:iam::{asked.scope.account}:role/lambda-role"


def trace(asked: SampleRequest) -> str:
    """As the header of an invocation."""
    return trace_header(None, asked.clock, Target(function_id(asked)))


def function_id(asked: SampleRequest) -> FunctionId:
    return asked.scope.function(FUNCTION)


def event_time(clock: Clock) -> tuple[str, int]:
    """`12/Mar/2020:19:03:58 +0000`, and milliseconds since the epoch."""
    from lambda_emu.triggers.http_event import EventTimes

    now_s = clock.now_s()
    return EventTimes().text(now_s), int(now_s * 1000)
