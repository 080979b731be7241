"""Requests and configurations that mean no good, at REST APIs: each has an answer, and the others go on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from function_url_rig import ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, RestApi, invoke_arn
from services_rig import ACCOUNT

JSON = "application/json"
ERROR = {"message": "Internal server error"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("attacks"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    yield shared
    shared.close()


@pytest.fixture
def api(lam: OwnLam) -> RestApi:
    made = RestApi(lam)
    made.proxy("ANY /{proxy+}", "echo")
    return made


@pytest.mark.parametrize(
    "path",
    [
        *("/%", "/%zz", "/%00", "/..", "/../../etc/passwd", "//", "/a//b", "/" + "a/" * 4000, "/" + "a" * 30_000),
        *(
            "/a?" + "&" * 20_000,
            "/a?" + "x=1&" * 5000,
            "/%7Bproxy+%7D",
            "/a?%",
            "/a?=",
            "/;",
        ),
    ],
)
def test_no_path_is_more_than_a_path(api: RestApi, path: str) -> None:
    api.deploy()

    got = api.ask(path)

    assert got.status in (200, 400, 403, 414)
    assert api.ask("/good").status == 200


@pytest.mark.parametrize(
    "template",
    [
        "#foreach($a in [1..1000000])#foreach($b in [1..1000000])x#end#end",
        "#set($a = 'x')#foreach($i in [1..64])#set($a = $a + $a)#end$a",
        "#macro(f)#f()#end#f()",
        "$input.class.forName('java.lang.Runtime')",
        "$input.getClass()",
        "#if(",
        '$util.parseJson("' + "[" * 50_000 + '")',
        "$input.path('$..[?(@.a =~ /(a+)+$/)]')",
    ],
)
def test_a_hostile_template_ends_and_disturbs_nobody(api: RestApi, template: str) -> None:
    api.answers(api.mock("POST /hostile"), responseTemplates={JSON: template})
    api.deploy()
    api.ask("/good")

    begun_s = time.monotonic()
    with ThreadPoolExecutor(8) as many:
        hostile = [
            many.submit(api.ask, "/hostile", '{"a": "' + "a" * 5000 + 'b"}', Content_Type=JSON) for _ in range(8)
        ]
        good = [api.ask("/good").status for _ in range(20)]
        got = [one.result() for one in hostile]

    assert good == [200] * 20
    assert {one.status for one in got} <= {200, 500}
    assert all(len(one.body) <= 11 * 1024 * 1024 for one in got)
    assert time.monotonic() - begun_s < 30


def test_an_api_that_leads_back_to_itself_ends(lam: OwnLam) -> None:
    api = RestApi(lam)
    url = f"{lam.url}/_lambda-emu/api/{api.id}/dev/"
    api.method("ANY /", {"type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": url})
    api.deploy()

    got = api.ask("/")

    assert (got.status, got.json) == (500, ERROR)


def test_many_resources_are_routed_as_fast_as_few(lam: OwnLam) -> None:
    api = RestApi(lam)
    document: dict[str, Any] = {"openapi": "3.0.1", "info": {"title": "many", "version": "1"}, "paths": {}}
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": invoke_arn("echo")}
    for number in range(60):
        path = f"/a{number}" + "/{x}" * (number % 8)
        document["paths"][path] = {"get": {"responses": {}, "x-amazon-apigateway-integration": proxy}}
    api.client.put_rest_api(restApiId=api.id, mode="merge", body=json.dumps(document).encode())
    api.deploy()

    assert api.ask("/a0").json["resource"] == "/a0"
    assert api.ask("/a7/1/2/3/4/5/6/7").json["pathParameters"] == {"x": "7"}
    assert api.ask("/a59" + "/1" * 3).json["resource"] == "/a59/{x}/{x}/{x}"
    assert api.ask("/a60").status == 403


def test_an_api_that_is_deployed_all_the_while_answers_meanwhile(lam: OwnLam) -> None:
    """It is read while others of the process that keeps it change it; as often as it takes."""
    api = RestApi(lam)
    answer = {"statusCode": "200", "responseTemplates": {JSON: '"$context.resourcePath"'}}
    mock = {"type": "mock", "requestTemplates": {JSON: '{"statusCode": 200}'}, "responses": {"default": answer}}
    method = {"responses": {"200": {"description": "a"}}, "x-amazon-apigateway-integration": mock}
    paths = {f"/a{number}": dict.fromkeys(("get", "put", "post", "delete"), method) for number in range(60)}
    document = {"openapi": "3.0.1", "info": {"title": "many", "version": "1"}, "paths": paths}
    api.client.put_rest_api(restApiId=api.id, mode="merge", body=json.dumps(document).encode())
    api.deploy()
    is_over = threading.Event()

    def ask_on() -> set[Any]:
        found = set()
        while not is_over.is_set():
            got = api.ask("/a7")
            found.add((got.status, got.json))
        return found

    with ThreadPoolExecutor(4) as askers:
        asking = [askers.submit(ask_on) for _ in range(4)]
        for _ in range(12):
            api.deploy()
        is_over.set()
        assert set.union(*(one.result() for one in asking)) == {(200, "/a7")}


def test_a_gateway_response_that_names_what_is_long_again_and_again_ends(api: RestApi) -> None:
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.X-A": "method.request.header.x-ab"},
        responseTemplates={JSON: "$context.path" * 10_000},
    )
    api.proxy("GET /keyed", "echo", apiKeyRequired=True)
    api.deploy()

    got = api.ask("/keyed?" + "x" * 3000, X_Ab="a\tb")

    assert got.status == 403
    assert len(got.body) <= 64 * 1024


def test_what_is_no_name_of_an_api_is_asked_of_nobody(lam: OwnLam) -> None:
    names = ["", "..", "a" * 65, "a.b", "%00", "nobody1234"]

    got = [ask(f"{lam.url}/_lambda-emu/api/{name}/dev/a") for name in names]

    assert [one.status for one in got] == [404] * len(names)
