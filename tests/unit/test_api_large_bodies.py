"""A large code upload is taken apart by a helper process, so that no invocation waits on its JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ROLE, Activations, make_context, zipped
from flask import Flask
from werkzeug.test import TestResponse

from lambda_emu.api.app import create_app
from lambda_emu.api.wire.bodies import BODY_FILE
from lambda_emu.clock import Clock
from lambda_emu.store import Store

CODE = zipped({"app.py": "def handler(event, context): return event", "data": "x" * 2_000_000})
LIMIT_BYTES = 70_167_211


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    clock, store = Clock(), Store.open(tmp_path / "data")
    yield create_app(make_context(store, clock, Activations(store, clock)))
    store.close()


@pytest.fixture
def body_file(tmp_path: Path) -> Path:
    return tmp_path / "body"


def send(app: Flask, body_file: Path, body: Any, target: str = "POST /2015-03-31/functions") -> TestResponse:
    """As the bridge does: the body lies in a file, the stream is empty."""
    body_file.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    method, path = target.split(" ")
    environ = {BODY_FILE: str(body_file), "RAW_URI": path}
    return app.test_client().open(path, method=method, environ_overrides=environ)


def told(reply: TestResponse) -> Any:
    return json.loads(reply.data)


def creation(code: dict[str, Any]) -> dict[str, Any]:
    return {"FunctionName": "f", "Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Code": code}


def test_publish_layer_version_keeps_the_zip_of_a_spooled_body(app: Flask, body_file: Path) -> None:
    content = {"ZipFile": base64.b64encode(CODE).decode()}

    reply = send(app, body_file, {"Content": content}, "POST /2018-10-31/layers/words/versions")

    assert (reply.status_code, told(reply)["Content"]["CodeSize"]) == (201, len(CODE))


def test_create_function_keeps_the_zip_of_a_spooled_body(app: Flask, body_file: Path) -> None:
    reply = send(app, body_file, creation({"ZipFile": base64.b64encode(CODE).decode()}))

    assert (reply.status_code, told(reply)["CodeSize"]) == (201, len(CODE))
    location = told(app.test_client().get("/2015-03-31/functions/f"))["Code"]["Location"]
    assert app.test_client().get(location.removeprefix("http://here")).data == CODE
    assert list(body_file.parent.glob("body*")) == [body_file]


def test_update_function_code_takes_a_spooled_body_too(app: Flask, body_file: Path) -> None:
    send(app, body_file, creation({"ZipFile": base64.b64encode(zipped({"app.py": ""})).decode()}))

    update = {"ZipFile": base64.b64encode(CODE).decode(), "DryRun": True}
    reply = send(app, body_file, update, "PUT /2015-03-31/functions/f/code")

    assert told(reply)["message"].endswith("'Pending'. StateReasonCode: 'Creating'")  # it was read, and understood


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

    assert (reply.status_code, reply.headers["x-amzn-ErrorType"]) == (400, error)
    assert text is None or text in told(reply).values()
    assert list(body_file.parent.glob("body*")) == [body_file]


def test_a_body_above_the_limit_is_not_even_read(app: Flask, body_file: Path) -> None:
    with body_file.open("wb") as sparse:
        sparse.truncate(LIMIT_BYTES + 1)

    environ = {BODY_FILE: str(body_file)}
    reply = app.test_client().post("/2015-03-31/functions", environ_overrides=environ)

    assert reply.status_code == 413
    assert reply.headers["x-amzn-ErrorType"] == "RequestEntityTooLargeException"
    assert told(reply) == {
        "message": f"Request must be smaller than {LIMIT_BYTES} bytes for the CreateFunction operation"
    }
