"""HTTP APIs of API Gateway, made by boto3 and asked over HTTP. docs/contract/events.md#http-apis."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from function_url_rig import ECHO, ask
from http_apis_rig import ERROR, INVOKE_ARN, NOT_FOUND, REGION, Gateway, arn, gateway, lam, let_in, shared, upstream
from inside import probe
from own import OwnLam, own_emulator
from services_rig import ACCOUNT

__all__ = ["gateway", "lam", "shared", "upstream"]  # fixtures


def test_the_endpoint_that_is_told_calls_the_function_as_it_stands(gateway: Gateway) -> None:
    api = gateway.api({"GET /items/{id}": "echo"})
    told = gateway.client.get_api(ApiId=api.id)["ApiEndpoint"]

    with urlopen(f"{told}/items/a%20b?x=1&x=2", timeout=30) as answer:
        event = json.load(answer)

    assert told == api.endpoint
    assert answer.headers["Apigw-Requestid"] == event["requestContext"]["requestId"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "GET /items/{id}"
    assert event["rawPath"] == "/items/a%20b"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["requestContext"]["accountId"] == ACCOUNT
    assert event["requestContext"]["apiId"] == event["requestContext"]["domainPrefix"] == api.id


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("{id}.execute-api.us-east-1.localhost:9000", "/a/b"),
        ("{id}.execute-api.localhost.localstack.cloud:4566", "/a/b"),
        ("{id}.execute-api.us-east-1.localhost.localstack.cloud", "/a/b"),
        ("127.0.0.1", "/_lambda-emu/api/{id}/a/b"),
        ("127.0.0.1", "/restapis/{id}/$default/_user_request_/a/b"),
        ("localhost:4566", "/_aws/execute-api/{id}/$default/a/b"),
    ],
)
def test_it_is_called_by_every_form_of_its_address(lam: OwnLam, gateway: Gateway, host: str, path: str) -> None:
    api = gateway.api({"GET /a/{rest+}": "echo"})
    name = host.format(id=api.id)

    event = ask(lam.emulator.url, headers={"Host": name}, path=path.format(id=api.id)).json

    assert (event["rawPath"], event["pathParameters"]) == ("/a/b", {"rest": "b"})
    is_named = name.startswith(api.id)
    expected = name.partition(":")[0] if is_named else f"{api.id}.execute-api.us-east-1.localhost"
    assert event["requestContext"]["domainName"] == expected


def test_payload_format_1_0_is_answered_whole_or_not_at_all(gateway: Gateway) -> None:
    api = gateway.api()
    api.route("ANY /v1/{id}", "echo", payload="1.0")
    whole = {
        "statusCode": "201",
        "headers": {"X-A": "1", "x-b": "single"},
        "multiValueHeaders": {"X-B": ["2", "3"], "Set-Cookie": ["a=1", "b=2"]},
        "body": "aGk=",
        "isBase64Encoded": True,
    }

    answer = api.ask("/v1/7?x=1&x=2", repr(whole))
    inferred = api.ask("/v1/7", "{'a': 1}")
    event = api.ask("/v1/7?x=1&x=2", '{"statusCode": 200, "body": json.dumps(event)}').json

    assert (answer.status, answer.body, answer.headers["x-a"]) == (201, b"hi", "1")
    assert answer.headers.get_all("x-b") == ["2", "3"]
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert (inferred.status, inferred.json) == (500, ERROR)
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/v1/{id}", "/v1/7")
    assert (event["queryStringParameters"], event["pathParameters"]) == ({"x": "2"}, {"id": "7"})
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_a_stage_throttles_its_routes(gateway: Gateway) -> None:
    """A route by its own settings, the others together."""
    api = gateway.api({"GET /a": "echo", "GET /b": "echo", "GET /c": "echo"}, stage="")
    api.client.create_stage(
        ApiId=api.id,
        StageName="$default",
        AutoDeploy=True,
        DefaultRouteSettings={"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2},
        RouteSettings={"GET /a": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}},
    )

    got = [api.ask(path) for path in ("/a", "/a", "/b", "/c", "/b")]

    assert [one.status for one in got] == [200, 429, 200, 200, 429]
    assert got[1].json == {"message": "Too Many Requests"}


def test_payload_format_2_0_is_answered_whole_or_inferred(gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})

    whole = api.ask("/", "{'statusCode': 418, 'headers': {'x-a': 1}, 'cookies': ['a=1', 'b=2'], 'body': 'tea'}")
    inferred = api.ask("/", "{'a': 1}")
    text = api.ask("/", "'hello'")
    cookies = api.ask("/", "event['cookies']", **{"Cookie": "a=1; b=2"})
    binary = api.ask("/", b"[event['isBase64Encoded'], body]", "POST", **{"Content-Type": "application/x-thing"})

    assert (whole.status, whole.body, whole.headers["x-a"]) == (418, b"tea", "1")
    assert whole.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert (inferred.status, inferred.json, inferred.headers["content-type"]) == (200, {"a": 1}, "application/json")
    assert text.body == b"hello"
    assert cookies.json == ["a=1", "b=2"]
    assert binary.json[0] is True


@pytest.mark.parametrize(
    "said",
    [
        *("{'statusCode': 'x'}", "{'statusCode': 200, 'body': 1}", "1 / 0", "os._exit(1)"),
        "{'statusCode': 200, 'headers': {'a': 'b' * 10_240}}",
    ],
)
def test_a_function_that_fails_is_an_internal_server_error(gateway: Gateway, said: str) -> None:
    answer = gateway.api({"$default": "echo"}).ask("/", said)

    assert (answer.status, answer.json) == (500, ERROR)
    assert answer.headers["X-Lambda-Emu-Hint"]


def test_what_has_no_route_stage_or_api_is_not_found(lam: OwnLam, gateway: Gateway) -> None:
    api = gateway.api({"GET /a": "echo"}, stage="dev")

    answers = [
        *(api.ask("/dev/b"), api.ask("/dev/a", method="PUT"), api.ask("/a"), api.ask("/")),
        ask(lam.emulator.url, path="/_lambda-emu/api/nobody/a"),
        ask(lam.emulator.url, path="/_lambda-emu/api/"),
        ask(lam.emulator.url, path="/restapis/x%22y/dev/_user_request_/a"),
        ask(lam.emulator.url, headers={"Host": f"{api.id}.execute-api.eu-west-1.localhost"}, path="/dev/a"),
    ]

    assert {(answer.status, json.dumps(answer.json)) for answer in answers} == {(404, json.dumps(NOT_FOUND))}
    assert api.ask("/dev/a").status == 200


def test_a_named_stage_is_part_of_the_path_and_has_variables(lam: OwnLam, gateway: Gateway) -> None:
    lam.create("blue", ECHO)
    let_in(lam, "blue", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*/dev/GET/who")
    api = gateway.api(stage="")
    api.route("GET /who", INVOKE_ARN.format(arn("${stageVariables.color}")))
    api.stage("dev", StageVariables={"color": "blue"})
    api.stage("prod", StageVariables={"color": "echo"})

    dev = api.ask("/dev/who").json
    told = ask(lam.emulator.url, path=f"/restapis/{api.id}/dev/_user_request_/who").json

    for event in (dev, told):
        assert (event["rawPath"], event["requestContext"]["stage"]) == ("/dev/who", "dev")
        assert event["stageVariables"] == {"color": "blue"}
    assert api.ask("/prod/who").json["stageVariables"] == {"color": "echo"}
    assert api.ask("/who").status == 404


def test_a_stage_without_automatic_deployment_serves_what_was_deployed(gateway: Gateway) -> None:
    api = gateway.api(stage="")
    route = api.route("GET /a", "echo")
    api.stage("$default", AutoDeploy=False)

    before = api.ask("/a").status
    gateway.client.create_deployment(ApiId=api.id, StageName="$default")
    gateway.client.update_route(ApiId=api.id, RouteId=route, RouteKey="GET /b")
    deployed = api.ask("/a").status, api.ask("/b").status
    gateway.client.update_stage(ApiId=api.id, StageName="$default", AutoDeploy=True)

    assert before == 404
    assert deployed == (200, 404)
    assert (api.ask("/a").status, api.ask("/b").status) == (404, 200)


def test_an_api_that_is_made_with_a_target_can_be_called(gateway: Gateway) -> None:
    api = gateway.api(stage="", Target=arn("echo"))

    event = api.ask("/any/thing").json

    assert (event["routeKey"], event["rawPath"]) == ("$default", "/any/thing")


def test_an_api_that_is_imported_can_be_called(gateway: Gateway) -> None:
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": arn("echo")}
    paths = {"/items/{id}": {"get": {"x-amazon-apigateway-integration": integration}}}
    document = {"openapi": "3.0.1", "info": {"title": "items", "version": "1"}, "paths": paths}

    made = gateway.client.import_api(Body=json.dumps(document))
    gateway.client.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)

    event = ask(made["ApiEndpoint"], path="/items/7").json
    assert (made["Name"], event["routeKey"], event["pathParameters"]) == ("items", "GET /items/{id}", {"id": "7"})
    with pytest.raises(gateway.client.exceptions.ClientError):
        gateway.client.import_api(Body="[")
    assert all(api["Name"] for api in gateway.client.get_apis()["Items"])


def test_every_change_is_seen_by_the_next_request(gateway: Gateway) -> None:
    api = gateway.api({"GET /a": "echo"})
    assert api.ask("/b").status == 404

    api.route("GET /b", "echo")

    assert api.ask("/b").status == 200
    gateway.client.update_api(ApiId=api.id, DisableExecuteApiEndpoint=True)
    assert api.ask("/b").status == 404
    gateway.client.delete_api(ApiId=api.id)
    assert api.ask("/a").status == 404


def test_no_request_waits_for_the_process_of_the_control_plane(lam: OwnLam, gateway: Gateway) -> None:
    api = gateway.api({"GET /a": "echo"})
    assert api.ask("/a").status == 200
    assert lam.emulator.around.child.pid is not None

    os.kill(lam.emulator.around.child.pid, signal.SIGSTOP)
    try:
        statuses = {api.ask("/a", **{"X-A": str(number)}).status for number in range(20)}
    finally:
        os.kill(lam.emulator.around.child.pid, signal.SIGCONT)

    assert statuses == {200}


def test_the_function_must_let_the_api_in(lam: OwnLam, gateway: Gateway) -> None:
    lam.create("closed", ECHO)
    api = gateway.api({"GET /a/{id}": "closed", "$default": "closed"})
    refused = api.ask("/a/1")

    let_in(lam, "closed", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/*/GET/a/{{id}}")

    assert (refused.status, refused.json) == (500, ERROR)
    assert "apigateway.amazonaws.com" in refused.headers["X-Lambda-Emu-Hint"]
    assert api.ask("/a/1").status == 200
    assert api.ask("/b").status == 500
    lam.client.remove_permission(FunctionName="closed", StatementId="api")
    assert api.ask("/a/1").status == 500


def test_a_function_that_takes_too_long_is_unavailable(
    lam: OwnLam, gateway: Gateway, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    lam.create("slow", ECHO, Timeout=60)
    let_in(lam, "slow")
    api = gateway.api()
    api.route("$default", "slow", integration={"TimeoutInMillis": 5000})

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(api.ask, "/", "time.sleep(20)")
        eventually(lambda: [one for one in lam.environments("slow") if one.state == "BUSY"], "it to run")
        lam.clock.advance(5.1)
        answer = waiting.result(15)

    assert (answer.status, answer.json) == (503, {"message": "Service Unavailable"})


def test_without_concurrency_it_is_unavailable(lam: OwnLam, gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})
    lam.client.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=0)

    assert api.ask("/").json == {"message": "Service Unavailable"}


@pytest.mark.parametrize("size", [200_000, 4_000_000])
def test_large_bodies_go_both_ways(gateway: Gateway, size: int) -> None:
    api = gateway.api({"$default": "echo"})
    body = f"'{'x' * size}'"

    assert api.ask("/", body).body == b"x" * size


def test_more_than_an_event_may_have_is_too_large(gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})

    for size in (7_000_000, 11_000_000):
        answer = api.ask("/", "x" * size)
        assert (answer.status, answer.json) == (413, {"message": "Request Entity Too Large"})


def test_by_its_path_a_page_has_not_the_origin_of_the_lambda_api(lam: OwnLam, gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})
    by_path = ask(lam.emulator.url, path=f"/_lambda-emu/api/{api.id}/")
    by_host = ask(lam.emulator.url, headers={"Host": f"{api.id}.execute-api.us-east-1.localhost"})

    assert by_path.headers["Content-Security-Policy"].startswith("sandbox")
    assert by_host.headers["Content-Security-Policy"] is None


@pytest.mark.docker
def test_a_function_in_a_container_makes_an_api_and_calls_it(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", stems=0, pull_images=False, docker_network="none", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        inside = probe(lam, MemorySize=1769, Timeout=60)

        answer = inside.run(
            f"""
        import boto3
        from urllib.request import urlopen
        client = boto3.client("apigatewayv2")
        api = client.create_api(Name="made", ProtocolType="HTTP", Target={arn("echo")!r})
        result = [api["ApiEndpoint"], json.load(urlopen(api["ApiEndpoint"] + "/a", timeout=30))["rawPath"]]
        """.replace("import boto3", "import boto3, json")
        )

        assert answer[1] == "/a"
        assert answer[0] != Gateway(lam).client.get_apis()["Items"][0]["ApiEndpoint"]


def test_an_answer_to_head_has_no_body(gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})
    parts = urlsplit(api.endpoint)
    connection = HTTPConnection(parts.netloc, timeout=30)

    for _ in range(2):
        connection.request("HEAD", f"{parts.path}/a")
        assert connection.getresponse().read() == b""
        connection.request("GET", f"{parts.path}/b")
        assert json.loads(connection.getresponse().read())["rawPath"] == "/b"
    connection.close()


def test_a_route_has_a_key_of_its_own(gateway: Gateway) -> None:
    api = gateway.api({"GET /a": "echo"})
    other = api.route("GET /b", "echo")
    refused = gateway.client.exceptions

    for key in ("GET a", "get /a", "/a", "$connect"):
        with pytest.raises(refused.BadRequestException):
            api.route(key, "echo")
    with pytest.raises(refused.ConflictException):
        api.route("GET /a", "echo")
    with pytest.raises(refused.ConflictException):
        gateway.client.update_route(ApiId=api.id, RouteId=other, RouteKey="GET /a")
    with pytest.raises(refused.ConflictException):
        api.stage("$default")
    with pytest.raises(refused.NotFoundException):
        gateway.client.create_deployment(ApiId=api.id, StageName="nobody")
    with pytest.raises(refused.NotFoundException):
        gateway.client.get_deployment(ApiId=api.id, DeploymentId="nobody")

    gateway.client.update_route(ApiId=api.id, RouteId=other, RouteKey="GET /b")
    assert api.ask("/b").status == 200


def test_a_change_whose_answer_nobody_waits_for_is_seen_too(
    lam: OwnLam, gateway: Gateway, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    api = gateway.api({"GET /a": "echo"})
    assert api.ask("/a").status == 200
    pid = lam.emulator.around.child.pid
    assert pid is not None
    parts = urlsplit(lam.emulator.url)
    signed = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/apigateway/aws4_request, SignedHeaders=host, "

    os.kill(pid, signal.SIGSTOP)
    try:
        with closing(HTTPConnection(parts.netloc, timeout=30)) as leaving:
            leaving.request("DELETE", f"/v2/apis/{api.id}", headers={"Authorization": f"{signed}Signature={'0' * 64}"})
            assert ask(lam.emulator.url, path="/_lambda-emu/url/nobody/").status == 403  # it is on its way
    finally:
        os.kill(pid, signal.SIGCONT)

    eventually(lambda: api.ask("/a").status == 404, "the API to be gone")


def test_an_api_is_served_after_a_restart_and_gone_after_a_reset(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        api = Gateway(lam).api(stage="")
        route = api.route("GET /a", "echo")
        api.stage("$default", AutoDeploy=False)
        api.client.create_deployment(ApiId=api.id, StageName="$default")
        api.client.update_route(ApiId=api.id, RouteId=route, RouteKey="GET /b")

    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        path = f"/_lambda-emu/api/{api.id}"
        again = [ask(lam.emulator.url, path=f"{path}/{name}").status for name in "ab"]
        lam.emulator.reset()
        after = ask(lam.emulator.url, path=f"{path}/a").status

    assert again == [200, 404]
    assert after == 404
