"""Lists of which a caller takes so many at a time. A token says how many he had."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program.checks.refused import Refused

USUAL = 100
MOST = 1000


def read_page(asked: Mapping[str, Any]) -> tuple[int, int]:
    """How many are wanted, and how many the caller had. Refused."""
    count = asked.get("maxResults") or USUAL
    token = asked.get("nextToken")
    if not isinstance(count, int) or not 0 < count <= MOST:
        text = "Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"
        raise Refused("ValidationException", f"1 validation error detected: {text}")
    if not token:
        return count, 0
    try:
        return count, int(urlsafe_b64decode(token.encode()).decode("ascii").removeprefix("after "))
    except ValueError:
        raise Refused("InvalidToken", "Invalid Token: 'Invalid token'") from None


def page(name: str, found: list[Any], count: int, skipped: int) -> dict[str, Any]:
    """found: one more than is wanted, if there is one."""
    told: dict[str, Any] = {name: found[:count]}
    if len(found) > count:
        told["nextToken"] = urlsafe_b64encode(f"after {skipped + count}".encode()).decode()
    return told
