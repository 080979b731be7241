"""What a function returned, as the answer to an HTTP request. docs/contract/events.md#function-urls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.gateway.answers import Answer
from lambda_emu.triggers.http_answer import (
    INTEGRATION,
    MOST_HEADER_BYTES,
    MalformedAnswer,
    proxy_answer,
    streamed_answer,
    whole_answer,
)

AS_JSON = [("Content-Type", "application/json")]


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (b'"hello"', b"hello"),
        (b'"\\u00e9"', "é".encode()),
        (b"1.50", b"1.50"),
        (b"null", b"null"),
        (b"[1, 2]", b"[1, 2]"),
        (b'{"body": "x"}', b'{"body": "x"}'),
        (b'"\\ud800"', b"?"),
    ],
)
def test_without_a_status_it_is_the_body_of_a_200(payload: bytes, body: bytes) -> None:
    assert whole_answer(payload) == Answer(200, AS_JSON, body)


def full(**members: Any) -> Any:
    return whole_answer(json.dumps({"statusCode": 201} | members).encode())


@pytest.mark.parametrize(
    ("members", "status", "headers", "body"),
    [
        ({}, 201, AS_JSON, b""),
        ({"statusCode": "404"}, 404, AS_JSON, b""),
        ({"body": "é"}, 201, AS_JSON, "é".encode()),
        ({"body": None, "headers": None, "cookies": None, "isBase64Encoded": None}, 201, AS_JSON, b""),
        ({"body": "AAE=", "isBase64Encoded": True}, 201, AS_JSON, b"\0\1"),
        ({"headers": {"content-TYPE": "text/html"}}, 201, [("content-TYPE", "text/html")], b""),
        ({"headers": {"X": 1, "Y": True, "Z": None}}, 201, [*AS_JSON, ("X", "1"), ("Y", "true")], b""),
        ({"cookies": ["a", "b; Secure"]}, 201, [*AS_JSON, ("Set-Cookie", "a"), ("Set-Cookie", "b; Secure")], b""),
        (
            {"headers": {"Date": "x", "Connection": "close", "X-Amzn-RequestId": "me", "Transfer-Encoding": "chunked"}},
            201,
            [
                *AS_JSON,
                ("x-amzn-Remapped-Date", "x"),
                ("x-amzn-Remapped-Connection", "close"),
                ("x-amzn-Remapped-X-Amzn-RequestId", "me"),
            ],
            b"",
        ),
        ({"headers": {"Content-Length": 7}}, 201, [*AS_JSON, ("x-amzn-Remapped-Content-Length", "7")], b""),
        ({"headers": {"X": "é"}}, 201, [*AS_JSON, ("X", "é".encode().decode("latin-1"))], b""),
        ({"statusCode": 304, "body": "never sent"}, 304, AS_JSON, b""),
    ],
)  # fmt: skip
def test_with_a_status_it_is_the_whole_answer(
    members: Any, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    assert full(**members) == Answer(status, headers, body)


WRONG: dict[str, list[Any]] = {
    "statusCode": [None, True, 200.0, "2000", "x", 99, 101, 600, [], "\uff12\uff10\uff10"],
    "body": [1, {}, [], True],
    "headers": [[], "x", {"a": {}}, {"a": []}, {"a b": "x"}, {"": "x"}, {"a": "x\r\nb: c"}],
    "cookies": ["a=1", {}, [1], ["a\nb"]],
}


@pytest.mark.parametrize(
    "members",
    [
        *({member: value} for member, values in WRONG.items() for value in values),
        {"isBase64Encoded": "true", "body": "AAE="},
        {"isBase64Encoded": True, "body": "é"},
    ],
)
def test_what_is_no_answer_is_told(members: Any) -> None:
    with pytest.raises(MalformedAnswer):
        full(**members)


@pytest.mark.parametrize(
    "members",
    [
        {"headers": {f"a{number}": "b" for number in range(200_000)}},
        {"headers": {"a": "b" * MOST_HEADER_BYTES}},
        {"cookies": ["a=1"] * 100_000},
    ],
)
def test_more_headers_than_api_gateway_sends_are_no_answer(members: Any) -> None:
    """Of whatever form: writing 200,000 would hold everybody up."""
    payload = json.dumps({"statusCode": 200} | members).encode()
    several = {name: [value] for name, value in members.get("headers", {"set-cookie": "a" * 99_999}).items()}
    with pytest.raises(MalformedAnswer, match="10240 bytes"):
        whole_answer(payload)
    with pytest.raises(MalformedAnswer, match="10240 bytes"):
        proxy_answer(json.dumps({"statusCode": 200, "multiValueHeaders": several}).encode())
    with pytest.raises(MalformedAnswer, match="10240 bytes"):
        streamed_answer(payload + bytes(8), INTEGRATION)


def test_as_many_headers_as_api_gateway_sends_are_one() -> None:
    given = {f"name{number:03d}": "x" * 393 for number in range(25)}  # 400 bytes each
    given["rest"] = "x" * (MOST_HEADER_BYTES - 25 * 400 - 4)

    assert len(proxy_answer(json.dumps({"statusCode": 200, "headers": given}).encode()).headers) == 27


@pytest.mark.parametrize("payload", [b"", b"not json", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_no_answer(payload: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        whole_answer(payload)


def test_a_stream_is_taken_as_it_is() -> None:
    assert streamed_answer(b'{"statusCode": 404}', "application/json") == Answer(
        200,
        [("Content-Type", "application/octet-stream")],
        b'{"statusCode": 404}',
    )


def test_the_prelude_of_a_stream_has_status_headers_and_cookies() -> None:
    prelude = b'{"statusCode": 418, "headers": {"Content-Type": "text/plain"}, "cookies": ["a=1"]}'

    assert streamed_answer(prelude + bytes(8) + b"short\0\0", INTEGRATION) == Answer(
        418,
        [("Content-Type", "text/plain"), ("Set-Cookie", "a=1")],
        b"short\0\0",
    )


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]" + bytes(8), b"x" + bytes(8)])
def test_a_prelude_that_is_none_is_no_answer(payload: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        streamed_answer(payload, INTEGRATION)
