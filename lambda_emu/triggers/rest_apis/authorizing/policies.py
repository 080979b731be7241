"""What functions that authorize answer, and whether their policies allow a method. No I/O.

docs/contract/events.md#authorizers-of-rest-apis.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.json import decode

from lambda_emu.model.iam.conditions import all_hold
from lambda_emu.model.iam.documents import Statement, read_policy
from lambda_emu.triggers.rest_apis.refusals import AuthorizerMisconfigured, CallerRefused

ACTION = "execute-api:invoke"
DENIED = "User is not authorized to access this resource with an explicit deny"
MOST_BYTES = 128 * 1024
"""Of an answer; AWS's own limit is not recorded (?)."""


class AuthorizerAnswer(NamedTuple):
    """context: texts alone, as integrations have them. usage_key: an API key, where these come from authorizers."""

    statements: tuple[Statement, ...]
    context: Mapping[str, str]
    usage_key: str | None


def read_answer(payload: bytes) -> AuthorizerAnswer:
    """AuthorizerMisconfigured: it is none."""
    if len(payload) > MOST_BYTES:
        raise AuthorizerMisconfigured("The authorizer's answer is too large.")
    try:
        said = decode(payload)
    except (ValueError, RecursionError) as error:
        raise AuthorizerMisconfigured("The authorizer's answer is not JSON.") from error
    document = said.get("policyDocument") if isinstance(said, dict) else None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise AuthorizerMisconfigured("The authorizer's answer has no policyDocument with a Statement.")
    try:
        statements = read_policy(json.dumps(document))
    except ValueError as error:
        raise AuthorizerMisconfigured(f"The authorizer's policyDocument cannot be read: {error}.") from error
    key, principal = said.get("usageIdentifierKey"), said.get("principalId")
    context = {**_context(said.get("context")), **({} if principal is None else {"principalId": str(principal)})}
    return AuthorizerAnswer(statements, context, None if key is None else str(key))


def check(said: AuthorizerAnswer, arn: str, source_ip: str) -> None:
    """CallerRefused. A condition that asks for what nobody told: an Allow with it allows nothing, a Deny denies."""
    context = {"aws:sourceip": source_ip}
    allowed = False
    for statement in said.statements:
        if not statement.is_about(ACTION, arn, context):
            continue
        holds = all_hold(statement.conditions, context)
        if not statement.allows and holds is not False:
            raise CallerRefused(f"The authorizer's policy denies {arn}.", DENIED)
        allowed = allowed or (statement.allows and holds is True)
    if not allowed:
        raise CallerRefused(f"The authorizer's policy does not allow execute-api:Invoke on {arn}.")


def _context(told: Any) -> Mapping[str, str]:
    """AuthorizerMisconfigured: a member is no scalar."""
    if not isinstance(told, dict | None):
        raise AuthorizerMisconfigured("The authorizer's context is no object.")
    found = {}
    for name, value in (told or {}).items():
        if isinstance(value, dict | list):
            raise AuthorizerMisconfigured(f"The authorizer's context has {name}, which is no text, number or boolean.")
        if value is not None:
            found[name] = value if isinstance(value, str) else json.dumps(value)
    return found
