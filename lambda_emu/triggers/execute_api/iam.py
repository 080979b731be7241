"""How IAM's policies name what is done to APIs, and AWS's words for who may not. docs/security.md#iam."""

from __future__ import annotations

import re

SIGNED_FOR = "execute-api"
INVOKE_API, MANAGE_CONNECTIONS = "execute-api:Invoke", "execute-api:ManageConnections"

_ACCOUNT_BEGIN = re.compile(r"(?<=:)[0-9]{8}(?=[0-9]{4}:)")


def refusal_text(who: str, action: str, arn: str) -> str:
    return f"User: {who} is not authorized to perform: {action} on resource: {masked(arn)}"


def masked(arn: str) -> str:
    """AWS does not tell strangers the first digits of an account."""
    return _ACCOUNT_BEGIN.sub("*" * 8, arn, count=1)
