"""Of WebSocket APIs: docs/contract/events.md#websocket-apis."""

from __future__ import annotations

import json

from lambda_emu.gateway.request import Request
from lambda_emu.samples.requests import request_of
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.samples.values import AGENT, PEER, trace
from lambda_emu.triggers.execute_api.addresses import host_of
from lambda_emu.triggers.websocket_apis.authorizing import connect_event
from lambda_emu.triggers.websocket_apis.events import (
    ConnectionEvents,
    Occasions,
    ending,
    new_id,
    said_at_end,
    said_by,
)

WEBSOCKET = Samples("websocket")
SAMPLES = (WEBSOCKET,)
API = "a1b2c3d4e5"
_OPENED = {"stage": "dev", "query": "room=1", "headers": "{}"}
_HANDSHAKE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}


@WEBSOCKET.add("connect", "A client connects.", **_OPENED)
def connect(asked: SampleRequest) -> bytes:
    opened = _opening(asked)
    said = said_by(opened.head, opened.query, trace(asked))
    return _events(asked).connection(Occasions(asked.clock).now("$connect", "CONNECT"), said)


@WEBSOCKET.add(
    "message", "A message of a client.", stage="dev", route="$default", body='{"action": "say", "text": "hi"}'
)
def message(asked: SampleRequest) -> bytes:
    occasion = Occasions(asked.clock).now(asked["route"], "MESSAGE")
    return _events(asked).message(occasion, new_id(asked.clock), asked["body"])


@WEBSOCKET.add("disconnect", "A client has left.", stage="dev", code="1000", reason="")
def disconnect(asked: SampleRequest) -> bytes:
    occasion, end = (
        Occasions(asked.clock).now("$disconnect", "DISCONNECT"),
        ending(asked.whole("code"), asked["reason"]),
    )
    return _events(asked).connection(occasion, said_at_end(_host(asked)), *end)


@WEBSOCKET.add("authorizer", "What the authorizer of $connect is asked.", **_OPENED, token="Bearer abc")
def authorizer(asked: SampleRequest) -> bytes:
    opened = _opening(asked, authorization=asked["token"])
    context = json.loads(_events(asked).context(Occasions(asked.clock).now("$connect", "CONNECT")))
    arn = asked.scope.arn(f"{API}/{asked['stage']}/$connect", "execute-api")
    return connect_event(arn, said_by(opened.head, opened.query, trace(asked)), {}, context)


def _opening(asked: SampleRequest, **more: str) -> Request:
    path = f"/{asked['stage']}"
    return request_of(asked.having(method="GET", path=path), _host(asked), **_HANDSHAKE, **more)


def _events(asked: SampleRequest) -> ConnectionEvents:
    names = {"domainName": _host(asked), "connectionId": new_id(asked.clock), "apiId": API}
    identity = {"sourceIp": PEER, "userAgent": AGENT}
    return ConnectionEvents(names, asked["stage"], int(asked.now_s * 1000), identity, {})


def _host(asked: SampleRequest) -> str:
    return host_of(API, asked.scope.region)
