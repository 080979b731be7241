"""REST APIs of API Gateway, made by boto3 and asked over HTTP. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from function_url_rig import Got, ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, REGION, RestApi
from services_rig import ACCOUNT

ERROR = {"message": "Internal server error"}
MISSING = {"message": "Missing Authentication Token"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("rest"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    yield shared
    shared.close()


@pytest.fixture
def api(lam: OwnLam) -> RestApi:
    """All its paths lead to the function, once they are deployed."""
    made = RestApi(lam)
    made.proxy("ANY /", "echo")
    made.proxy("ANY /{proxy+}", "echo")
    return made


def test_a_request_becomes_the_event_of_a_proxy(lam: OwnLam) -> None:
    api = RestApi(lam)
    named = api.proxy("GET /items/{id}", "echo", operationName="GetItem")
    deployment = api.deploy(variables={"tone": "red"})

    got = api.ask("/items/a%20b?q=1&q=2&e=", X_Ab="1", Accept="text/plain")

    event = got.json
    assert got.status == 200
    assert list(event) == [
        *("resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters"),
        *("multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body"),
        "isBase64Encoded",
    ]
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/items/{id}", "/items/a%20b", "GET")
    assert event["headers"]["X-Ab"] == "1"
    assert event["multiValueHeaders"]["Accept"] == ["text/plain"]
    assert event["queryStringParameters"] == {"q": "2", "e": ""}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"], "e": [""]}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["stageVariables"] == {"tone": "red"}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    context = event["requestContext"]
    assert context["resourceId"] == named["resourceId"]
    assert context["resourcePath"] == "/items/{id}"
    assert context["operationName"] == "GetItem"
    assert context["path"] == "/dev/items/a%20b"
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, api.id, "dev")
    assert context["deploymentId"] == deployment
    assert context["requestId"] == got.headers["x-amzn-RequestId"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["domainPrefix"] == api.id


def test_what_a_request_has_none_of_is_null(api: RestApi) -> None:
    api.deploy()

    event = api.ask("/").json

    told = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert [event[name] for name in told] == [None] * 5


def test_it_is_called_by_every_form_of_its_address(api: RestApi) -> None:
    api.deploy()
    host = f"{api.id}.execute-api.{REGION}.localhost:9000"

    asked = [
        api.ask("/a"),
        ask(api.lam.url, headers={"Host": host}, path="/dev/a"),
        ask(api.lam.url, headers={"Host": f"{api.id}.execute-api.localhost"}, path="/dev/a"),
        ask(api.lam.url, path=f"/restapis/{api.id}/dev/_user_request_/a"),
        ask(api.lam.url, path=f"/_aws/execute-api/{api.id}/dev/a"),
    ]

    assert [(one.status, one.json["path"]) for one in asked] == [(200, "/a")] * 5
    assert asked[1].json["requestContext"]["domainName"] == host.partition(":")[0]


@pytest.mark.parametrize("name", ["execute-api.eu-west-1", "execute-api.other"])
def test_a_host_of_another_region_is_forbidden(api: RestApi, name: str) -> None:
    api.deploy()

    got = ask(api.lam.url, headers={"Host": f"{api.id}.{name}.localhost"}, path="/dev/a")

    assert (got.status, got.json) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    ("answer", "status", "headers", "body"),
    [
        ({"statusCode": 201, "body": "a"}, 201, {"Content-Type": "application/json"}, b"a"),
        ({"statusCode": "200", "headers": {"Content-Type": "text/plain"}}, 200, {"Content-Type": "text/plain"}, b""),
        ({"statusCode": 200, "multiValueHeaders": {"X-A": ["1", "2"]}}, 200, {"X-A": "1"}, b""),
        ({"statusCode": 200, "body": "YQ==", "isBase64Encoded": True}, 200, {}, b"YQ=="),
    ],
)
def test_what_a_function_returns_is_the_answer(
    api: RestApi, answer: Any, status: int, headers: dict[str, str], body: bytes
) -> None:
    api.deploy()

    got = api.ask("/", repr(answer))

    assert (got.status, got.body) == (status, body)
    assert {name: got.headers[name] for name in headers} == headers
    assert got.headers["X-Amzn-Trace-Id"].startswith("Root=1-")


@pytest.mark.parametrize(
    "answer",
    [
        *("'text'", "{'a': 1}", "{'statusCode': 'x'}", "{'statusCode': 200, 'body': {}}", "1 / 0", "[]", "None"),
        "{'statusCode': 200, 'headers': {f'a{number}': '' for number in range(200_000)}}",
    ],
)
def test_what_is_no_answer_of_a_proxy_is_a_502(api: RestApi, answer: str) -> None:
    api.deploy()

    got = api.ask("/", answer)

    assert (got.status, got.json) == (502, ERROR)
    assert got.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


def test_the_function_must_let_the_api_in(lam: OwnLam) -> None:
    lam.create("shut", ECHO)
    api = RestApi(lam)
    api.proxy("GET /", "shut")
    api.proxy("GET /missing", "nobody")
    api.deploy()

    assert [(one.status, one.json) for one in (api.ask("/"), api.ask("/missing"))] == [(500, ERROR)] * 2
    let_in(lam, "shut", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/dev/GET/")

    assert api.ask("/").status == 200


def test_what_has_no_stage_or_method_is_forbidden(lam: OwnLam) -> None:
    api = RestApi(lam)
    api.proxy("GET /a", "echo")
    api.deploy()

    nowhere, no_method, no_stage = api.ask("/b"), api.ask("/a", method="PUT"), api.ask("/a", stage="prod")

    assert [(one.status, one.json) for one in (nowhere, no_method)] == [(403, MISSING)] * 2
    assert nowhere.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert (no_stage.status, no_stage.json) == (403, {"message": "Forbidden"})
    assert no_stage.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_a_change_is_served_once_it_is_deployed(api: RestApi) -> None:
    api.proxy("GET /one", "echo")
    api.deploy()
    assert api.ask("/one").json["resource"] == "/one"

    api.proxy("GET /one/two", "echo")
    assert api.ask("/one/two").json["resource"] == "/{proxy+}"
    second = api.deploy()
    assert api.ask("/one/two").json["resource"] == "/one/two"

    first = min(api.client.get_deployments(restApiId=api.id)["items"], key=lambda one: one["id"] == second)["id"]
    operation = {"op": "replace", "path": "/deploymentId", "value": first}
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=[operation])
    assert api.ask("/one/two").json["resource"] == "/{proxy+}"


def test_stages_have_variables_and_a_function_may_be_named_by_one(lam: OwnLam) -> None:
    api = RestApi(lam)
    api.proxy("GET /", "${stageVariables.function}")
    id = api.deploy("dev", variables={"function": "echo", "a": "1"})
    api.client.create_stage(restApiId=api.id, stageName="prod", deploymentId=id, variables={"function": "nobody"})

    assert api.ask("/").json["stageVariables"] == {"function": "echo", "a": "1"}
    assert api.ask("/", stage="prod").status == 500
    api.deploy("dev", variables={"a": "2"})
    assert api.ask("/").json["stageVariables"] == {"function": "echo", "a": "2"}


def test_bytes_come_and_go_by_the_binary_media_types(lam: OwnLam) -> None:
    api = RestApi(lam, binaryMediaTypes=["image/png"])
    api.proxy("POST /", "echo")
    api.deploy()
    answer = '{"statusCode": 200, "body": "AP8=", "isBase64Encoded": True, "headers": {"Content-Type": "image/png"}}'

    as_bytes = api.ask("/", answer.encode(), Content_Type="image/png", Accept="image/png, */*")
    as_text = api.ask("/", answer, Accept="application/json")

    assert as_bytes.body == b"\x00\xff"
    assert as_text.body == b"AP8="
    operation = {"op": "add", "path": "/binaryMediaTypes/*~1*"}
    api.client.update_rest_api(restApiId=api.id, patchOperations=[operation])
    assert api.ask("/", answer).body == b"AP8="
    api.deploy()
    assert api.ask("/", answer).body == b"\x00\xff"


def test_a_function_that_takes_too_long_is_a_504(lam: OwnLam) -> None:
    api = RestApi(lam)
    api.proxy("POST /", "echo", {"timeoutInMillis": 50})
    api.deploy()
    api.ask("/", "{'statusCode': 200}")

    got = api.ask("/", "time.sleep(0.5)")

    assert (got.status, got.json) == (504, {"message": "Endpoint request timed out"})


def test_an_api_tells_its_own_answers_in_its_own_words(lam: OwnLam) -> None:
    api = RestApi(lam)
    api.proxy("GET /a", "echo")
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X-Asked": "method.request.header.X-Ab",
        },
        responseTemplates={"application/json": '{"why":$context.error.messageString,"at":"$context.stage"}'},
    )
    api.deploy()

    got = api.ask("/b", X_Ab="1")

    assert got.status == 404
    assert got.json["why"] == "Missing Authentication Token"
    assert (got.headers["Access-Control-Allow-Origin"], got.headers["X-Asked"]) == ("*", "1")


def test_more_than_an_event_may_have_is_too_large(api: RestApi) -> None:
    api.deploy()

    api.ask("/")

    got: Got = api.ask("/", b"x" * (10 * 1024 * 1024 + 1))
    event: Got = api.ask("/", b"x" * (7 * 1024 * 1024))

    assert [(one.status, one.json) for one in (got, event)] == [(413, {"message": "Request Too Long"})] * 2
    assert got.headers["x-amzn-ErrorType"] == "RequestTooLargeException"


def test_a_canary_has_its_part_of_the_requests(lam: OwnLam) -> None:
    api = RestApi(lam)
    api.proxy("GET /", "echo")
    first = api.deploy(variables={"a": "1"})
    canary = {"percentTraffic": 100.0, "stageVariableOverrides": {"a": "2"}}
    second = api.deploy(canarySettings=canary)

    event = api.ask("/").json

    assert (event["requestContext"]["deploymentId"], event["stageVariables"]) == (second, {"a": "2"})
    assert event["requestContext"]["isCanaryRequest"] is True
    named = {"restApiId": api.id, "stageName": "dev"}
    told = api.client.get_stage(**named)
    assert told["deploymentId"] == first
    assert told["canarySettings"]["percentTraffic"] == 100.0
    operations = [
        {"op": "copy", "path": "/deploymentId", "from": "/canarySettings/deploymentId"},
        {"op": "copy", "path": "/variables", "from": "/canarySettings/stageVariableOverrides"},
        {"op": "remove", "path": "/canarySettings"},
    ]
    api.client.update_stage(**named, patchOperations=operations)
    event = api.ask("/").json
    assert (event["requestContext"]["deploymentId"], event["stageVariables"]) == (second, {"a": "2"})
    assert "isCanaryRequest" not in event["requestContext"]
