"""What a function is given of a connection and its messages. docs/contract/events.md#websocket-apis.

What a connection says of itself is put in place once; each message adds its route, ids, time and text.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.http.message import HOP_BY_HOP, Head
from lambda_emu.triggers.http_event import MADE_HERE, EventTimes, forwarded, parameters_of, to_json

ID_DIGITS = 22
"""An id is eleven bytes in base64."""


def new_id(clock: Clock) -> str:
    """Of a connection, a message or a request: `L0SM9cOFvHcCIhw=`."""
    return urlsafe_b64encode(bytes.fromhex(clock.new_token()[:ID_DIGITS])).decode("ascii")


class Occasion(Struct, frozen=True):
    """What is told of one request: of a message, or of a connection's beginning or end."""

    route_key: str
    kind: str
    request_id: str
    time: str
    epoch_ms: int


class ConnectionEvents:
    """Of one connection."""

    def __init__(
        self,
        names: Mapping[str, str],
        stage: str,
        connected_ms: int,
        identity: Mapping[str, Any],
        variables: Mapping[str, str],
    ) -> None:
        """names: domainName, connectionId, apiId. identity: of who connects."""
        self._identity, self._stage, self._connected_ms = to_json(identity), to_json(stage), connected_ms
        self._names = to_json(names)[1:]
        self._variables = f'"stageVariables":{to_json(variables)},' if variables else ""
        self._authorizer = ""

    def authorized(self, authorizer: Mapping[str, Any]) -> None:
        """What the authorizer said of who connects: from now on every event tells so."""
        self._authorizer = f'"authorizer":{to_json(authorizer)},'

    def signed(self, identity: Mapping[str, Any]) -> None:
        """Who signed is known too."""
        self._identity = to_json(identity)

    def message(self, occasion: Occasion, message_id: str, text: str) -> bytes:
        context = self.context(occasion, message_member(message_id))
        return (
            f'{{{self._variables}"requestContext":{context},"body":{to_json(text)},"isBase64Encoded":false}}'.encode()
        )

    def connection(self, occasion: Occasion, said: Mapping[str, Any], more: str = "", late: str = "") -> bytes:
        """Of its beginning or end. said: headers and parameters. more, late: members of the context."""
        context = self.context(occasion, more, late)
        begun = to_json(said)[1:-1]
        return f'{{{begun},{self._variables}"requestContext":{context},"isBase64Encoded":false}}'.encode()

    def context(self, occasion: Occasion, more: str = "", late: str = "") -> str:
        """`requestContext`, as JSON."""
        one, request_id = occasion, occasion.request_id
        return (
            f'{{"routeKey":{to_json(one.route_key)},{self._authorizer}{more}"eventType":"{one.kind}",'
            f'"extendedRequestId":"{request_id}","requestTime":"{one.time}","messageDirection":"IN",{late}'
            f'"stage":{self._stage},"connectedAt":{self._connected_ms},"requestTimeEpoch":{one.epoch_ms},'
            f'"identity":{self._identity},"requestId":"{request_id}",{self._names}'
        )


def message_member(message_id: str) -> str:
    """What the context says of a message, early in it."""
    return f'"messageId":"{message_id}",'


def ending(code: int, reason: str) -> tuple[str, str]:
    """What the context says of a connection's end, early and late in it."""
    return f'"disconnectStatusCode":{code},', f'"disconnectReason":{to_json(reason)},'


class Occasions:
    """Makes them, each at its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times = EventTimes()

    def now(self, route_key: str, kind: str) -> Occasion:
        now_s = self._clock.now_s()
        return Occasion(route_key, kind, new_id(self._clock), self._times.text(now_s), int(now_s * 1000))


def said_by(head: Head, query: bytes, trace: str) -> dict[str, Any]:
    """Headers and parameters of the request that a connection begins with; what it has none of is not there."""
    headers: dict[str, list[str]] = {}
    for name, value in head.headers:
        if name not in HOP_BY_HOP and name not in MADE_HERE:
            headers.setdefault(titled(name.decode("latin-1")), []).append(value.decode("latin-1"))
    headers |= {titled(name): [value] for name, value in forwarded(head).items()}
    headers["X-Amzn-Trace-Id"] = [trace]
    found = _twice("headers", "multiValueHeaders", headers)
    parameters = parameters_of(query.decode("latin-1"))
    return found | (
        _twice("queryStringParameters", "multiValueQueryStringParameters", parameters) if parameters else {}
    )


def said_at_end(domain: str) -> dict[str, Any]:
    return _twice("headers", "multiValueHeaders", {"Host": [domain], "x-api-key": [""], "x-restapi": [""]})


def titled(name: str) -> str:
    """As browsers write it: `Sec-WebSocket-Key`."""
    return _SPECIAL.get(name) or name.title()


_SPECIAL = {
    f"sec-websocket-{one.lower()}": f"Sec-WebSocket-{one}" for one in ("Key", "Version", "Extensions", "Protocol")
}


def _twice(single: str, several: str, values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {single: {name: one[-1] for name, one in values.items()}, several: dict(values)}
