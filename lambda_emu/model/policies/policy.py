"""A resource policy: who may invoke a function, or use a layer version. docs/contract/api.md#policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.errors.resources import RevisionMismatch
from lambda_emu.model.policies.refusals import NoPolicy, PolicyTooLong, StatementExists, StatementNotFound
from lambda_emu.model.policies.statements import Statement
from lambda_emu.model.quotas import POLICY_BYTES


class Policy(Struct, frozen=True):
    """document: the JSON as it is shown. revision_id: its own, not that of what it guards."""

    revision_id: str
    document: str

    @property
    def statements(self) -> Sequence[Statement]:
        """In the order of their addition; parsed anew at each call."""
        return _statements(json.loads(self.document))


def check_revision(given: str | None, latest: str | None, operation: str) -> None:
    """Raises RevisionMismatch, which names the operation that shows the latest one. given None: none was asked for."""
    if given is not None and given != latest:
        raise RevisionMismatch(operation)


def check_new(policy: Policy | None, statement_id: str) -> None:
    """Raises StatementExists."""
    if policy is not None and statement_id in _sids(policy.statements):
        raise StatementExists(statement_id)


def add_statement(policy: Policy | None, statement: Statement, revision_id: str) -> Policy:
    """The policy with one more statement at its end. Raises PolicyTooLong."""
    document = {"Version": "2012-10-17", "Id": "default"} if policy is None else json.loads(policy.document)
    return _made(document, [*_statements(document), statement], revision_id)


def remove_statement(policy: Policy | None, statement_id: str, revision_id: str) -> Policy | None:
    """The policy without this statement; None when no other is left. Raises NoPolicy, StatementNotFound."""
    if policy is None:
        raise NoPolicy
    document = json.loads(policy.document)
    statements = _statements(document)
    if statement_id not in _sids(statements):
        raise StatementNotFound(statement_id)
    left = [statement for statement in statements if statement.get("Sid") != statement_id]
    return _made(document, left, revision_id) if left else None


def new_policy(document: str, revision_id: str) -> Policy:
    """A policy of exactly this text, which was checked (policy_document.py). Raises PolicyTooLong."""
    size_bytes = len(document.encode())
    if size_bytes > POLICY_BYTES:
        raise PolicyTooLong(size_bytes, POLICY_BYTES)
    return Policy(revision_id, document)


def compact(value: Any) -> str:
    """JSON as AWS writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _made(document: dict[str, Any], statements: Sequence[Statement], revision_id: str) -> Policy:
    return new_policy(compact(document | {"Statement": statements}), revision_id)


def _statements(document: dict[str, Any]) -> list[Statement]:
    """A document may have a single one outside of a list."""
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _sids(statements: Sequence[Statement]) -> set[str | None]:
    return {statement.get("Sid") for statement in statements}
