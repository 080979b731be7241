"""Whether a role trusts the service that is to act as it. Of one that nobody made here nothing is known.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from lambda_emu.access.context import own_context
from lambda_emu.access.sources import Resource
from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.evaluation import ASSUME_ROLE, Held, Question, decide
from lambda_emu.notices import Notices

NOTHING = Held()


class Said(NamedTuple):
    """How a service says that it cannot become a role. text: with the role's ARN in it."""

    code: str
    text: str


SAID: Mapping[str, Said] = {
    "cloudformation.amazonaws.com": Said("ValidationError", "Role {role} is invalid or cannot be assumed"),
    "events.amazonaws.com": Said(
        "ValidationException", "Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."
    ),
    "firehose.amazonaws.com": Said(
        "InvalidArgumentException", "Firehose is unable to assume role {role}. Please check the role provided."
    ),
    "lambda.amazonaws.com": Said(
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    ),
    "logs.amazonaws.com": Said(
        "ValidationException", "Make sure you have given CloudWatch Logs permission to assume the provided role."
    ),
    "scheduler.amazonaws.com": Said(
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    "states.amazonaws.com": Said(
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
}
"""By service; as users report it."""


class NotAssumable(LambdaError):
    """A role whose trust policy does not name the service that it is given to. code: as each service has it."""

    code, status, kind = "InvalidParameterValueException", 400, "User"

    def __init__(self, service: str, role: str) -> None:
        self.code = SAID[service].code
        super().__init__(distrust_text(service, role))


def distrust_text(service: str, role: str) -> str:
    return SAID[service].text.format(role=role)


def trusts(role: Resource, arn: str, service: str, source: str, scope: Scope, now_s: float) -> bool:
    """role: with its trust policy. source: the ARN of what the service is to act for; scope: whose that is."""
    if role.owner is None or service not in SAID:
        return True
    name = service.partition(".")[0]
    context = {
        **own_context(scope.region, role.owner, now_s),
        "aws:sourcearn": _source(source),
        "aws:sourceaccount": scope.account,
        "aws:principalisawsservice": "true",
        "sts:externalid": scope.account,  # which Firehose says
    }
    principals = (service, f"{name}.{scope.region}.amazonaws.com")
    callers = [Caller(CallerKind.SERVICE, each, "", each, each) for each in principals]
    asked = [Question(each, ASSUME_ROLE, arn, role.owner, context) for each in callers]
    return any(decide(each, NOTHING, role.policy).allowed for each in asked)


def tell_distrust(notices: Notices, service: str, arn: str, *, is_refused: bool) -> None:
    """Once, with what to add."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ASSUME_ROLE}
    who = service if is_refused else f"on AWS {service}"
    notices.tell(
        f"{who} may not act as {arn}, whose trust policy does not name it: add there {json.dumps(statement)}",
        about=f"{service} {arn}",
    )


def _source(arn: str) -> str:
    """Scheduler says the group of a schedule."""
    begin, is_schedule, name = arn.partition(":schedule/")
    return f"{begin}:schedule-group/{name.partition('/')[0]}" if is_schedule else arn
