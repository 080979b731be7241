"""Whether a function may be made of an image in another account's repository.

That takes both: its account, and Lambda for this function, have to be let in by the repository's policy.
https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-xaccount-permissions
"""

from __future__ import annotations

from lambda_emu.access.context import own_context
from lambda_emu.access.guard import Access
from lambda_emu.arn import FunctionId
from lambda_emu.model.caller import Caller, CallerKind, root_of
from lambda_emu.model.iam.evaluation import Held, Question, decide

LAMBDA = "lambda.amazonaws.com"
TAKING = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


async def may_take(access: Access, repository: str, owner: str, function: FunctionId) -> bool:
    """repository: its ARN. owner: whose it is. LambdaError where nobody answers who knows."""
    found = await access.sources.resource(repository)
    account = root_of(function.account, "", function.partition)
    service = Caller(CallerKind.SERVICE, LAMBDA, "", LAMBDA, LAMBDA)
    own = own_context(function.region, owner, access.now_s())
    acting = {
        **own,
        "aws:sourcearn": function.arn(),
        "aws:sourceaccount": function.account,
        "aws:principalisawsservice": "true",
    }
    asked = [
        Question(caller, action, repository, owner, context)
        for caller, context in ((account, own), (service, acting))
        for action in TAKING
    ]
    return all(decide(each, Held(), found.policy).allowed for each in asked)
