"""What the resources of a stack are called where the template does not say."""

from __future__ import annotations

import hashlib

from lambda_emu.arn import Scope
from lambda_emu.templates.deploying.happened import STACK
from lambda_emu.templates.kinds.functions import FUNCTION

LIMITS = {
    "AWS::Events::Rule": 64,
    "AWS::IAM::Role": 64,
    FUNCTION: 64,
    STACK: 128,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 75,
    "AWS::Scheduler::Schedule": 64,
    "AWS::StepFunctions::StateMachine": 80,
}
"""Most characters."""
USUAL_LIMIT = 100
HASH_CHARACTERS = 12


def physical_name(
    kind: str, logical_id: str, stack: str, scope: Scope, *, is_served: bool = True, instead_of: str = "", id: str = ""
) -> str:
    """The same at each start. A function of a template that is served has its logical id, as under `sam local`.

    Others are called as on AWS. instead_of: the name of another one that is still there. id: whose name is another one
    each time, as CloudFormation's are: what an earlier one of that name left is no part of it.
    """
    if kind == FUNCTION and is_served and not instead_of:
        return logical_id[:64]
    said = "/".join((scope.account, scope.region, stack, logical_id, *filter(None, (instead_of, id))))
    end = f"-{hashlib.sha256(said.encode()).hexdigest()[:HASH_CHARACTERS]}"
    name = f"{stack}-{logical_id}"[: LIMITS.get(kind, USUAL_LIMIT) - len(end)] + end
    return name.lower() if kind in ("AWS::ECR::Repository", "AWS::S3::Bucket") else name
