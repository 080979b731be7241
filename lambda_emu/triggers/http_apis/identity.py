"""What an authorizer is to look at of a request: `$request.header.Authorization` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from lambda_emu.http.message import Head


class IdentityInput(NamedTuple):
    """Where identity sources look. context: requestContext of the event."""

    head: Head
    query: bytes
    variables: Mapping[str, str]
    context: Mapping[str, Any]


def identity_values(sources: tuple[str, ...], facts: IdentityInput) -> tuple[str, ...] | None:
    """In their order; None: one of them is not there, or empty, or no source at all."""
    found = []
    for source in sources:
        kind, value = next(((kind, source.removeprefix(kind)) for kind in _KINDS if source.startswith(kind)), ("", ""))
        said = _KINDS[kind](facts, value) if kind else None
        if not said:
            return None
        found.append(said)
    return tuple(found)


def _header(facts: IdentityInput, name: str) -> str | None:
    value = facts.head.get(name.lower().encode("latin-1", "replace"))
    return None if value is None else value.decode("latin-1")


def _parameter(facts: IdentityInput, name: str) -> str | None:
    return ",".join(parse_qs(facts.query.decode("latin-1")).get(name, ()))


def _variable(facts: IdentityInput, name: str) -> str | None:
    return facts.variables.get(name)


def _of_context(facts: IdentityInput, name: str) -> str | None:
    found: Any = facts.context
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping) else str(found)


_KINDS: Mapping[str, Callable[[IdentityInput, str], str | None]] = {
    "$request.header.": _header,
    "$request.querystring.": _parameter,
    "$stageVariables.": _variable,
    "$context.": _of_context,
}
