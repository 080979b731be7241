"""The event of payload format 1.0 that a request to an HTTP API becomes. docs/contract/events.md#http-apis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.http.message import HOP_BY_HOP, Head
from lambda_emu.triggers.http_event import (
    MADE_HERE,
    Door,
    body_of,
    forwarded,
    is_text,
    parameters_of,
    quoted,
    source_of,
    to_json,
)

TITLED = ("content-length", "content-type", "host", "user-agent", *(name.decode() for name in MADE_HERE))
"""Headers whose names this format writes with capitals; the others are in lower case."""
IDENTITY = (
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn"),
)


class EventTemplate(NamedTuple):
    """The event but for its trace, id, time and body, which stand between these, the trace twice and the id twice."""

    to_trace: str
    to_traces: str
    to_extended_id: str
    to_id: str
    after_id: str
    after_time: str
    is_text: bool

    def event(self, trace: str, request_id: str, time: str, epoch_ms: int, body: bytes) -> bytes:
        """As JSON in UTF-8. A body that is no text, by what the head says or by its bytes, is in base64."""
        said, encoded = body_of(body, self.is_text)
        traced = quoted(trace)
        text = (
            f"{self.to_trace}{traced}{self.to_traces}{traced}{self.to_extended_id}{request_id}{self.to_id}{request_id}"
            f'{self.after_id}{time}","requestTimeEpoch":{epoch_ms}{self.after_time}'
            f'{"null" if said is None else said},"isBase64Encoded":{encoded}}}'
        )
        return text.encode()


def make_template(head: Head, query: bytes, door: Door) -> EventTemplate:
    """Of every request with this head through this door."""
    path, method = door.path, head.method.decode("latin-1")
    resource = door.route_key.partition(" ")[2] or door.route_key
    headers = _headers(head)
    parameters = parameters_of(query.decode("latin-1"))
    before = {
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in headers.items()},
    }
    told = {
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
    }
    context = {"accountId": door.account, "apiId": door.prefix, **_authorizer(door.authorizer)}
    context |= {"domainName": door.domain, "domainPrefix": door.prefix}
    between = {"httpMethod": method, "identity": _identity(head, door.authorizer), "path": path}
    between["protocol"] = f"HTTP/{head.version}"
    after = {"resourceId": None, "resourcePath": resource, "stage": door.stage}
    last = {"pathParameters": door.parameters or None, "stageVariables": door.variables or None}
    return EventTemplate(
        f'{to_json(before)[:-2]},"X-Amzn-Trace-Id":',
        f'}},"multiValueHeaders":{to_json(headers)[:-1]},"X-Amzn-Trace-Id":[',
        f']}},{to_json(told)[1:-1]},"requestContext":{to_json(context)[:-1]},"extendedRequestId":"',
        f'",{to_json(between)[1:-1]},"requestId":"',
        '","requestTime":"',
        f',{to_json(after)[1:-1]}}},{to_json(last)[1:-1]},"body":',
        is_text(head),
    )


def _headers(head: Head) -> dict[str, list[str]]:
    """All values of each, but for the trace. Cookies stay among them."""
    found: dict[str, list[str]] = {}
    for name, value in head.headers:
        if name not in HOP_BY_HOP and name not in MADE_HERE:
            found.setdefault(_titled(name.decode("latin-1")), []).append(value.decode("latin-1"))
    return found | {_titled(name): [value] for name, value in forwarded(head).items()}


def _titled(name: str) -> str:
    return name.title() if name in TITLED else name


def _authorizer(authorizer: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Claims and scopes of a token, or what a Lambda authorizer said; who signed is in `identity`."""
    if authorizer is None or "iam" in authorizer:
        return {}
    return {"authorizer": authorizer.get("jwt") or authorizer.get("lambda") or {}}


def _identity(head: Head, authorizer: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found: dict[str, Any] = dict.fromkeys(IDENTITY)
    found |= {"sourceIp": source_of(head), "userAgent": (head.get(b"user-agent") or b"").decode("latin-1")}
    iam = (authorizer or {}).get("iam")
    if iam is not None:
        found |= {"caller": iam["callerId"], "user": iam["userId"]}
        found |= {name: iam[name] for name in ("accessKey", "accountId", "principalOrgId", "userArn")}
    return found
