"""What a request is about, as policies name it: a stack, all of them, or nothing that has an ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import NoSuchChangeSet
from lambda_emu.cloudformation.records import find_change_set, look

NOTHING = "*"
ABOUT_NOTHING = (
    "DescribeAccountLimits",
    "DescribeStackDriftDetectionStatus",
    "ListExports",
    "ListImports",
    "ValidateTemplate",
)


def about(operation: str, members: Mapping[str, Any], context: RequestContext) -> str:
    """An ARN, or `*`. Of a change set its stack; of a stack that is not there, `stack/NAME/*`."""
    if operation in ABOUT_NOTHING:
        return NOTHING
    name = _of_change_set(members, context) or members.get("StackName")
    if not name:
        is_of_text = operation == "GetTemplateSummary"
        return NOTHING if is_of_text else context.scope.arn("stack/*/*", "cloudformation")
    record = look(context, name)
    if record is not None:
        return record.id
    return str(name) if name.startswith("arn:") else context.scope.arn(f"stack/{name}/*", "cloudformation")


def _of_change_set(members: Mapping[str, Any], context: RequestContext) -> str | None:
    """The id of the stack of one that is there: its ARN leads to it, whatever stack is named beside it."""
    name = members.get("ChangeSetName")
    if not name:
        return None
    try:
        return find_change_set(context, name, members.get("StackName")).wanted.id
    except NoSuchChangeSet:
        return None if members.get("StackName") else str(name)
