"""Requests that are wrong, too large or cut short: each gets its error, and everybody else is served on.

Contract: invoke.md 2.1, 2.3, quotas.md.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from lam import Lam

COUNTER = """
import time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep_s", 0) if isinstance(event, dict) else 0)
    return {"calls": calls, "length": len(event)} if isinstance(event, (str, dict)) else calls
"""
MB = 1 << 20
PATH = "/2015-03-31/functions/counter/invocations"
NOT_JSON = (
    "Could not parse request body into json: Could not parse payload into json: {}\n at [Source: REDACTED "
    "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"
)
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
LONG = base64.b64encode(b'{"custom": {"a": "' + b"x" * 2670 + b'"}}').decode()
"""A client context of more than 3583 bytes."""
DEEP = base64.b64encode(b"[" * 2000).decode()


@pytest.fixture
def counter(lam: Lam) -> Iterator[Lam]:
    """A function that counts its invocations, called once before the test and once after it: 1, and 2."""
    lam.create("counter", COUNTER, MemorySize=256)
    assert lam.invoke("counter").payload["calls"] == 1
    yield lam
    assert lam.invoke("counter").payload["calls"] == 2
    assert len(lam.environments("counter")) == 1


def connect(lam: Lam) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(lam.emulator.url).netloc, timeout=30)


def post(lam: Lam, body: Any, path: str = PATH, **headers: str) -> tuple[int, Any, str | None]:
    """Status, decoded body and error type of one raw request. Header names have _ for -."""
    connection = connect(lam)
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None, answer.headers["x-amzn-errortype"]


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
@pytest.mark.parametrize(
    ("body", "says", "column"),
    [
        (b'{"a":}', "Unexpected character ('}' (code 125)): expected a value", 7),
        (b"hello", f"Unrecognized token 'hello': was expecting {VALUES}", 6),
        (b'{"a": 1', None, None),
        (b'"\xff"', "Invalid UTF-8 start byte 0xff", 3),
        (b"\x00", f"Unexpected character ((CTRL-CHAR, code 0)): expected a valid value {VALUES}", 2),
        (b"[" * 70_000, None, None),
        (b'["' + b"x" * 100_000, None, None),
    ],
    ids=["value missing", "a word", "cut off", "no UTF-8", "NUL", "deep", "long and cut off"],
)
def test_what_is_no_json_is_refused_with_the_place(
    counter: Lam, kind: str, body: bytes, says: str | None, column: int | None
) -> None:
    status, error, code = post(counter, body, X_Amz_Invocation_Type=kind)

    assert (status, code, error["Type"]) == (400, "InvalidRequestContentException", "User")
    assert says is None or error["message"] == NOT_JSON.format(says, column)
    assert error["message"].startswith(NOT_JSON.partition("{}")[0])


@pytest.mark.parametrize(
    "context",
    ["not base64!", base64.b64encode(b"{").decode(), base64.b64encode(b"\xff\xfe").decode(), LONG, DEEP],
    ids=["no base64", "no JSON", "no UTF-8", "too long", "too deep"],
)
def test_a_client_context_that_cannot_be_read_is_refused(counter: Lam, context: str) -> None:
    status, _, code = post(counter, b"{}", X_Amz_Client_Context=context)

    assert (status, code) == (400, "InvalidRequestContentException")


def chunks(size: int) -> Iterator[bytes]:
    """The body of a chunked request, a JSON string of so many bytes."""
    yield b'"'
    for at in range(0, size - 2, 65_536):
        yield b"x" * min(65_536, size - 2 - at)
    yield b'"'


@pytest.mark.parametrize("chunked", [False, True], ids=["known length", "chunked"])
def test_a_request_of_more_than_6_mb_is_refused(counter: Lam, chunked: bool) -> None:
    body = chunks(6 * MB + 1) if chunked else b"".join(chunks(6 * MB + 1))

    status, error, code = post(counter, body)

    assert (status, code) == (413, "RequestEntityTooLargeException")
    assert error == {"message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}
