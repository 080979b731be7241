"""What a resource policy says to a caller of another account. Contract: api.md 1.8.

Callers have an account here, and no user or role: a principal stands for its whole account. No caller has what a
condition asks for: an Allow with one allows nothing, a Deny with one denies.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from lambda_emu.model.policies.document import names
from lambda_emu.model.policies.policy import Policy
from lambda_emu.model.policies.principals import EVERYBODY


def allows(policy: Policy, account: str, action: str, arn: str) -> bool:
    """Whether this account may do it to what has this ARN. A Deny goes before every Allow."""
    about = [statement for statement in policy.statements if _about(statement, account, action, arn)]
    denied = any(statement["Effect"] == "Deny" for statement in about)
    return not denied and any("Condition" not in statement for statement in about)


def _about(statement: Mapping[str, Any], account: str, action: str, arn: str) -> bool:
    return (
        _either(statement, "Principal", lambda value: _is_principal(value, account))
        and _either(statement, "Action", lambda value: _has(value, lambda text: _matches(text, action)))
        and _either(statement, "Resource", lambda value: _has(value, lambda text: names(text, arn)))
    )


def _either(statement: Mapping[str, Any], member: str, holds: Any) -> bool:
    """A statement has the member, or its opposite."""
    if member in statement:
        return bool(holds(statement[member]))
    return not holds(statement[f"Not{member}"])


def _is_principal(value: Any, account: str) -> bool:
    if value == EVERYBODY:
        return True
    return _has(value.get("AWS", []), lambda text: text == EVERYBODY or account in text.split(":"))


def _matches(pattern: str, action: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower())


def _has(value: Any, holds: Any) -> bool:
    return any(holds(text) for text in (value if isinstance(value, list) else [value]))
