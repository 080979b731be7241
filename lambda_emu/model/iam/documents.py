"""A policy's text, read once into statements that can be asked. What IAM would not have taken says nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec import Struct

from lambda_emu.model.iam.conditions import Test, read_conditions
from lambda_emu.model.iam.patterns import Context, Pattern
from lambda_emu.model.iam.principals import Principals, read_principals
from lambda_emu.text.json_text import DECODER

MOST_BYTES = 64 * 1024
"""Of one policy; IAM's largest has 10,240, a topic's 30,720."""
MOST_KEPT = 512
WITH_VARIABLES = "2012-10-17"
EVERYTHING: tuple[Pattern, ...] = (Pattern("*"),)


class Statement(Struct, frozen=True):
    """principals: None in a policy of an identity. but_actions, but_resources: it is about all others than those."""

    sid: str | None
    allows: bool
    principals: Principals | None
    actions: tuple[Pattern, ...]
    but_actions: bool
    resources: tuple[Pattern, ...]
    but_resources: bool
    conditions: tuple[Test, ...]

    def is_about(self, action: str, resource: str, context: Context) -> bool:
        """action: in lower case."""
        if any(pattern.matches(action, context) for pattern in self.actions) is self.but_actions:
            return False
        return any(pattern.matches(resource, context) for pattern in self.resources) is not self.but_resources

    @property
    def is_open(self) -> bool:
        """Whether it depends on more of a request than caller, action and resource."""
        return bool(self.conditions) or any(pattern.is_open for pattern in self.resources)


@lru_cache(MOST_KEPT)
def read_policy(text: str) -> tuple[Statement, ...]:
    """ValueError: it is no policy."""
    if len(text) > MOST_BYTES:
        raise ValueError(f"a policy of {len(text)} characters")
    try:
        document = DECODER.decode(text)
    except RecursionError:
        raise ValueError("a policy that is nested without end") from None
    if not isinstance(document, dict):
        raise ValueError("a policy that is no JSON object")
    has_variables = document.get("Version") == WITH_VARIABLES
    return tuple(
        _statement(each, has_variables)
        for each in _list(document.get("Statement"))
        if isinstance(each, dict) and each.get("Effect") in ("Allow", "Deny")
    )


def _with_group(text: str) -> tuple[str, ...]:
    """A log group is asked about with a stream that has no name; who names it without one means the same."""
    parts = text.split(":", 7)
    if len(parts) == 7 and parts[2] == "logs" and parts[5] == "log-group":
        return text, f"{text}:log-stream:"
    return (text,)


def _statement(given: dict[str, Any], has_variables: bool) -> Statement:
    principals = None
    if "Principal" in given:
        principals = read_principals(given["Principal"])
    elif "NotPrincipal" in given:
        principals = read_principals(given["NotPrincipal"], is_inverted=True)
    resources = EVERYTHING
    if "Resource" in given or "NotResource" in given:
        texts = [each for text in _texts(given.get("Resource", given.get("NotResource"))) for each in _with_group(text)]
        resources = tuple(Pattern(text, has_variables=has_variables) for text in texts)
    actions = _texts(given.get("Action", given.get("NotAction")))
    condition = given.get("Condition")
    return Statement(
        given["Sid"] if isinstance(given.get("Sid"), str) else None,
        given["Effect"] == "Allow",
        principals,
        tuple(Pattern(text.lower(), has_variables=False) for text in actions),
        "Action" not in given,
        resources,
        "Resource" not in given and "NotResource" in given,
        read_conditions(condition if isinstance(condition, dict) else {}, has_variables=has_variables),
    )


def _texts(value: Any) -> list[str]:
    return [text for text in _list(value) if isinstance(text, str)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
