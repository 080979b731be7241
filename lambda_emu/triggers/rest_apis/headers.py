"""Which headers of a request a REST API passes on, which mappings may not set, and which answers have other names.

docs/contract/events.md#rest-apis.
"""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.http.message import HOP_BY_HOP, Head
from lambda_emu.triggers.http_event import forwarded
from lambda_emu.triggers.rest_apis.refusals import Misconfigured

Headers = list[tuple[str, str]]
DROPPED = HOP_BY_HOP | {b"content-length", b"content-md5", b"max-forwards", b"server", b"www-authenticate"}
"""Of a request: no integration, template or mapping sees them."""
NOT_PROXIED = ("host", "content-encoding", "via")
"""HTTP_PROXY leaves them out, unless a mapping sets them."""
FORWARDED = {
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}
REMAPPED = (
    *("authorization", "connection", "content-length", "content-md5", "date", "expect", "host", "max-forwards"),
    *("proxy-authenticate", "server", "trailer", "upgrade", "user-agent", "www-authenticate", "x-amzn-requestid"),
)
"""Of an answer: they go by `x-amzn-Remapped-…`, since ours have these names, or requests."""
ILLEGAL = ("content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id")
ILLEGAL_OF_AWS = (*ILLEGAL, "authorization", "connection", "expect", "proxy-authenticate", "te")


def headers_in(head: Head) -> Headers:
    """By their names as they came, with what is said of the way here."""
    names = head.names or [name for name, _ in head.headers]
    found = [
        (told.decode("latin-1"), value.decode("latin-1"))
        for (name, value), told in zip(head.headers, names, strict=True)
        if name not in DROPPED and not name.startswith(b"x-forwarded-")
    ]
    return found + [(FORWARDED[name], value) for name, value in forwarded(head).items()]


def check_mapped(names: Iterable[str], kind: str) -> None:
    """kind: of the integration. Misconfigured: a mapping or a template sets what is not its own."""
    illegal = ILLEGAL_OF_AWS if kind.startswith("AWS") else ILLEGAL
    for name in names:
        if name.lower() in illegal:
            raise Misconfigured(f"A mapping sets the header {name}, which it may not.")


def remapped(headers: Headers) -> Headers:
    return [(f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name, value) for name, value in headers]
