"""Of topics: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.child.program.patches.sns_delivery import SnsMessage, event_of

SNS = Samples("sns")
SAMPLES = (SNS,)


class _Unsigned(SnsMessage):
    def _signature(self) -> str:
        """Nobody has a key for it."""
        return "EXAMPLE"


@SNS.add(
    "notification",
    "A message to a topic.",
    message="Hello from SNS",
    subject="Greetings",
    topic="news",
    attributes="{}",
)
def notification(asked: SampleRequest) -> dict[str, Any]:
    arn = asked.scope.arn(asked["topic"], "sns")
    subscription = SimpleNamespace(arn=f"{arn}:{asked.clock.new_id()}", topic=SimpleNamespace(arn=arn), attributes={})
    attributes = {name: {"Type": "String", "Value": str(value)} for name, value in asked.object("attributes").items()}
    return event_of(_Unsigned(subscription, asked["message"], asked.clock.new_id(), asked["subject"], attributes))
