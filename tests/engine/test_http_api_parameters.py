"""Parameter mapping of HTTP APIs, and what their control plane refuses. docs/contract/events.md#http-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from function_url_rig import ECHO
from http_apis_rig import Api, Gateway, Upstream, let_in
from own import OwnLam, own_emulator
from server_rig import http_server
from services_rig import ACCOUNT

TELL = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps([event["path"], event["headers"].get("x-name")])}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with own_emulator(tmp_path_factory.mktemp("parameters"), "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        yield Gateway(lam)
        OwnLam.close(lam)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    with http_server(upstream.answer) as upstream.url:
        yield upstream


def mapped(gateway: Gateway, key: str, payload: str = "2.0", **integration: Any) -> Api:
    api = gateway.api(stage="")
    api.stage("$default", StageVariables={"color": "red"})
    api.route(key, "echo", payload, integration)
    return api


def test_a_request_is_changed_before_the_function_sees_it(gateway: Gateway) -> None:
    changes = {
        "append:header.X-Tag": "b",
        "overwrite:header.x-who": "${request.path.id}-${stageVariables.color}-$",
        "remove:header.x-secret": "''",
        "append:header.x-none": "$request.header.x-nobody",
        "append:querystring.q": "$request.header.x-tag",
        "overwrite:querystring.agent": "$context.routeKey",
        "remove:querystring.gone": "''",
    }
    api = mapped(gateway, "ANY /a/{id}", RequestParameters=changes)

    for _ in range(2):  # the second time by what is known of the head
        event = api.ask("/a/7?q=1&gone=1&agent=x", **{"X-Tag": "a", "X-Who": "me", "X-Secret": "s"}).json

        headers = event["headers"]
        assert (headers["x-tag"], headers["x-who"]) == ("a,b", "7-red-$")
        assert not {"x-secret", "x-none"} & headers.keys()
        assert event["queryStringParameters"] == {"q": "1,a", "agent": "ANY /a/{id}"}
        assert (event["rawPath"], event["pathParameters"]) == ("/a/7", {"id": "7"})


def test_what_the_body_says_goes_into_headers_and_the_path(gateway: Gateway) -> None:
    changes = {
        "overwrite:header.x-name": "$request.body.user.names[1]",
        "overwrite:path": "/of/${request.body.user.id}",
    }
    lam = gateway.lam
    lam.create("tell", TELL)
    let_in(lam, "tell")
    api = gateway.api()
    api.route("POST /a", "tell", "1.0", {"RequestParameters": changes})

    known = api.ask("/a", json.dumps({"user": {"id": 7, "names": ["Ada", "Bob"]}}), "POST")
    unknown = api.ask("/a", "no JSON", "POST")

    assert known.json == ["/of/7", "Bob"]
    assert unknown.json == ["/of/", None]


def test_an_answer_is_changed_by_its_status(gateway: Gateway) -> None:
    changes = {
        "200": {"append:header.x-a": "${response.header.x-a}+${response.body.n}", "overwrite:statuscode": "202"},
        "404": {"remove:header.x-a": "''", "overwrite:header.content-type": "text/plain"},
    }
    api = mapped(gateway, "$default", ResponseParameters=changes)
    said = "{{'statusCode': {}, 'headers': {{'x-a': '1'}}, 'body': '{{\"n\": 5}}'}}"

    found, lost, other = (api.ask("/", said.format(status)) for status in (200, 404, 403))

    assert (found.status, found.headers.get_all("x-a")) == (202, ["1", "1+5"])
    assert (lost.status, lost.headers["x-a"], lost.headers["content-type"]) == (404, None, "text/plain")
    assert (other.status, other.headers["x-a"]) == (403, "1")


def test_what_is_passed_on_is_changed_too(gateway: Gateway, upstream: Upstream) -> None:
    api = gateway.api()
    integration = {
        "IntegrationType": "HTTP_PROXY",
        "IntegrationMethod": "ANY",
        "PayloadFormatVersion": "1.0",
        "RequestParameters": {
            "overwrite:path": "/new/${request.path.rest}",
            "overwrite:header.x-a": "$context.httpMethod",
            "append:querystring.b": "a&b",
        },
        "ResponseParameters": {"201": {"overwrite:statuscode": "203", "remove:header.x-up": "''"}},
    }
    api.route("ANY /a/{rest+}", f"{upstream.url}/old", "1.0", integration)

    answer = api.ask("/a/b/c?x=1")

    assert (answer.status, answer.headers["x-up"]) == (203, None)
    assert answer.json[:4] == ["GET", "/new/b/c?x=1&b=a%26b", "", "GET"]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {"RequestParameters": {"append:header.Authorization": "a"}},
            "Operations on header Authorization are restricted",
        ),
        ({"RequestParameters": {"append:header.x-amz-a": "a"}}, "Operations on header x-amz-a are restricted"),
        ({"RequestParameters": {"overwrite:statuscode": "200"}}, "Invalid parameter mapping"),
        ({"RequestParameters": {"add:header.a": "a"}}, "Invalid parameter mapping"),
        ({"RequestParameters": {"append:header.a": "$request.cookie.a"}}, "Invalid mapping expression specified"),
        ({"RequestParameters": {"append:header.a": "${response.header.a}"}}, "Invalid mapping expression specified"),
        ({"ResponseParameters": {"200": {"overwrite:path": "/"}}}, "Invalid parameter mapping"),
        ({"ResponseParameters": {"200": {"overwrite:statuscode": "9"}}}, "Invalid status code"),
    ],
)
def test_what_is_no_mapping_is_refused(gateway: Gateway, parameters: Any, text: str) -> None:
    api = gateway.api(stage="")

    with pytest.raises(ClientError, match="BadRequestException") as refused:
        api.route("$default", "echo", "2.0", parameters)

    assert text in refused.value.response["Error"]["Message"]


def test_a_route_key_that_aws_refuses_is_refused(gateway: Gateway) -> None:
    api = gateway.api({"GET /a/{b}": "echo"}, stage="")

    for key, code in (
        *((key, "BadRequestException") for key in ("GET /{a+}/b", "GET /a/", "GET /a{b}", "get /a", "FETCH /a")),
        ("GET /a/{c}", "ConflictException"),
    ):
        with pytest.raises(ClientError, match=code):
            api.route(key, "echo")
    assert [one["RouteKey"] for one in gateway.client.get_routes(ApiId=api.id)["Items"]] == ["GET /a/{b}"]


def test_an_imported_api_has_the_routes_that_openapi_means(gateway: Gateway) -> None:
    told: Any = {"type": "aws_proxy", "uri": "arn:aws:lambda:us-east-1:1:function:f", "payloadFormatVersion": "2.0"}
    integration = {"x-amazon-apigateway-integration": told}
    paths = {
        "/a/{b}": {"get": integration, "x-amazon-apigateway-any-method": integration},
        "/$default": {"x-amazon-apigateway-any-method": integration},
    }

    api = gateway.client.import_api(Body=json.dumps({"openapi": "3.0.1", "info": {"title": "t"}, "paths": paths}))

    keys = {one["RouteKey"] for one in gateway.client.get_routes(ApiId=api["ApiId"])["Items"]}
    assert keys == {"GET /a/{b}", "ANY /a/{b}", "$default"}
