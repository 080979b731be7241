"""Of HTTP APIs and function URLs: docs/contract/events.md#http-apis, #function-urls."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.samples.requests import MEMBERS, request_of
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.samples.values import event_time, trace
from lambda_emu.triggers import addresses, http_event
from lambda_emu.triggers.execute_api.addresses import host_of
from lambda_emu.triggers.http_apis import payload_v1
from lambda_emu.triggers.http_apis.authorizing import authorizer_event
from lambda_emu.triggers.http_event import Door

HTTP, URL = Samples("http"), Samples("url")
SAMPLES = (HTTP, URL)
API, URL_ID = "a1b2c3d4e5", "abcdefghijklmnopqrstuvwxyz012345"
_API = {**MEMBERS, "route": "POST /orders", "stage": "$default"}
_ASKED = {name: value for name, value in _API.items() if name != "body"}


@HTTP.add("request", "A request to an HTTP API, in payload format 2.0.", **_API)
def request(asked: SampleRequest) -> bytes:
    return _event(asked, "2.0")


@HTTP.add("request-v1", "The same in format 1.0.", **_API)
def request_v1(asked: SampleRequest) -> bytes:
    return _event(asked, "1.0")


@HTTP.add("authorizer", "What an authorizer is asked, in format 2.0.", **_ASKED, token="Bearer abc")
def authorizer(asked: SampleRequest) -> bytes:
    return _asked_of_authorizer(asked, "2.0")


@HTTP.add("authorizer-v1", "The same in format 1.0.", **_ASKED, token="Bearer abc")
def authorizer_v1(asked: SampleRequest) -> bytes:
    return _asked_of_authorizer(asked, "1.0")


@URL.add("request", "A request to a function URL.", **MEMBERS)
def url_request(asked: SampleRequest) -> bytes:
    host = addresses.host_of(URL_ID, asked.scope.region)
    made = request_of(asked, host)
    door = Door(URL_ID, host, "anonymous", asked["path"])
    time, epoch_ms = event_time(asked.clock)
    template = http_event.make_template(made.head, made.query, door)
    return template.event(trace(asked), made.request_id, time, epoch_ms, made.body)


def _event(asked: SampleRequest, version: str, **more: str) -> bytes:
    """more: headers."""
    scope, stage, path = asked.scope, asked["stage"], asked["path"]
    host = host_of(API, scope.region)
    made = request_of(asked, host, **more)
    path = path if stage == "$default" else f"/{stage}{path}"
    door = Door(API, host, scope.account, path, route_key=asked["route"], stage=stage)
    make = payload_v1.make_template if version == "1.0" else http_event.make_template
    time, epoch_ms = event_time(asked.clock)
    template = make(made.head, made.query, door)
    return template.event(trace(asked), made.request_id, time, epoch_ms, made.body)


def _asked_of_authorizer(asked: SampleRequest, version: str) -> bytes:
    described: dict[str, Any] = json.loads(_event(asked, version, authorization=asked["token"]))
    arn = _arn(asked.scope, f"{asked['stage']}/{asked['method'].upper()}{asked['path']}")
    return authorizer_event(described, arn, (asked["token"],))


def _arn(scope: Scope, below: str) -> str:
    return scope.arn(f"{API}/{below}", "execute-api")
