"""Roles as AWS SAM gives them to functions: nothing of them can be refused, so IAM need not be asked at once."""

from __future__ import annotations

import re
from typing import Any

from lambda_emu.api.context import permit_all
from lambda_emu.model.credentials import new_role_id
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.templates.kinds.kind import Made, ResourceRequest, as_text, tags

NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
TAG = re.compile(r"(?!aws:)[A-Za-z0-9_.:/=+@-]{1,128}")
MOST_TAGS = 50
SAID = frozenset(("AssumeRolePolicyDocument", "ManagedPolicyArns", "RoleName", "Tags"))
TRUST: Any = {
    "Version": "2012-10-17",
    "Statement": [
        {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}}
    ],
}
"""As aws-sam-translator writes it."""
POLICIES = frozenset(
    f"arn:aws:iam::aws:policy/{name}"
    for name in (
        *("service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole"),
        *("service-role/AWSLambdaSQSQueueExecutionRole", "service-role/AWSLambdaDynamoDBExecutionRole"),
        *("service-role/AWSLambdaKinesisExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"),
    )
)
"""Of AWS's own, those that it gives."""


def keep_plain(asked: ResourceRequest, name: str) -> Made | None:
    """None: IAM is to be asked."""
    context, arns, pairs = asked.reach.context, asked.get("ManagedPolicyArns") or [], tags(asked)
    is_plain = (
        context.permit is permit_all  # else IAM says whether who deploys may
        and NAME.fullmatch(name) is not None
        and asked.properties.keys() <= SAID
        and asked.get("AssumeRolePolicyDocument") == TRUST
        and isinstance(arns, list)
        and all(arn in POLICIES for arn in arns)
        and len({tag["Key"].lower() for tag in pairs}) == len(pairs) <= MOST_TAGS
        and all(TAG.fullmatch(text) for tag in pairs for text in tag.values())
        and not context.scope.region.startswith(("cn-", "us-gov-", "us-iso"))
    )
    if not is_plain:
        return None
    account = context.scope.account
    id = new_role_id(context.clock.new_token())
    by = [(tag["Key"], tag["Value"]) for tag in pairs]
    role = LateRole(name, id, as_text(asked.get("AssumeRolePolicyDocument")), arns, by, context.clock.now_s())
    if not context.keep_role(context.scope, role):
        return None
    return asked.begin(Made(name, {"Arn": f"arn:aws:iam::{account}:role/{name}", "RoleId": id}))
