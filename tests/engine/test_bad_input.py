"""Requests that are wrong, too large or cut short: each gets its error, and everybody else is served on.

docs/contract/invoke.md#request, #order-of-checks, docs/contract/quotas.md.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from lam import Lam
from own import EITHER_ENGINE
from waiting import Eventually

pytestmark = EITHER_ENGINE

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
SPACES = r"only regular white space (\r, \n, \t) is allowed between tokens"
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


def address(lam: Lam) -> tuple[str, int]:
    url = urlsplit(lam.emulator.url)
    return str(url.hostname), int(url.port or 0)


def post(lam: Lam, body: Any, path: str = PATH, **headers: str) -> tuple[int, Any, str | None]:
    """Status, decoded body and error type of one raw request. Header names have _ for -."""
    connection = http.client.HTTPConnection(*address(lam), timeout=30)
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None, answer.headers["x-amzn-errortype"]


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
@pytest.mark.parametrize(
    ("body", "says", "column"),
    [
        (b'{"a":}', "Unexpected character ('}' (code 125)): expected a value", 6),
        (b"hello", f"Unrecognized token 'hello': was expecting {VALUES}", 6),
        (b'{"a": 1', None, None),
        (b'"\xff"', "Invalid UTF-8 start byte 0xff", 3),
        (b"\x00", f"Illegal character ((CTRL-CHAR, code 0)): {SPACES}", 1),
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


@pytest.mark.parametrize("header", ["Root=\xe9\xff", "x" * 60_000], ids=["no ASCII", "long"])
def test_a_trace_header_that_no_runtime_could_read_ends_none(lam: Lam, header: str) -> None:
    lam.create("counter", COUNTER)

    answers = [post(lam, b"{}", X_Amzn_Trace_Id=header) for _ in range(2)]

    assert [answer["calls"] for _, answer, _ in answers] == [1, 2]


def test_a_request_id_that_is_no_uuid_is_refused(counter: Lam) -> None:
    status, error, code = post(counter, b"{}", X_Amzn_RequestId="nonsense")

    assert (status, code) == (400, "InvalidRequestContentException")
    assert error["message"] == "The request ID must be a valid UUID."


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


@pytest.mark.parametrize("chunked", [False, True], ids=["known length", "chunked"])
def test_exactly_6_mb_are_taken(lam: Lam, chunked: bool) -> None:
    lam.create("counter", COUNTER, MemorySize=512)
    body = chunks(6 * MB) if chunked else b"".join(chunks(6 * MB))

    assert post(lam, body)[:2] == (200, {"calls": 1, "length": 6 * MB - 2})


def test_an_event_of_more_than_1_mb_is_refused(counter: Lam) -> None:
    status, error, code = post(counter, b"".join(chunks(MB + 1)), X_Amz_Invocation_Type="Event")

    assert (status, code) == (413, "RequestEntityTooLargeException")
    text = "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    assert error == {"message": text}


def test_an_event_of_exactly_1_mb_is_taken(lam: Lam, eventually: Eventually) -> None:
    lam.create("counter", COUNTER, MemorySize=512)

    assert post(lam, b"".join(chunks(MB)), X_Amz_Invocation_Type="Event") == (202, None, None)

    eventually(lambda: [e for e in lam.environments("counter") if e.invocations == 1], "the event to run")


@pytest.mark.parametrize("sent", [b"", b'{"a"', b'"' + b"x" * 200_000], ids=["nothing", "little", "much"])
def test_a_client_that_hangs_up_before_its_body_is_complete_invokes_nothing(counter: Lam, sent: bytes) -> None:
    with socket.create_connection(address(counter)) as client:
        client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n".encode() + sent)


@pytest.mark.parametrize("size", [100, 200_000], ids=["small", "large"])
def test_a_client_that_hangs_up_during_its_invocation_does_not_lose_the_environment(
    lam: Lam, eventually: Eventually, size: int
) -> None:
    lam.create("counter", COUNTER)
    body = json.dumps({"sleep_s": 0.5, "x": "x" * size}).encode()

    with socket.create_connection(address(lam)) as client:
        client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        eventually(lambda: [e for e in lam.environments("counter") if e.state == "BUSY"], "it to run")

    eventually(lambda: [e for e in lam.environments("counter") if e.state == "IDLE"], "it to be finished")
    assert lam.invoke("counter").payload["calls"] == 2
    assert len(lam.environments("counter")) == 1


def test_a_client_that_hangs_up_while_it_waits_has_still_invoked(lam: Lam, eventually: Eventually) -> None:
    lam.create("counter", "import time; time.sleep(0.3)\n" + COUNTER)

    with socket.create_connection(address(lam)) as client:
        client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        eventually(lambda: [e for e in lam.environments("counter") if e.state == "INIT"], "its init")

    eventually(lambda: [e for e in lam.environments("counter") if e.invocations and e.state == "IDLE"], "it to run")
    assert lam.invoke("counter").payload["calls"] == 2


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431, "RequestHeaderFieldsTooLargeException"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431, "RequestHeaderFieldsTooLargeException"),
        (b"what is this?\r\n\r\n", 400, "MalformedHttpRequestException"),
    ],
    ids=["large", "many fields", "no HTTP"],
)
def test_what_is_not_taken_as_a_request_has_an_answer_as_any_other(
    lam: Lam, request_bytes: bytes, status: int, code: str
) -> None:
    with socket.create_connection(address(lam), timeout=10) as client:
        client.sendall(request_bytes)
        answer = http.client.HTTPResponse(client)
        answer.begin()

        assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (status, code)
        assert json.loads(answer.read()).keys() == {"message"}
        assert client.recv(1) == b""
