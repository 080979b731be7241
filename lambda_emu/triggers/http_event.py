"""The event of payload format 2.0 that a request becomes. docs/contract/events.md#function-urls.

All that a request's head says is put in place once; the next request with the same head adds its id, time and body.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.json import Encoder

from lambda_emu.http.message import HOP_BY_HOP, Head

MADE_HERE = frozenset((b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"))
COOKIE = b"cookie"
TEXTS = ("application/json", "application/xml", "application/javascript", "application/x-javascript")
"""Media types that are text, beside text/* and what is written in JSON or XML."""
SUFFIXES = ("+json", "+xml")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HTTP_PORT = "80"

_encode = Encoder().encode


class Door(Struct, frozen=True):
    """Through which a request came. prefix: the id of the URL or API. account: the caller's, `anonymous`, or the API's.

    path: what the function sees of the request's. authorizer: who the caller is, where that is known. The rest is of
    HTTP APIs alone. parameters: what the variables of the route's path stand for. variables: of the stage.
    """

    prefix: str
    domain: str
    account: str
    path: str
    authorizer: Mapping[str, Any] | None = None
    route_key: str = "$default"
    stage: str = "$default"
    parameters: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None


class EventTemplate(Struct, frozen=True):
    """The event but for its trace, id, time and body. before: up to the trace. between: from there to the id.

    after: from there to the time. parameters, variables: members with a comma before them, or nothing.
    """

    before: str
    between: str
    after: str
    parameters: str
    variables: str
    is_text: bool

    def event(self, trace: str, request_id: str, time: str, epoch_ms: int, body: bytes) -> bytes:
        """As JSON in UTF-8. A body that is no text, by what the head says or by its bytes, is in base64."""
        said, encoded = body_of(body, self.is_text)
        member = "" if said is None else f',"body":{said}'
        text = (
            f"{self.before}{quoted(trace)}{self.between}{request_id}{self.after}{time}"
            f'","timeEpoch":{epoch_ms}}}{member}{self.parameters},"isBase64Encoded":{encoded}{self.variables}}}'
        )
        return text.encode()


def make_template(head: Head, query: bytes, door: Door) -> EventTemplate:
    """Of every request with this head through this door."""
    query_string = query.decode("latin-1")
    before: dict[str, Any] = {
        "version": "2.0",
        "routeKey": door.route_key,
        "rawPath": door.path,
        "rawQueryString": query_string,
    }
    if cookies := _cookies(head):
        before["cookies"] = cookies
    before["headers"] = _headers(head)
    between = ""
    if parameters := _parameters(query_string):
        between = f'"queryStringParameters":{to_json(parameters)},'
    context: dict[str, Any] = {"accountId": door.account, "apiId": door.prefix}
    if door.authorizer is not None:
        context["authorizer"] = door.authorizer
    context |= {"domainName": door.domain, "domainPrefix": door.prefix, "http": _http(head, door.path)}
    return EventTemplate(
        f'{to_json(before)[:-2]},"x-amzn-trace-id":',
        f'}},{between}"requestContext":{to_json(context)[:-1]},"requestId":"',
        f'","routeKey":{to_json(door.route_key)},"stage":{to_json(door.stage)},"time":"',
        f',"pathParameters":{to_json(door.parameters)}' if door.parameters else "",
        f',"stageVariables":{to_json(door.variables)}' if door.variables else "",
        is_text(head),
    )


class EventTimes:
    """`time` of an event, formatted once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, now_s: float) -> str:
        """`12/Mar/2020:19:03:58 +0000`."""
        second = int(now_s)
        if second != self._second:
            day = datetime.fromtimestamp(second, UTC)
            self._text = f"{day.day:02}/{MONTHS[day.month - 1]}/{day:%Y:%H:%M:%S} +0000"
            self._second = second
        return self._text


def _headers(head: Head) -> dict[str, str]:
    """Of names that come again the values stand behind each other; what we add comes last."""
    found: dict[str, str] = {}
    for name, value in head.headers:
        if name in HOP_BY_HOP or name in MADE_HERE or name == COOKIE:
            continue
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found | forwarded(head)


def forwarded(head: Head) -> dict[str, str]:
    """What we add to the headers, but for the trace."""
    port = (head.get(b"host") or b"").rpartition(b"]")[2].rpartition(b":")[2].decode("latin-1")
    before = [value.decode("latin-1") for name, value in head.headers if name == b"x-forwarded-for"]
    return {
        "x-forwarded-for": ", ".join([*before, source_of(head)]),
        "x-forwarded-port": port if port.isdigit() else HTTP_PORT,
        "x-forwarded-proto": "http",
    }


def _cookies(head: Head) -> list[str]:
    lines = [value.decode("latin-1") for name, value in head.headers if name == COOKIE]
    return [cookie for line in lines for part in line.split(";") if (cookie := part.strip())]


def _parameters(query_string: str) -> dict[str, str]:
    return {name: ",".join(values) for name, values in parameters_of(query_string).items()}


def parameters_of(query_string: str) -> dict[str, list[str]]:
    """Decoded, all values of each name."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def _http(head: Head, path: str) -> dict[str, str]:
    found = {
        "method": head.method.decode("latin-1"),
        "path": path,
        "protocol": f"HTTP/{head.version}",
        "sourceIp": source_of(head),
    }
    agent = head.get(b"user-agent")
    return found if agent is None else found | {"userAgent": agent.decode("latin-1")}


def source_of(head: Head) -> str:
    return head.peer or "127.0.0.1"


def is_text(head: Head) -> bool:
    if head.get(b"content-encoding") is not None:
        return False
    kind = (head.get(b"content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXTS or kind.endswith(SUFFIXES)


def body_of(body: bytes, as_text: bool) -> tuple[str | None, str]:
    """As JSON, if there is one, and whether it is in base64."""
    if not body:
        return None, "false"
    if as_text:
        try:
            return to_json(body.decode()), "false"
        except UnicodeDecodeError:
            pass  # not in the encoding that JSON has
    return f'"{b64encode(body).decode()}"', "true"


def quoted(text: str) -> str:
    """The header of a trace, which is ASCII that prints, as JSON."""
    return json.dumps(text) if '"' in text or "\\" in text else f'"{text}"'


def to_json(value: Any) -> str:
    """Of what has no halves of characters in it, as nothing has that came in UTF-8."""
    return _encode(value).decode()
