"""A large code upload is taken apart by a helper process, so that no invocation waits on its JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ROLE, Activations, Reply, ask, make_context, zipped
from flask import Flask

from lambda_emu.api.app import create_app
from lambda_emu.api.own_pages import create_pages
from lambda_emu.clock import Clock
from lambda_emu.store import Store

CODE = zipped({"app.py": "def handler(event, context): return event", "data": "x" * 2_000_000})
LIMIT_BYTES = 70_167_211


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def app(store: Store) -> Flask:
    clock = Clock()
    return create_app(make_context(store, clock, Activations(store, clock)))


@pytest.fixture
def body_file(tmp_path: Path) -> Path:
    return tmp_path / "body"


def send(app: Flask, body_file: Path, body: Any, target: str = "POST /2015-03-31/functions") -> Reply:
    """As the gateway does: the body lies in a file."""
    body_file.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return ask(app, target, body_file=body_file)


def creation(code: dict[str, Any]) -> dict[str, Any]:
    return {"FunctionName": "f", "Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Code": code}


def test_publish_layer_version_keeps_the_zip_of_a_spooled_body(app: Flask, body_file: Path) -> None:
    content = {"ZipFile": base64.b64encode(CODE).decode()}

    reply = send(app, body_file, {"Content": content}, "POST /2018-10-31/layers/words/versions")

    assert (reply.status, reply.json["Content"]["CodeSize"]) == (201, len(CODE))


def test_create_function_keeps_the_zip_of_a_spooled_body(app: Flask, store: Store, body_file: Path) -> None:
    reply = send(app, body_file, creation({"ZipFile": base64.b64encode(CODE).decode()}))

    assert (reply.status, reply.json["CodeSize"]) == (201, len(CODE))
    location = ask(app, "GET /2015-03-31/functions/f").json["Code"]["Location"]
    assert ask(create_pages(store), "GET " + location.removeprefix("http://here")).body == CODE
    assert list(body_file.parent.glob("body*")) == [body_file]


def test_update_function_code_takes_a_spooled_body_too(app: Flask, body_file: Path) -> None:
    send(app, body_file, creation({"ZipFile": base64.b64encode(zipped({"app.py": ""})).decode()}))

    update = {"ZipFile": base64.b64encode(CODE).decode(), "DryRun": True}
    reply = send(app, body_file, update, "PUT /2015-03-31/functions/f/code")

    assert reply.json["message"].endswith("'Pending'. StateReasonCode: 'Creating'")  # it was read, and understood


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (b'{"FunctionName": ', "SerializationException", "Expecting value: line 1 column 18 (char 17)"),
        (b"[]", "SerializationException", "Start of list found where not expected"),
        (b'{"Code": {"ZipFile": "AAA"}}', "SerializationException", "Incorrect padding"),
        (creation({"ZipFile": 7}), "SerializationException", None),
        (creation({}), "InvalidParameterValueException", "Please provide a source for function code."),
    ],
)
def test_a_spooled_body_is_refused_as_any_other(
    app: Flask, body_file: Path, body: Any, error: str, text: str | None
) -> None:
    reply = send(app, body_file, body)

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, error)
    assert text is None or text in reply.json.values()
    assert list(body_file.parent.glob("body*")) == [body_file]


def test_a_body_above_the_limit_is_not_even_read(app: Flask, body_file: Path) -> None:
    with body_file.open("wb") as sparse:
        sparse.truncate(LIMIT_BYTES + 1)

    reply = ask(app, "POST /2015-03-31/functions", body_file=body_file)

    assert reply.status == 413
    assert reply.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"
    assert reply.json == {
        "message": f"Request must be smaller than {LIMIT_BYTES} bytes for the CreateFunction operation"
    }
