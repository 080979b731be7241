"""Events that were refused for want of room, in the order in which they wait."""

from __future__ import annotations

from lambda_emu.arn import FunctionId
from lambda_emu.invoke.refusals import Refusals
from lambda_emu.store import QueuedEvent

F = FunctionId("000000000000", "us-east-1", "f")


def event(request_id: str) -> QueuedEvent:
    return QueuedEvent(request_id, F, None, F.arn(), b"{}", None, 0.0, 0, 0.0)


def test_after_a_reset_no_event_of_before_stands_in_the_line() -> None:
    refusals = Refusals()
    refusals.add(event("before"))

    refusals.clear()

    assert refusals.add(event("after")) == 1
    assert refusals.first(F) == "after"
