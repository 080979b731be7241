"""A stack's policy: which of its resources an update may change, replace or delete. Data and rules; no I/O.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html. Texts with (?) are not
recorded from AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = (MODIFY, REPLACE, DELETE)
NOT_ALLOWED = "Action not allowed by stack policy"
DENIED = "Action denied by stack policy: Statement [#{}] does not allow [{}] for resource [{}];"
MEMBERS = frozenset(("Action", "Condition", "Effect", "NotAction", "NotResource", "Principal", "Resource", "Sid"))
Policy = Sequence[Mapping[str, Any]]
"""Statements."""


class InvalidPolicy(ValueError):
    """The text says why."""


def _is(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


CONDITIONS: Mapping[str, Callable[[str, str], bool]] = {"StringEquals": str.__eq__, "StringLike": _is}


def read_policy(text: str) -> Policy:
    """Its statements. InvalidPolicy."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidPolicy("Invalid stack policy") from None
    statements = said.get("Statement") if isinstance(said, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list):
        raise InvalidPolicy("Invalid stack policy")
    for one in statements:
        for wrong in _wrong(one):
            raise InvalidPolicy(wrong)
    return statements


def _wrong(statement: Any) -> Iterator[str]:
    """(?)"""
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        yield "Invalid stack policy"
        return
    if unknown := sorted(statement.keys() - MEMBERS):
        yield f"Unknown statement element [{unknown[0]}]"
    if statement.get("Principal") != "*":
        yield "Principal must be '*'"
    if ("Action" in statement) == ("NotAction" in statement):
        yield "A statement must have Action or NotAction"
    if ("Resource" in statement) == ("NotResource" in statement) and "Condition" not in statement:
        yield "A statement must have Resource or NotResource"
    for action in (*_texts(statement.get("Action")), *_texts(statement.get("NotAction"))):
        if not any(_is(one, action) for one in ACTIONS):
            yield f"Unknown action [{action}]"
    condition = statement.get("Condition") or {}
    if not isinstance(condition, dict) or any(
        name not in CONDITIONS or not isinstance(keys, dict) or keys.keys() != {"ResourceType"}
        for name, keys in condition.items()
    ):
        yield "Condition must be StringEquals or StringLike of ResourceType"


def denial(policy: Policy, action: str, logical_id: str, kind: str) -> str | None:
    """What an event says of what must not be done; None: it may be."""
    resource, is_allowed = f"LogicalResourceId/{logical_id}", False
    for number, one in enumerate(policy):
        if not _holds(one, action, resource, kind):
            continue
        if one["Effect"] == "Deny":
            said = next((text for text in _texts(one.get("Action")) if _is(action, text)), action)
            return DENIED.format(number, said, resource)
        is_allowed = True
    return None if is_allowed else NOT_ALLOWED


def _holds(statement: Mapping[str, Any], action: str, resource: str, kind: str) -> bool:
    """One without a resource is of all (?)."""
    named = _named(statement, "Action", action) and _named(statement, "Resource", resource)
    return named and all(_is_met(name, keys, kind) for name, keys in (statement.get("Condition") or {}).items())


def _is_met(name: str, keys: Mapping[str, Any], kind: str) -> bool:
    return any(CONDITIONS[name](kind, pattern) for pattern in _texts(keys["ResourceType"]))


def _named(statement: Mapping[str, Any], member: str, text: str) -> bool:
    if f"Not{member}" in statement:
        return not any(_is(text, pattern) for pattern in _texts(statement[f"Not{member}"]))
    return member not in statement or any(_is(text, pattern) for pattern in _texts(statement[member]))


def _texts(said: Any) -> Sequence[str]:
    return [str(one) for one in said] if isinstance(said, list) else [] if said is None else [str(said)]
