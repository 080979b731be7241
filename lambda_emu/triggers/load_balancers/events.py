"""The event that a request to a load balancer becomes. docs/contract/events.md#load-balancers.

All that a request's head says is put in place once; the next one with the same head adds its trace and its body.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple

from lambda_emu.http.message import HOP_BY_HOP, Head
from lambda_emu.triggers.http_event import forwarded, quoted, to_json

TRACE, FOR = "x-amzn-trace-id", "x-forwarded-for"
MADE_HERE = frozenset((b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"))
NOT_TOLD = HOP_BY_HOP - {b"connection", b"proxy-authenticate", b"proxy-authorization", b"upgrade"}
"""Headers that are of one hop, or were taken in with the body; functions see the others."""
TEXTS = ("application/json", "application/javascript", "application/xml")
"""Media types that are text, beside text/*."""


class EventTemplate(NamedTuple):
    """The event but for its trace and body, which stand between these."""

    to_trace: str
    to_body: str
    is_text: bool

    def event(self, trace: str, body: bytes) -> bytes:
        """As JSON in UTF-8. A body that is no text, by what the head says or by its bytes, is in base64."""
        said, encoded = _body(body, is_text=self.is_text)
        return f'{self.to_trace}{quoted(trace)}{self.to_body}{said},"isBase64Encoded":{encoded}}}'.encode()


def make_template(
    head: Head, path: str, query: str, group_arn: str, forwarded_for: str, *, multi_value: bool
) -> EventTemplate:
    """Of every request with this head to this target group. path, query: as they were sent.

    forwarded_for: append, preserve, remove. multi_value: whether all values of each name are told, else the last one.
    """
    headers = _headers(head, forwarded_for)
    parameters = _parameters(query)
    before = {
        "requestContext": {"elb": {"targetGroupArn": group_arn}},
        "httpMethod": head.method.decode("latin-1"),
        "path": path,
    }
    if multi_value:
        before |= {"multiValueQueryStringParameters": parameters, "multiValueHeaders": headers}
        return EventTemplate(f"{_open(before)}[", ']},"body":', _is_text(head))
    before |= {"queryStringParameters": _last(parameters), "headers": _last(headers)}
    return EventTemplate(_open(before), '},"body":', _is_text(head))


def traced(given: str | None, root: str) -> str:
    """The header as a target sees it. root: `1-<time>-<id>`, new for this request."""
    if not given:
        return f"Root={root}"
    kept = ";".join(part for part in given.split(";") if not part.strip().startswith("Self="))
    return f"Self={root};{kept}"


def _open(before: Mapping[str, object]) -> str:
    """Up to the value of the last header, which is the trace."""
    return f'{to_json(before)[:-2]},"{TRACE}":'


def _headers(head: Head, forwarded_for: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in head.headers:
        if name not in NOT_TOLD and name not in MADE_HERE:
            found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    added = forwarded(head)
    came = [value.decode("latin-1") for name, value in head.headers if name == FOR.encode()]
    if forwarded_for != "append":
        added[FOR] = ", ".join(came) if forwarded_for == "preserve" else ""
    return found | {name: [value] for name, value in added.items() if value}


def _parameters(query: str) -> dict[str, list[str]]:
    """Not decoded."""
    found: dict[str, list[str]] = {}
    for written in query.split("&"):
        if written:
            name, _, value = written.partition("=")
            found.setdefault(name, []).append(value)
    return found


def _last(several: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in several.items()}


def _is_text(head: Head) -> bool:
    if head.get(b"content-encoding") is not None:
        return False
    said = head.get(b"content-type")
    kind = (said or b"").decode("latin-1").partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXTS


def _body(body: bytes, *, is_text: bool) -> tuple[str, str]:
    """As JSON, and whether it is in base64."""
    if not body:
        return '""', "false"
    if is_text:
        try:
            return to_json(body.decode()), "false"
        except UnicodeDecodeError:
            pass  # not in the encoding that JSON has
    return f'"{b64encode(body).decode()}"', "true"
