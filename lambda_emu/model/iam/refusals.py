"""AWS's words for what a caller may not do, as far as all services share them."""

from __future__ import annotations

from lambda_emu.model.iam.evaluation import Asked, Decision


def refusal_text(asked: Asked, decision: Decision) -> str:
    """`User: … is not authorized to perform: … on resource: … because no identity-based policy allows the … action`."""
    return (
        f"User: {asked.caller.arn or 'anonymous'} is not authorized to perform: {asked.action} "
        f"on resource: {asked.resource} {decision.reason(asked.action)}"
    )
