"""Policies of stacks as requests give them, in the request or in S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import Invalid
from lambda_emu.model.stack_policy import InvalidPolicy, Policy, read_policy
from lambda_emu.model.stacks import StackRecord
from lambda_emu.templates.object_urls import CannotFetch, fetch

MOST_BYTES = 16_384


def policy_text(members: Mapping[str, Any], context: RequestContext, of: str = "StackPolicy") -> str | None:
    """One that can be read. of: `StackPolicy` or `StackPolicyDuringUpdate`. None: the request has none. Invalid."""
    body, url = members.get(f"{of}Body"), members.get(f"{of}URL")
    if body is not None and url is not None:
        raise Invalid("You cannot specify both StackPolicyURL and StackPolicyBody")  # (?)
    if body is None and url is None:
        return None
    text = str(body) if body is not None else _fetched(str(url), context)
    if len(text.encode()) > MOST_BYTES:
        raise Invalid(f"Stack policy must be at most {MOST_BYTES} bytes")  # (?)
    _read(text)
    return text


def policy_of(record: StackRecord, members: Mapping[str, Any], context: RequestContext) -> Policy | None:
    """What an update of it may do: by what the request says for itself alone, else by the stack's own. Invalid."""
    text = policy_text(members, context, "StackPolicyDuringUpdate") or record.policy
    return None if text is None else _read(text)


def _read(text: str) -> Policy:
    try:
        return read_policy(text)
    except InvalidPolicy as error:
        raise Invalid(f"Error validating stack policy: {error}") from None


def _fetched(url: str, context: RequestContext) -> str:
    try:
        return fetch(url, context).decode(errors="replace")
    except CannotFetch as error:
        raise Invalid(str(error)) from None
