"""Parameter mapping: a request as its integration is to see it, an answer as the caller is. docs/contract/events.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote_plus

from msgspec.structs import replace

from lambda_emu.gateway.answers import Answer
from lambda_emu.http.message import Head
from lambda_emu.model.parameter_mapping import HEADER, PATH, QUERY, STATUS, Change
from lambda_emu.triggers.http_event import Door, parameters_of, source_of

MOST_JSON_BYTES = 100 * 1024
"""Of a body that is looked into, as on AWS."""
Headers = list[tuple[str, str]]

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")


class Mapped(NamedTuple):
    """What an integration sees of a request. path: None where it is not changed."""

    head: Head
    query: bytes
    path: str | None = None


class Moment(NamedTuple):
    """When a request came, and what it is called."""

    request_id: str
    time: str
    epoch_ms: int


class MappedTemplate(NamedTuple):
    """In place of an event's template, where the integration changes each request by what that says.

    make: of the template of what it then sees. path: below the stage.
    """

    make: Callable[[Head, bytes, Door], Any]
    changes: Sequence[Change]
    head: Head
    query: bytes
    path: str
    door: Door

    def event(self, trace: str, request_id: str, time: str, epoch_ms: int, body: bytes) -> bytes:
        moment = Moment(request_id, time, epoch_ms)
        mapped = map_request(self.changes, self.head, self.query, self.path, self.door, moment, body)
        door = self.door if mapped.path is None else replace(self.door, path=mapped.path)
        event: bytes = self.make(mapped.head, mapped.query, door).event(trace, request_id, time, epoch_ms, body)
        return event


def map_request(
    changes: Sequence[Change], head: Head, query: bytes, path: str, door: Door, moment: Moment, body: bytes
) -> Mapped:
    """All values are those of the request as it came."""
    context = context_of(head, door, moment)
    find = _Sources(head, query, path, door, context, body).find
    headers, query_string, new_path = list(head.headers), query.decode("latin-1"), None
    for change in changes:
        text = change.text(find)
        if text is None:
            continue
        if change.place == HEADER:
            _change_header(headers, change, text)
        elif change.place == QUERY:
            query_string = _changed_query(query_string, change, text)
        elif change.place == PATH:
            new_path = quote("/" + text.removeprefix("/"), safe="/%-_.~!$&'()*+,;=:@")
    made = Head(head.method, head.target, headers, head.version, head.keep_alive, head.peer)
    return Mapped(made, query_string.encode("latin-1"), new_path)


def map_answer(
    changes: Mapping[str, Sequence[Change]], answer: Answer, context: Mapping[str, Any], variables: Mapping[str, str]
) -> Answer:
    """By the status that the integration gave it."""
    headers, status = list(answer.headers), answer.status

    def find(expression: str) -> str | None:
        source, _, name = expression.removeprefix("response.").partition(".")
        if source == "header":
            return ",".join(value for key, value in answer.headers if key.lower() == name.lower()) or None
        if source == "body":
            return in_body(answer.body, name)
        return _elsewhere(expression, context, variables)

    for change in changes.get(str(answer.status), ()):
        text = change.text(find)
        if text is not None and change.place == STATUS:
            status = int(text) if re.fullmatch(r"[2-5]\d\d", text) else status
        elif text is not None:
            _change_answer_header(headers, change, _FORBIDDEN.sub("", text))
    return Answer(status, headers, answer.body)


def context_of(head: Head, door: Door, moment: Moment) -> Mapping[str, Any]:
    """`$context`, as HTTP APIs have it."""
    agent = head.get(b"user-agent")
    authorizer = door.authorizer or {}
    jwt = authorizer.get("jwt")
    return {
        "accountId": door.account,
        "apiId": door.prefix,
        "authorizer": {**(authorizer.get("lambda") or {}), **({"claims": jwt["claims"]} if jwt else {})},
        "domainName": door.domain,
        "domainPrefix": door.prefix,
        "extendedRequestId": moment.request_id,
        "httpMethod": head.method.decode("latin-1"),
        "identity": {"sourceIp": source_of(head), "userAgent": None if agent is None else agent.decode("latin-1")},
        "path": door.path,
        "protocol": f"HTTP/{head.version}",
        "requestId": moment.request_id,
        "requestTime": moment.time,
        "requestTimeEpoch": moment.epoch_ms // 1000,
        "routeKey": door.route_key,
        "stage": door.stage,
    }


class _Sources(NamedTuple):
    head: Head
    query: bytes
    path: str
    door: Door
    context: Mapping[str, Any]
    body: bytes

    def find(self, expression: str) -> str | None:
        source, _, name = expression.removeprefix("request.").partition(".")
        if source == "header":
            wanted = name.lower().encode("latin-1", "replace")
            return ",".join(value.decode("latin-1") for key, value in self.head.headers if key == wanted) or None
        if source == "querystring":
            return ",".join(parameters_of(self.query.decode("latin-1")).get(name, ())) or None
        if source == "path":
            return (self.door.parameters or {}).get(name) if name else self.path
        if source == "body":
            return in_body(self.body, name)
        return _elsewhere(expression, self.context, self.door.variables or {})


def in_body(body: bytes, path: str) -> str | None:
    """What stands there in JSON; without a path the body itself."""
    if not path:
        return body.decode("utf-8", "replace")
    try:
        found: Any = json.loads(body[:MOST_JSON_BYTES])
        for step in _STEP.finditer(path):
            found = found[step[1]] if step[1] is not None else found[int(step[2])]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return _text(found)


def _elsewhere(expression: str, context: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    kind, _, name = expression.partition(".")
    if kind == "stageVariables":
        return variables.get(name)
    found: Any = context
    for part in name.split(".") if kind == "context" else ():
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is context else _text(found)


def _text(found: Any) -> str | None:
    return found if found is None or isinstance(found, str) else json.dumps(found)


def _change_header(headers: list[tuple[bytes, bytes]], change: Change, text: str) -> None:
    name = change.name.lower().encode("latin-1")
    if change.action != "append":
        headers[:] = [header for header in headers if header[0] != name]
    if change.action != "remove":
        headers.append((name, _FORBIDDEN.sub("", text).encode("latin-1", "replace")))


def _change_answer_header(headers: Headers, change: Change, text: str) -> None:
    if change.action != "append":
        headers[:] = [header for header in headers if header[0].lower() != change.name.lower()]
    if change.action != "remove":
        headers.append((change.name, text.encode("utf-8", "replace").decode("latin-1")))


def _changed_query(query: str, change: Change, text: str) -> str:
    parts = [part for part in query.split("&") if part]
    if change.action != "append":
        parts = [part for part in parts if unquote_plus(part.partition("=")[0]) != change.name]
    if change.action != "remove":
        parts.append(f"{quote_plus(change.name)}={quote_plus(text)}")
    return "&".join(parts)
