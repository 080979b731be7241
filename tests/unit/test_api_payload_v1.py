"""What a request to an HTTP API becomes as an event of payload format 1.0. docs/contract/events.md#http-apis."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.http.message import Head
from lambda_emu.triggers.http_apis.payload_v1 import make_template
from lambda_emu.triggers.http_event import Door

HOST = ("host", "abc.execute-api.us-east-1.localhost:9000")
TIME = "12/Mar/2020:19:03:58 +0000"
DOOR = Door(
    "abc", "abc.execute-api.us-east-1.localhost", "123456789012", "/dev/items/7", None, "GET /items/{id}", "dev"
)


def event_of(*headers: tuple[str, str], query: str = "", body: bytes = b"", door: Door = DOOR) -> Any:
    fields = [(name.encode(), value.encode("latin-1")) for name, value in (HOST, *headers)]
    head = Head(b"GET", b"/", fields, "1.1", True, "10.1.2.3")
    return json.loads(make_template(head, query.encode(), door).event("Root=1-2-3", "id-1", TIME, 1583348638390, body))


def test_the_least_event_has_exactly_these_members_in_this_order() -> None:
    event = event_of()

    headers = {
        "Host": "abc.execute-api.us-east-1.localhost:9000",
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Port": "9000",
        "X-Forwarded-Proto": "http",
        "X-Amzn-Trace-Id": "Root=1-2-3",
    }
    nobody = {
        **dict.fromkeys(("accessKey", "accountId", "caller", "cognitoAuthenticationProvider")),
        **dict.fromkeys(("cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId")),
        **{"sourceIp": "10.1.2.3", "user": None, "userAgent": "", "userArn": None},
    }
    assert json.dumps(event) == json.dumps(
        {
            "version": "1.0",
            "resource": "/items/{id}",
            "path": "/dev/items/7",
            "httpMethod": "GET",
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "abc",
                "domainName": "abc.execute-api.us-east-1.localhost",
                "domainPrefix": "abc",
                "extendedRequestId": "id-1",
                "httpMethod": "GET",
                "identity": nobody,
                "path": "/dev/items/7",
                "protocol": "HTTP/1.1",
                "requestId": "id-1",
                "requestTime": TIME,
                "requestTimeEpoch": 1583348638390,
                "resourceId": None,
                "resourcePath": "/items/{id}",
                "stage": "dev",
            },
            "pathParameters": None,
            "stageVariables": None,
            "body": None,
            "isBase64Encoded": False,
        }
    )


def test_what_comes_again_has_its_last_value_and_all_of_them() -> None:
    event = event_of(("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), query="b=1&b=%C3%A9&c=")

    assert event["headers"]["x-a"] == "2"
    assert event["multiValueHeaders"]["x-a"] == ["1", "2"]
    assert event["headers"]["cookie"] == "a=1"
    assert event["queryStringParameters"] == {"b": "é", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"b": ["1", "é"], "c": [""]}


def test_what_is_there_has_its_place() -> None:
    door = Door(
        "abc",
        "d",
        "1",
        "/",
        {"jwt": {"claims": {"a": "b"}, "scopes": None}},
        "$default",
        "$default",
        {"id": "7"},
        {"v": "1"},
    )

    event = event_of(("content-type", "application/json"), body=b'{"a": 1}', door=door)

    assert event["resource"] == event["requestContext"]["resourcePath"] == "$default"
    assert (event["pathParameters"], event["stageVariables"]) == ({"id": "7"}, {"v": "1"})
    assert event["requestContext"]["authorizer"] == {"claims": {"a": "b"}, "scopes": None}
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)
    assert event_of(body=b"\0")["isBase64Encoded"]


def test_who_signed_is_the_identity() -> None:
    iam = {
        "accessKey": "AKIA",
        "accountId": "1",
        "callerId": "c",
        "principalOrgId": None,
        "userArn": "arn",
        "userId": "u",
    }

    identity = event_of(door=Door("abc", "d", "1", "/", {"iam": iam}))["requestContext"]["identity"]

    assert [identity[name] for name in ("accessKey", "accountId", "caller", "user", "userArn")] == [
        *("AKIA", "1", "c", "u", "arn"),
    ]


def test_nothing_that_is_sent_breaks_the_json() -> None:
    event = event_of(("x-a", '"},\\'), query='a="&b=%00%22')

    assert event["headers"]["x-a"] == '"},\\'
    assert event["queryStringParameters"] == {"a": '"', "b": '\0"'}
