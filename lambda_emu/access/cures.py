"""What would let somebody do what no policy lets him."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.access.demand import Demand
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.evaluation import Decision, Kind

PLACES: Mapping[Kind, str] = {
    Kind.IDENTITY: "its policies",
    Kind.RESOURCE: "the resource's policy",
    Kind.SESSION: "the policy that the session was given",
    Kind.BOUNDARY: "its permissions boundary",
}
WHAT = {"lambda": "function", "sns": "topic", "sqs": "queue", "logs": "log group"}
"""Of whose policies services have to be let in, by the service."""


class Cure(NamedTuple):
    """text: what to do. statement: what to add; None: adding does not help."""

    text: str
    statement: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.text if self.statement is None else f"{self.text} {json.dumps(self.statement)}"


def cure_of(caller: Caller, demand: Demand, decision: Decision, *, is_anybody: bool = True) -> Cure:
    """decision: does not allow it. is_anybody: IAM here has the caller."""
    if decision.denied:
        return Cure(f"{decision.policy} has it")
    statement: dict[str, Any] = {"Effect": "Allow", "Action": demand.action, "Resource": demand.resource}
    if caller.kind is CallerKind.SERVICE:
        statement |= {"Principal": {"Service": caller.principal_arn}}
        if source := demand.context.get("aws:sourcearn"):
            statement |= {"Condition": {"ArnLike": {"aws:SourceArn": source}}}
        what = WHAT.get(demand.action.partition(":")[0], "resource")
        return Cure(f"add to the {what}'s policy", statement)
    assert decision.kind is not None
    if decision.kind is Kind.IDENTITY and not is_anybody:
        return Cure(f"IAM here has no {caller.principal_arn}: make it, and add to its policies", statement)
    if decision.kind is Kind.RESOURCE:
        statement |= {"Principal": {"AWS": caller.principal_arn}}
    return Cure(f"add to {PLACES[decision.kind]}", statement)
