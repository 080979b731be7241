"""Whatever is sent, nothing but an answer of AWS's comes back: never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from api_rig import ROLE, Activations, ask, asked, make_context
from botocore import model
from botocore.session import Session
from flask import Flask, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_emu.api.app import create_app
from lambda_emu.api.operations import all_handlers
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.store import Store

SERVICE = Session().get_service_model("lambda")
ROUTES = {route.name: route for route in lambda_model().routes()}
SERVED = sorted(name for name, handler in all_handlers().items() if not handler.detached)  # others answer from the pool

EMPTY_ZIP = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="
PASSING = {
    "FunctionName": "f",
    "Runtime": "python3.13",
    "Handler": "a.b",
    "Role": ROLE,
    "Code": {"ZipFile": EMPTY_ZIP},
    "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "StartingPosition": "LATEST",
}

texts = st.sampled_from(
    [
        "",
        "f",
        "g",
        "f:$LATEST",
        "$LATEST",
        "1",
        "a.b",
        "python3.13",
        "Zip",
        "x86_64",
        "JSON",
        "Text",
        "\ud800",
        "\x00",
        ROLE,
    ]
) | st.text(max_size=20)
numbers = st.sampled_from([0, 1, -1, 3, 128, 512, 2**31, 2**63, 10**30, 1.5, 1e308]) | st.integers(-5, 20_000)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def rarely_wrong(typed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*[typed] * 9, anything)


def values(shape: model.Shape) -> st.SearchStrategy[Any]:
    """JSON for a shape: mostly of its type, within its constraints or not; sometimes anything at all."""
    if isinstance(shape, model.StructureShape):
        members = {name: values(member) for name, member in shape.members.items()}
        return st.fixed_dictionaries({}, optional=members)
    if isinstance(shape, model.ListShape):
        return st.lists(values(shape.member), max_size=3)
    if isinstance(shape, model.MapShape):
        return st.dictionaries(texts, values(shape.value), max_size=3)
    if shape.type_name == "blob":
        return st.sampled_from(["", "AAAA", "%", EMPTY_ZIP])
    if shape.type_name == "boolean":
        return rarely_wrong(st.booleans())
    if shape.type_name == "string":
        return st.sampled_from(shape.enum) | texts if shape.enum else rarely_wrong(texts)
    return rarely_wrong(numbers)


def requests(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Members by name for the operation's input; half of the time on top of some that would pass."""
    shape = SERVICE.operation_model(name).input_shape
    members = {member: values(inner) for member, inner in shape.members.items()} if shape else {}
    passing = {member: value for member, value in PASSING.items() if member in members}
    drawn = st.fixed_dictionaries({}, optional=members)
    return drawn | drawn.map(lambda some: passing | dict(list(some.items())[:2]))


def at(name: str, request: dict[str, Any], place: str) -> dict[str, Any]:
    """The members that travel at a place, by their names there."""
    shape = SERVICE.operation_model(name).input_shape
    members = shape.members if shape else {}
    return {
        members[key].serialization.get("name", key): value
        for key, value in request.items()
        if members[key].serialization.get("location", "body") == place
    }


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    clock, store = Clock(), Store.open(tmp_path_factory.mktemp("data"))
    activations = Activations(store, clock)
    served = create_app(make_context(store, clock, activations))

    @served.after_request
    def activate(response: Response) -> Response:
        activations.finish()
        return response

    yield served
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVED)
def test_no_request_makes_an_operation_fail(app: Flask, name: str) -> None:
    @given(requests(name))
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    def send(request: dict[str, Any]) -> None:
        ask(app, "POST /2015-03-31/functions", PASSING)  # an earlier example may have deleted it
        path = ROUTES[name].path
        for member, value in ({"FunctionName": "f"} | at(name, request, "uri")).items():
            path = path.replace(f"{{{member}}}", quote(_text(value), safe="") or "-")
        query = urlencode({key: _text(value) for key, value in at(name, request, "querystring").items()})
        body = json.dumps(at(name, request, "body")).encode()
        reply = ask(app, f"{ROUTES[name].method} {path}?{query}", body)
        assert reply.status < 500 or reply.status == 501, reply.body

    send()


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVICE.operation_names)
def test_every_operation_reads_or_refuses(name: str) -> None:
    operation = lambda_model().operation(name)

    @given(requests(name), anything)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def read(request: dict[str, Any], body: Any) -> None:
        for content in (at(name, request, "body"), body):
            data = json.dumps(content).encode()
            query = urlencode({key: _text(value) for key, value in at(name, request, "querystring").items()})
            path = {member.name: _text(request.get(member.name, "x")) for member, _ in operation.input.path}
            with suppress(LambdaError):
                operation.parse(asked(f"POST /any?{query}", data), path)

    read()


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace").decode()
