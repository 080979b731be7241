"""HTTP APIs of API Gateway, made by boto3 and asked over HTTP. docs/contract/events.md#http-apis."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from inside import probe
from lam import Lam
from own import OwnLam, own_emulator
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, sdk
from test_function_urls import ECHO, Got, ask

REGION = "us-east-1"
INVOKE_ARN = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
ERROR = {"message": "Internal Server Error"}
NOT_FOUND = {"message": "Not Found"}


class Gateway:
    """boto3's client of API Gateway v2, and short words for what tests do all the time."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.client = sdk(lam, "apigatewayv2")

    def api(self, routes: Mapping[str, str] | None = None, stage: str = "$default", **api: Any) -> Api:
        """An API with a stage that is deployed to. routes: by key, the functions they lead to."""
        told = self.client.create_api(Name="api", ProtocolType="HTTP", **api)
        made = Api(self, told["ApiId"], told["ApiEndpoint"])
        for key, function in (routes or {}).items():
            made.route(key, function)
        if stage:
            made.stage(stage)
        return made


class Api:
    def __init__(self, gateway: Gateway, id: str, endpoint: str) -> None:
        self.gateway = gateway
        self.client = gateway.client
        self.id = id
        self.endpoint = endpoint

    def route(self, key: str, function: str, payload: str = "2.0", integration: Any = None, **route: Any) -> str:
        """Its id. integration: more of it."""
        uri = function if ":" in function else arn(function)
        told = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "PayloadFormatVersion": payload} | (
            integration or {}
        )
        made = self.client.create_integration(ApiId=self.id, **told)["IntegrationId"]
        target = f"integrations/{made}"
        found: str = self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **route)["RouteId"]
        return found

    def stage(self, name: str, **stage: Any) -> None:
        self.client.create_stage(ApiId=self.id, StageName=name, **{"AutoDeploy": True, **stage})

    def ask(self, path: str = "/", body: str | bytes | None = None, method: str = "", **headers: str) -> Got:
        """By the endpoint that was told."""
        return ask(self.endpoint, body, method, headers, path)

    def authorizer(self, kind: str, **authorizer: Any) -> str:
        found: str = self.client.create_authorizer(ApiId=self.id, AuthorizerType=kind, Name=kind, **authorizer)[
            "AuthorizerId"
        ]
        return found


def arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def let_in(lam: Lam, function: str, source: str | None = None) -> None:
    """API Gateway may invoke the function."""
    more: Any = {} if source is None else {"SourceArn": source}
    lam.client.add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        **more,
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("apis"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    yield shared
    shared.close()


@pytest.fixture
def gateway(lam: OwnLam) -> Gateway:
    return Gateway(lam)


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


def test_the_configuration_of_cors_answers_browsers(gateway: Gateway) -> None:
    cors = {"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a"], "MaxAge": 7}
    api = gateway.api({"ANY /a": "echo"}, CorsConfiguration=cors)
    page = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "cross-site"}
    asking = {"Access-Control-Request-Method": "GET"}
    said = "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'mine', 'x-b': 1}}"

    preflight = api.ask("/a", method="OPTIONS", **page, **asking)
    foreign = api.ask("/a", method="OPTIONS", **{"Origin": "http://localhost:4000"}, **asking)
    answer = api.ask("/a", said, **page)
    lost = api.ask("/b", **page)

    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET"
    assert preflight.headers["Access-Control-Max-Age"] == "7"
    assert (foreign.status, foreign.headers["Access-Control-Allow-Origin"]) == (204, None)
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["http://localhost:3000"]
    assert answer.headers["x-b"] == "1"
    assert (lost.status, lost.headers["Access-Control-Allow-Origin"]) == (404, "http://localhost:3000")


def test_without_a_configuration_cors_is_the_functions_own_matter(gateway: Gateway) -> None:
    api = gateway.api({"$default": "echo"})

    answer = api.ask(
        "/", "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*'}}", "OPTIONS", Origin="http://x.test"
    )

    assert (answer.status, answer.headers.get_all("Access-Control-Allow-Origin")) == (200, ["*"])


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


class Upstream:
    """Answers by HTTP what it was asked; `/large` many bytes, `/never` nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.goes = Event()

    def answer(self, exchange: Exchange) -> None:
        told = [
            exchange.command,
            exchange.path,
            body_of(exchange).decode(),
            exchange.headers["x-a"],
            exchange.headers["connection"],
        ]
        if exchange.path == "/never":
            self.goes.wait(30)
        body = b"x" * 3_000_000 if exchange.path == "/large" else json.dumps(told).encode()
        send(exchange, body, 201, X_Up="1", Access_Control_Allow_Origin="*", Keep_Alive="1")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    with http_server(upstream.answer) as upstream.url:
        yield upstream
    upstream.goes.set()


def passing(gateway: Gateway, url: str, method: str = "ANY", **api: Any) -> Api:
    made = gateway.api(**api)
    told = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": method, "TimeoutInMillis": 2000}
    made.route("ANY /{proxy+}", url, "1.0", told)
    return made


def test_a_request_is_passed_on_to_a_url(gateway: Gateway, upstream: Upstream) -> None:
    api = passing(gateway, upstream.url + "/base/{proxy}?own=1")

    answer = api.ask("/a/b%20c?x=%C3%A9", "hello", "PUT", **{"X-A": "1", "Connection": "x-b", "X-B": "2"})
    large = passing(gateway, upstream.url + "/{proxy}").ask("/large")

    assert answer.json == ["PUT", "/base/a/b%20c?own=1&x=%C3%A9", "hello", "1", None]
    assert (answer.status, answer.headers["X-Up"], answer.headers["Keep-Alive"]) == (201, "1", None)
    assert answer.headers["Apigw-Requestid"]
    assert large.body == b"x" * 3_000_000


def test_who_is_asked_instead_may_not_answer(gateway: Gateway, upstream: Upstream) -> None:
    unavailable = {"message": "Service Unavailable"}

    slow = passing(gateway, upstream.url + "/never").ask("/a")
    nobody = passing(gateway, "http://127.0.0.1:1/").ask("/a")

    assert (slow.status, slow.json) == (nobody.status, nobody.json) == (503, unavailable)


def test_an_api_that_is_passed_on_to_itself_ends(gateway: Gateway) -> None:
    api = passing(gateway, gateway.lam.emulator.url + "/_lambda-emu/api/${stageVariables.api}/{proxy}", stage="")
    api.stage("$default", StageVariables={"api": api.id})

    answer = api.ask("/a")

    assert (answer.status, "leads back to its own API" in answer.headers["X-Lambda-Emu-Hint"]) == (500, True)
    assert gateway.api({"$default": "echo"}).ask("/").status == 200


def test_cors_of_the_api_replaces_what_is_answered_elsewhere(gateway: Gateway, upstream: Upstream) -> None:
    api = passing(gateway, upstream.url, CorsConfiguration={"AllowOrigins": ["http://a.test"]})

    answer = api.ask("/a", Origin="http://a.test")

    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["http://a.test"]


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
