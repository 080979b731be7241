"""Why requests were let through or refused, for as long as they are among the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lambda_emu.access.cures import cure_of
from lambda_emu.access.demand import Demand
from lambda_emu.model.caller import Caller
from lambda_emu.model.iam.evaluation import Decision
from lambda_emu.services.s3_ids import s3_ids

MOST_KEPT = 2048
"""Requests; of each there are a few values that others have anyway."""


class Weighed(NamedTuple):
    """One thing that was asked for, and what was decided. is_refused: for that the request was refused.

    is_anybody: IAM here has the caller.
    """

    demand: Demand
    decision: Decision
    is_refused: bool
    is_anybody: bool = True


Decided = tuple[str, Caller, Sequence[Weighed]]
"""Of which request, of whom, and what."""


class Explained:
    """From any thread: what is added is never changed, and the oldest are let go."""

    def __init__(self) -> None:
        self._kept: deque[Decided] = deque(maxlen=MOST_KEPT)
        self.add: Callable[[Decided], None] = self._kept.append

    def told(self, request_id: str) -> dict[str, Any] | None:
        """As JSON; None: it is not among them. request_id: also as S3 has it."""
        for id, caller, weighed in reversed(self._kept.copy()):
            if request_id in (id, s3_ids(id)["x-amz-request-id"]):
                shown = [_shown(caller, each) for each in weighed]
                return {"request_id": request_id, "caller": caller.arn, "asked": shown}
        return None


def _shown(caller: Caller, weighed: Weighed) -> dict[str, Any]:
    demand, decision, is_refused, is_anybody = weighed
    cure = None if decision.allowed else cure_of(caller, demand, decision, is_anybody=is_anybody)
    return {
        "action": demand.action,
        "resource": demand.resource,
        "allowed": decision.allowed,
        "refused": is_refused,
        "why": _why(weighed),
        "policy": decision.policy,
        "statement": decision.sid,
        "cure": cure and {"text": cure.text, "statement": cure.statement},
    }


def _why(weighed: Weighed) -> str:
    decision = weighed.decision
    if not decision.allowed:
        return decision.reason(weighed.demand.action)
    return "the root user may do anything in its account" if decision.policy is None else "a policy allows it"
