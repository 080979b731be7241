"""AWS's words for what a caller may not do, as far as all services share them."""

from __future__ import annotations

from lambda_emu.model.iam.evaluation import Decision, Question


def refusal_text(asked: Question, decision: Decision) -> str:
    """`User: … is not authorized to perform: … on resource: … because no identity-based policy allows the … action`.

    Without the resource where none is named.
    """
    resource = f" on resource: {asked.resource}" if asked.resource else ""
    return (
        f"User: {asked.caller.arn or 'anonymous'} is not authorized to perform: {asked.action}{resource} "
        f"{decision.reason(asked.action)}"
    )
