"""What an integration of an HTTP API changes of requests and answers. docs/contract/events.md#http-apis."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

HEADER, QUERY, PATH, STATUS = "header", "querystring", "path", "statuscode"
RESERVED = frozenset(
    (
        *("authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded"),
        *("keep-alive", "origin", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding"),
        *("upgrade", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    )
)
RESERVED_BEGINNINGS = ("access-control-", "apigw-", "x-amz-", "x-amzn-")
MOST_PARAMETERS = 300
SOURCES = ("header", "querystring", "path", "body")
"""What of a request may be said again; of an answer, the first and the last."""

_NAMED = re.compile(r"(append|overwrite|remove):(header|querystring)\.([!#$&'*+.^_`|~\w%-]{1,256})", re.ASCII)
_EXPRESSION = re.compile(r"\$\{([^{}]*)\}")
_STATUS = re.compile(r"[1-5]\d\d")

Find = Callable[[str], str | None]
"""What an expression such as `request.header.x` stands for; None: nothing."""


class Change(NamedTuple):
    """action: append, overwrite, remove. place: HEADER, QUERY, PATH, STATUS. value: as it was told."""

    action: str
    place: str
    name: str
    value: str

    def text(self, find: Find) -> str | None:
        """None: it stands for nothing, and nothing is changed (?)."""
        if self.value.startswith("$") and not self.value.startswith("${"):
            return find(self.value[1:])
        return _EXPRESSION.sub(lambda found: find(found[1].strip()) or "", self.value)


def changes_of(told: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Those that are some, in their order."""
    return tuple(change for key, value in (told or {}).items() if (change := _change(key, str(value))) is not None)


def parameters_problem(told: object, *, is_answer: bool) -> str | None:
    """Why API Gateway refuses them; None: it does not. The texts are not recorded, but for that of headers."""
    if not isinstance(told, Mapping) or len(told) > MOST_PARAMETERS:
        return f"Parameters must be a map of at most {MOST_PARAMETERS} keys and texts"
    places = (HEADER, STATUS) if is_answer else (HEADER, QUERY, PATH)
    for key, value in told.items():
        change = _change(str(key), value) if isinstance(value, str) else None
        if change is None or change.place not in places:
            return f"Invalid parameter mapping: {key}"
        name = change.name.lower()
        if change.place == HEADER and (name in RESERVED or name.startswith(RESERVED_BEGINNINGS)):
            return f"Operations on header {change.name} are restricted"
        for expression in _expressions(change.value):
            if not _is_source(expression, is_answer=is_answer):
                return f"Invalid mapping expression specified: ${expression}"
        if change.place == STATUS and not change.value.startswith("$") and not _STATUS.fullmatch(change.value):
            return f"Invalid status code: {change.value}"
    return None


def _change(key: str, value: str) -> Change | None:
    if key in ("overwrite:path", "overwrite:statuscode"):
        return Change("overwrite", key.partition(":")[2], "", value)
    found = _NAMED.fullmatch(key)
    return None if found is None else Change(found[1], found[2], found[3], value)


def _expressions(value: str) -> list[str]:
    if value.startswith("$") and not value.startswith("${"):
        return [value[1:]]
    return _EXPRESSION.findall(value)


def _is_source(expression: str, *, is_answer: bool) -> bool:
    first, _, rest = expression.strip().partition(".")
    if first in ("context", "stageVariables"):
        return bool(rest)
    kind, _, name = rest.partition(".")
    if first != ("response" if is_answer else "request") or kind not in SOURCES:
        return False
    return bool(name) or kind == "body" or (kind == "path" and not is_answer)
