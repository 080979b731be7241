"""What a resource policy says to a service, or to a caller of another account. docs/contract/api.md#policies.

Callers have an account here, and no user or role: a principal stands for its whole account. Of a condition we may know
that it holds, that it does not, or neither, where it asks for what nobody told or by an operator that does not exist:
then an Allow allows nothing, and a Deny denies.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from lambda_emu.model.policies.document import names
from lambda_emu.model.policies.policy import Policy
from lambda_emu.model.policies.principals import EVERYBODY, is_service

NOTHING_TOLD: Mapping[str, str] = {}


def allows(policy: Policy, principal: str, action: str, arn: str, context: Mapping[str, str] = NOTHING_TOLD) -> bool:
    """Whether it may do it to what has this ARN. A Deny goes before every Allow.

    principal: an account, or a service by its name. context: what conditions may ask for, by key: aws:SourceArn …
    """
    told = {key.lower(): value for key, value in context.items()}
    allowed = False
    for statement in policy.statements:
        if not _about(statement, principal, action, arn):
            continue
        holds = _holds(statement.get("Condition", {}), told)
        if statement["Effect"] == "Deny" and holds is not False:
            return False
        allowed = allowed or (statement["Effect"] == "Allow" and holds is True)
    return allowed


def _about(statement: Mapping[str, Any], principal: str, action: str, arn: str) -> bool:
    return (
        _either(statement, "Principal", lambda value: _is_principal(value, principal))
        and _either(statement, "Action", lambda value: _has(value, lambda text: _matches(text, action)))
        and _either(statement, "Resource", lambda value: _has(value, lambda text: names(text, arn)))
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], told: Mapping[str, str]) -> bool | None:
    """None: that is not known."""
    if not condition:
        return True
    from lambda_emu.model.iam.conditions import all_hold, read_conditions  # here: most policies have none

    return all_hold(read_conditions(condition, has_variables=True), told, is_whole=False)


def _either(statement: Mapping[str, Any], member: str, holds: Any) -> bool:
    """A statement has the member, or its opposite."""
    if member in statement:
        return bool(holds(statement[member]))
    return not holds(statement[f"Not{member}"])


def _is_principal(value: Any, principal: str) -> bool:
    if value == EVERYBODY:
        return True
    if is_service(principal):
        return _has(value.get("Service", []), lambda text: text == principal)
    return _has(value.get("AWS", []), lambda text: text == EVERYBODY or principal in text.split(":"))


def _matches(pattern: str, action: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


def _has(value: Any, holds: Any) -> bool:
    return any(holds(text) for text in (value if isinstance(value, list) else [value]))
