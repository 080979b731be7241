"""What strangers send to HTTP APIs, and configurations that make no sense: AWS's errors, and nobody disturbed."""

from __future__ import annotations

import json
import logging
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from function_url_rig import ECHO, ask
from http_apis_rig import REGION, Api, Gateway, arn, let_in
from own import OwnLam, own_emulator
from services_rig import ACCOUNT

SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/apigateway/aws4_request, "
    f"SignedHeaders=host, Signature={'0' * 64}",
    "Content-Type": "application/json",
}
JUNK: list[Any] = [
    "x",
    "",
    0,
    -1,
    1e308,
    True,
    [],
    ["x", None, {}],
    {},
    {"a": {"b": []}},
    "\0\r\n\u2028",
    "\ud800",
    "é" * 2000,
]
PATHS = (
    *("", "/", "//", "/%", "/%00", "/%ff%fe", "/a%2Fb", "/../..", "/..%2f..", "/{id}", "/%7Bproxy%2B%7D", "/$default"),
    *("/a?" + "x=1&" * 900, "/?%zz", "/?=&=&", "/a" * 2000, "/é"),
)
HEADERS: tuple[dict[str, str], ...] = (
    {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/1/2/execute-api/aws4_request, SignedHeaders=, Signature=x"},
    {"Authorization": "AWS4-HMAC-SHA256 " + "Credential=" * 400},
    {"Authorization": "Bearer " + "a." * 2000},
    {"Cookie": ";;;=;a=b;" * 300},
    {"Origin": "null", "Access-Control-Request-Method": "\xff"},
    {"Content-Type": "application/json; charset=\xff", "Content-Encoding": "gzip"},
    {"X-Amzn-Trace-Id": 'Root="},{'},
    {"X-Forwarded-For": '",'},
)


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("attacks"), "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        yield lam


@pytest.fixture(scope="module")
def api(lam: OwnLam) -> Api:
    return Gateway(lam).api({"ANY /{proxy+}": "echo"})


@pytest.fixture
def good(api: Api) -> Iterator[Api]:
    """An API that answers afterwards as it did before."""
    yield api
    assert api.ask("/a").status == 200


def raw(url: str, data: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", PATHS)
def test_no_path_is_more_than_a_request(lam: OwnLam, good: Api, path: str, caplog: pytest.LogCaptureFixture) -> None:
    begins = (f"/_lambda-emu/api/{good.id}", "/_lambda-emu/api", "/_aws/execute-api", f"/_aws/execute-api/{good.id}")
    forms = (*begins, f"/restapis/{good.id}/$default/_user_request_", "/restapis/x/y/_user_request_")

    for begin in forms:
        target = (begin + path).encode()
        answer = raw(lam.emulator.url, b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % target)
        assert answer.split(b" ")[1] in (b"200", b"400", b"403", b"404", b"405"), (target, answer[:500])
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_no_header_is_more_than_a_header(
    good: Api, headers: dict[str, str], payload: str, caplog: pytest.LogCaptureFixture
) -> None:
    api = good.gateway.api()
    told = {"Issuer": "http://127.0.0.1:1", "Audience": ["me"]}
    jwt = api.authorizer("JWT", IdentitySource=["$request.header.Authorization"], JwtConfiguration=told)
    api.route("GET /open", "echo", payload)
    api.route("GET /jwt", "echo", payload, AuthorizationType="JWT", AuthorizerId=jwt)
    api.route("GET /iam", "echo", payload, AuthorizationType="AWS_IAM")

    statuses = [api.ask(path, **headers).status for path in ("/open", "/jwt", "/iam")]

    assert statuses == [500 if payload == "1.0" else 200, 401, 403]
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.usefixtures("good")
def test_a_configuration_that_makes_no_sense_serves_nobody(lam: OwnLam, caplog: pytest.LogCaptureFixture) -> None:
    random.seed(7)

    def make(path: str, **told: Any) -> Any:
        answer = ask(lam.emulator.url, json.dumps(told).encode(), "POST", SIGNED, f"/v2/apis{path}")
        return answer.json if answer.status < 300 else {}

    def junk(*sense: Any) -> Any:
        return random.choice([*JUNK, *sense * 5])

    statuses = set()
    for _ in range(25):
        id = make("", name=junk(), protocolType="HTTP", corsConfiguration=junk(), target=junk()).get("apiId")
        if id is None:
            continue
        uris = (arn("echo"), junk())
        made = [
            make(f"/{id}/integrations", integrationType=junk("AWS_PROXY"), integrationUri=uri, credentialsArn=junk())
            for uri in uris
        ]
        targets = [f"integrations/{one['integrationId']}" for one in made if one]
        jwt = {"authorizerType": junk("JWT", "REQUEST"), "identitySource": junk(), "jwtConfiguration": junk()}
        by = make(f"/{id}/authorizers", name="a", authorizerUri=junk(), authorizerResultTtlInSeconds=junk(), **jwt)
        for key in ("GET /a", "GET /b", junk()):
            guarded = {"authorizationType": junk("JWT", "CUSTOM", "NONE"), "authorizerId": by.get("authorizerId")}
            make(f"/{id}/routes", routeKey=key, target=junk(*targets), authorizationScopes=junk(), **guarded)
        make(f"/{id}/stages", stageName="$default", autoDeploy=True, stageVariables=junk())
        make(f"/{id}/stages", stageName=junk(), autoDeploy=junk())
        headers, begin = {"Authorization": "x", "Origin": "http://a.test"}, f"/_lambda-emu/api/{id}/"
        statuses |= {ask(lam.emulator.url, headers=headers, path=begin + path).status for path in "ab"}

    assert 500 in statuses
    assert statuses <= {200, 401, 403, 404, 500}
    assert not [one for one in caplog.records if one.name.startswith("lambda_emu.triggers")]


@pytest.mark.usefixtures("good")
def test_ids_that_nobody_has_disturb_nobody(lam: OwnLam) -> None:
    def look(number: int) -> int:
        return ask(lam.emulator.url, path=f"/_lambda-emu/api/nobody{number}/").status

    with ThreadPoolExecutor(16) as threads:
        statuses = set(threads.map(look, range(400)))

    assert statuses == {404}


def test_an_api_that_leads_back_to_itself_ends(lam: OwnLam, good: Api) -> None:
    code = f"""
    from urllib.request import urlopen
    from urllib.error import HTTPError
    def handler(event, context):
        try:
            url = {lam.emulator.url!r} + "/_lambda-emu/api/" + event["headers"]["x-api"] + "/"
            return urlopen(url, timeout=20).status
        except HTTPError as error:
            return error.code
    """
    lam.create("loop", "\n".join(line[4:] for line in code.splitlines()), Timeout=30)
    let_in(lam, "loop")
    lam.client.put_function_concurrency(FunctionName="loop", ReservedConcurrentExecutions=1)
    api = good.gateway.api({"$default": "loop"})

    assert api.ask("/", **{"X-Api": api.id}).json == 503
