"""Which keys a route of an HTTP API may have: `GET /items/{id}`, `$default`. docs/contract/events.md#http-apis."""

from __future__ import annotations

import re

DEFAULT_KEY = "$default"
METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
MOST_CHARACTERS = 1000

_PART = re.compile(r"\{[\w.:-]+\+?\}|[\w.:-]+", re.ASCII)
_VARIABLE = re.compile(r"\{[^{}]*\}")


def route_key_problem(key: object) -> str | None:
    """Why API Gateway refuses it, in its words; None: it is one. (?): not recorded.

    Of each part of the path it says by which expression it is looked at; an empty one, so a slash at the end, is none.
    """
    if key == DEFAULT_KEY:
        return None
    method, _, path = key.partition(" ") if isinstance(key, str) and len(key) <= MOST_CHARACTERS else ("", "", "")
    if method not in METHODS or not path.startswith("/"):
        return (
            "The provided route key is not formatted properly for HTTP protocol. Format should be "
            '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
        )
    parts = path[1:].split("/") if path != "/" else []
    if not all(_PART.fullmatch(part) for part in parts):
        return (
            "One or more path parts appear to be invalid. Parts are validated against this regular expression: "
            r"^(\{[\w.:-]+\+?\}|[a-zA-Z0-9.:_-]+)$"
        )
    if any(part.endswith("+}") for part in parts[:-1]):
        return "A greedy path variable must be the last part of the path"  # (?)
    return None


def same_requests(key: str) -> str:
    """Equal of two keys whose routes are for the same requests, whatever their variables are called."""
    return _VARIABLE.sub(lambda variable: "{+}" if variable[0].endswith("+}") else "{}", key)
