"""What the CORS configuration of a URL or an API lets pages of others do. docs/contract/events.md#function-urls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.http.message import Head

Cors = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]
ANY = "*"
SANDBOX = ("Content-Security-Policy", "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts")
"""Said by path forms, where a page of a function would have the origin of the Lambda API."""
OF_ANY = "://*"
"""Ends what an API says that lets in every site of a scheme."""


def for_page(cors: Cors | None, head: Head) -> Headers:
    """What an answer says to the page that asked; nothing to one whose origin is not in the configuration."""
    origin = head.get(b"origin")
    if cors is None or origin is None:
        return ()
    allowed = _allowed_origin(cors, origin.decode("latin-1"))
    if allowed is None:
        return (("Vary", "Origin"),)
    found = [("Access-Control-Allow-Origin", allowed)]
    if allowed != ANY:
        found.append(("Vary", "Origin"))
    if cors.get("AllowCredentials"):
        found.append(("Access-Control-Allow-Credentials", "true"))
    if exposed := cors.get("ExposeHeaders"):
        found.append(("Access-Control-Expose-Headers", ",".join(exposed)))
    return tuple(found)


def is_preflight(head: Head) -> bool:
    """Whether a browser asks if its page may ask."""
    return head.method == b"OPTIONS" and None not in (head.get(b"origin"), head.get(b"access-control-request-method"))


def preflight(cors: Cors, head: Head) -> Headers:
    """What a browser is told, beside what every answer says, that asks whether its page may ask."""
    origin = head.get(b"origin")
    if origin is None or _allowed_origin(cors, origin.decode("latin-1")) is None:
        return ()
    found = []
    if methods := cors.get("AllowMethods"):
        found.append(("Access-Control-Allow-Methods", ",".join(methods)))
    if headers := cors.get("AllowHeaders"):
        found.append(("Access-Control-Allow-Headers", ",".join(headers)))
    found.append(("Access-Control-Max-Age", str(cors.get("MaxAge") or 0)))
    if head.get(b"access-control-request-private-network") == b"true":
        found.append(("Access-Control-Allow-Private-Network", "true"))
    return tuple(found)


def _allowed_origin(cors: Cors, origin: str) -> str | None:
    """As the answer names it: a page that may bring its credentials is named itself."""
    origins = [one.lower() for one in cors.get("AllowOrigins") or ()]
    if ANY in origins:
        return origin if cors.get("AllowCredentials") else ANY
    if any(one.endswith(OF_ANY) and origin.lower().startswith(one[:-1]) for one in origins):
        return origin
    return origin if origin.lower() in origins else None
