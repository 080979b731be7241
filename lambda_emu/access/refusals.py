"""How each service tells a caller that he may not: code, status, and what of AWS's text it writes its own way.

Codes are those of "Common errors" in each API's reference; texts as users report them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lambda_emu.access.demand import ANY, Demand
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.model.caller import Caller
from lambda_emu.model.iam.evaluation import Decision, Question
from lambda_emu.model.iam.refusals import refusal_text
from lambda_emu.triggers.execute_api.refusals import masked


class Form(NamedTuple):
    code: str = "AccessDeniedException"
    status: int = 400


FORMS: Mapping[str, Form] = {
    "cloudformation": Form("AccessDenied", 403),
    "execute-api": Form(status=403),
    "iam": Form("AccessDenied", 403),
    "lambda": Form(status=403),
    "s3": Form("AccessDenied", 403),
    "scheduler": Form(status=403),
    "sns": Form("AuthorizationError", 403),
    "sqs": Form(status=403),
    "sts": Form("AccessDenied", 403),
}
"""By service; any other is as DynamoDB."""


class NotAuthorized(AccessDenied):
    """decision: why."""

    def __init__(self, service: str, caller: Caller, demand: Demand, decision: Decision) -> None:
        self.code, self.status = FORMS.get(service, Form())
        super().__init__(refusal_of(caller, demand, decision))


def refusal_of(caller: Caller, demand: Demand, decision: Decision) -> str:
    """AWS's text, as the service of the action writes it."""
    action, resource = demand.action, demand.shown or demand.resource
    service = action.partition(":")[0]
    if service == "sqs":
        action = action.lower()
    elif service == "sns":
        action = action.replace("sns:", "SNS:")
    elif service == "execute-api":
        resource = masked(resource)
    elif service == "s3":
        resource = "" if resource == ANY else f'"{resource}"'
    elif service == "sts":  # it does not say why
        return f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource}"
    return refusal_text(Question(caller, action, resource, ""), decision)
