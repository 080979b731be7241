"""Of log groups: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from lambda_emu.logs.groups import EventPosition, Owner, StoredEvent
from lambda_emu.samples.sample import FUNCTION, SampleRequest, Samples
from lambda_emu.services.logs.payloads import Matched, for_function, payloads
from lambda_emu.services.logs.records import LogGroup

LOGS = Samples("logs")
SAMPLES = (LOGS,)


@LOGS.add(
    "subscription",
    "A line of a log that a subscription's filter lets through, packed as it comes.",
    message="ERROR the order has no customer",
    group=f"/aws/lambda/{FUNCTION}",
    stream="2024/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
    filter="errors",
)
def subscription(asked: SampleRequest) -> bytes:
    at_ms, scope = int(asked.now_s * 1000), asked.scope
    group = LogGroup(scope.account, scope.region, asked["group"], at_ms)
    line = StoredEvent(
        EventPosition(at_ms, 1, 0), at_ms, Owner(scope, asked["group"], asked["stream"], None), asked["message"]
    )
    (packed,) = payloads(group, asked["stream"], asked["filter"], [Matched(line)])
    return for_function(packed)
