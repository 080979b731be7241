"""HTTP APIs of one server, who asks them, and who is asked by them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import pytest
from function_url_rig import ECHO, Got, ask
from lam import Lam
from own import OwnLam, own_emulator
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, sdk

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
