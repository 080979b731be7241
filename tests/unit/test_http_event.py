"""What a request becomes as an event of payload format 2.0. docs/contract/events.md#function-urls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.http.message import Head
from lambda_emu.triggers.http_event import Door, EventTimes, make_template

DOOR = Door("abc", "abc.lambda-url.us-east-1.localhost", "anonymous", "/a%2Fb")
HOST = ("host", "abc.lambda-url.us-east-1.localhost:9000")
TIME = "12/Mar/2020:19:03:58 +0000"


def event_of(
    *headers: tuple[str, str], query: str = "", body: bytes = b"", door: Door = DOOR, trace: str = "Root=1-2-3"
) -> Any:
    fields = [(name.encode(), value.encode("latin-1")) for name, value in (HOST, *headers)]
    head = Head(b"POST", b"/", fields, "1.1", True, "10.1.2.3")
    return json.loads(make_template(head, query.encode(), door).event(trace, "id-1", TIME, 1583348638390, body))


def test_the_least_event_has_exactly_these_members_in_this_order() -> None:
    event = event_of()

    assert json.dumps(event) == json.dumps(
        {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/a%2Fb",
            "rawQueryString": "",
            "headers": {
                "host": "abc.lambda-url.us-east-1.localhost:9000",
                "x-forwarded-for": "10.1.2.3",
                "x-forwarded-port": "9000",
                "x-forwarded-proto": "http",
                "x-amzn-trace-id": "Root=1-2-3",
            },
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": "abc.lambda-url.us-east-1.localhost",
                "domainPrefix": "abc",
                "http": {"method": "POST", "path": "/a%2Fb", "protocol": "HTTP/1.1", "sourceIp": "10.1.2.3"},
                "requestId": "id-1",
                "routeKey": "$default",
                "stage": "$default",
                "time": TIME,
                "timeEpoch": 1583348638390,
            },
            "isBase64Encoded": False,
        }
    )


def test_what_is_there_has_its_place_among_the_others() -> None:
    event = event_of(("cookie", "a=1; b=2"), ("content-type", "text/plain"), query="x=1", body=b"hello")

    assert list(event) == [
        *("version", "routeKey", "rawPath", "rawQueryString", "cookies", "headers", "queryStringParameters"),
        *("requestContext", "body", "isBase64Encoded"),
    ]


def test_headers_that_come_again_are_joined_and_those_of_the_connection_left_out() -> None:
    found = event_of(
        *(("x-a", "1"), ("x-a", "2"), ("connection", "keep-alive"), ("upgrade", "h2c"), ("user-agent", "me é")),
        ("x-forwarded-for", "1.2.3.4"),
    )

    assert found["headers"]["x-a"] == "1,2"
    assert found["headers"]["x-forwarded-for"] == "1.2.3.4, 10.1.2.3"
    assert not {"connection", "upgrade"} & set(found["headers"])
    assert found["requestContext"]["http"]["userAgent"] == "me é"


def test_cookies_leave_the_headers() -> None:
    event = event_of(("cookie", "a=1; b=x=y"), ("cookie", "c"))

    assert event["cookies"] == ["a=1", "b=x=y", "c"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("x=1", {"x": "1"}),
        ("x=1&y=&x=2", {"x": "1,2", "y": ""}),
        ("a%20b=%C3%A9+1", {"a b": "é 1"}),
        ("flag", {"flag": ""}),
        ("x=%ff%zz", {"x": "\ufffd%zz"}),
        ("x=%00%22", {"x": '\0"'}),
    ],
)
def test_a_query_is_there_as_it_was_sent_and_decoded(query: str, parameters: dict[str, str]) -> None:
    event = event_of(query=query)

    assert (event["rawQueryString"], event["queryStringParameters"]) == (query, parameters)


@pytest.mark.parametrize(
    ("content_type", "body", "said", "encoded"),
    [
        ("text/html", b"<p>\xc3\xa9", "<p>é", False),
        ("Application/JSON; charset=utf-8", b'{"a": "\\n"}', '{"a": "\\n"}', False),
        ("application/xml", b"<a/>", "<a/>", False),
        ("application/javascript", b"1", "1", False),
        ("application/problem+json", b"{}", "{}", False),
        ("application/x-www-form-urlencoded", b"a=1", "YT0x", True),
        ("multipart/form-data; boundary=x", b"--x", "LS14", True),
        ("application/octet-stream", b"\0\1", "AAE=", True),
        ("text/plain", b"\xff", "/w==", True),  # no text in the encoding that JSON has
        ("", b"a", "YQ==", True),
    ],
)
def test_a_body_is_text_or_base64_by_its_type(content_type: str, body: bytes, said: str, encoded: bool) -> None:
    event = event_of(("content-type", content_type), body=body)

    assert (event["body"], event["isBase64Encoded"]) == (said, encoded)


def test_what_is_compressed_is_base64() -> None:
    assert event_of(("content-type", "text/plain"), ("content-encoding", "gzip"), body=b"a")["isBase64Encoded"]


def test_no_header_breaks_the_json() -> None:
    nasty = 'a"\\}\t,é'

    event = event_of(("x-a", nasty), ("cookie", nasty), query='x="', trace='Root="\\')

    assert (event["headers"]["x-a"], event["cookies"], event["rawQueryString"]) == (nasty, [nasty], 'x="')
    assert event["headers"]["x-amzn-trace-id"] == 'Root="\\'


def test_a_signed_caller_is_told() -> None:
    door = Door("abc", "abc.localhost", "123456789012", "/", {"iam": {"accessKey": "AKIA"}})

    context = event_of(door=door)["requestContext"]

    assert list(context)[:4] == ["accountId", "apiId", "authorizer", "domainName"]
    assert (context["accountId"], context["authorizer"]) == ("123456789012", {"iam": {"accessKey": "AKIA"}})


def test_times_are_written_as_logs_of_web_servers_do() -> None:
    times = EventTimes()

    assert [times.text(now_s) for now_s in (1584039838.9, 1584039838.1, 0)] == [
        TIME,
        TIME,
        "01/Jan/1970:00:00:00 +0000",
    ]
