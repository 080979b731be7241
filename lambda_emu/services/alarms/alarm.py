"""What an alarm is, and which state it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.cloudwatch.wire import Time

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
ACTIONS: Mapping[str, str] = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT: "InsufficientDataActions"}
"""Whom each state is told, by the member that names them."""
MARK = ":alarm:"
"""In the ARN of one, and in no other of CloudWatch's."""


class State(Struct, frozen=True):
    """data: JSON that says more than the reason. at_s: when it was found; since_s: when it was another one before."""

    value: str
    reason: str
    data: str | None
    at_s: float
    since_s: float


class Alarm(Struct, frozen=True):
    """members: as PutMetricAlarm or PutCompositeAlarm gave them, with defaults. configured_s: when that was."""

    account: str
    region: str
    name: str
    is_composite: bool
    members: dict[str, Any]
    state: State
    configured_s: float
    tags: dict[str, str]

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    @property
    def arn(self) -> str:
        return arn_of(self.scope, self.name)

    @property
    def kind(self) -> str:
        """As DescribeAlarms has it."""
        return "CompositeAlarm" if self.is_composite else "MetricAlarm"

    @property
    def actions(self) -> Sequence[str]:
        """The ARNs of those who are told of its state."""
        if not self.members["ActionsEnabled"]:
            return ()
        found: Sequence[str] = self.members[ACTIONS[self.state.value]]
        return found

    def in_state(self, value: str, reason: str, data: str | None, now_s: float) -> Alarm:
        since_s = now_s if value != self.state.value else self.state.since_s
        return replace(self, state=State(value, reason, data, now_s, since_s))

    def shown(self) -> dict[str, Any]:
        """As DescribeAlarms tells it."""
        state = self.state
        told = {
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": Time(self.configured_s),
            "StateValue": state.value,
            "StateReason": state.reason,
            "StateUpdatedTimestamp": Time(state.at_s),
            "StateTransitionedTimestamp": Time(state.since_s),
        }
        return told | self.members | ({} if state.data is None else {"StateReasonData": state.data})


def arn_of(scope: Scope, name: str) -> str:
    return scope.arn(f"alarm:{name}", "cloudwatch")
