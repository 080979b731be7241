"""Sample events of HTTP, WebSockets and user pools have the shape of those that a server sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from function_url_rig import ask, made
from http_apis_rig import Gateway, let_in
from pools_rig import FLOWS, PASSWORD, TRIGGERS, allow
from rest_rig import RestApi, invoke_arn
from sample_rig import ARN, NAME, Hearer, hearer, sample, shape
from socket_rig import SocketApi
from waiting import Eventually

SAID = {"User-Agent": "a test", "Authorization": "Bearer abc"}
HEADER = "method.request.header.Authorization"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearer]:
    with hearer(tmp_path_factory.mktemp("project")) as made:
        balancers = "{alb: /one}, {alb: {path: /several, multi_value: yes}}"
        made.deploy(f"[{balancers}]")
        let_in(made.lam, NAME)
        yield made


def test_requests_to_function_urls(told: Hearer, eventually: Eventually) -> None:
    url = made(told.lam, NAME)

    assert ask(url, "{}", "POST", SAID, "orders?page=1&to=url").status == 200

    real = told.heard(eventually, "to=url")
    assert shape(sample("url", "request", query="page=1&to=url")) == shape(real)


def test_requests_to_http_apis(told: Hearer, eventually: Eventually) -> None:
    api = Gateway(told.lam).api()
    for version in ("1.0", "2.0"):
        more: Any = {} if version == "1.0" else {"EnableSimpleResponses": False}
        judge = api.authorizer(
            "REQUEST",
            AuthorizerUri=invoke_arn(NAME),
            AuthorizerPayloadFormatVersion=version,
            IdentitySource=["$request.header.Authorization"],
            **more,
        )
        api.route(f"POST /v{version[0]}", NAME, version)
        api.route(f"POST /guarded{version[0]}", NAME, version, AuthorizationType="CUSTOM", AuthorizerId=judge)

    for path in ("v1", "v2", "guarded1", "guarded2"):
        assert api.ask(f"/{path}?page=1", "{}", "POST", **SAID).status == 200

    for type, path, version in (("request-v1", "v1", "1.0"), ("request", "v2", "2.0")):
        real = told.heard(eventually, f'"{version}"', f'"POST /{path}"' if path == "v2" else f'"resource": "/{path}"')
        assert shape(sample("http", type)) == shape(real)
    for type, path in (("authorizer-v1", "guarded1"), ("authorizer", "guarded2")):
        assert shape(sample("http", type)) == shape(told.heard(eventually, '"type": "REQUEST"', path))


def test_requests_to_rest_apis(told: Hearer, eventually: Eventually) -> None:
    api = RestApi(told.lam)
    judged = {"authorizerUri": invoke_arn(NAME), "identitySource": HEADER, "authorizerResultTtlInSeconds": 0}
    for kind in ("TOKEN", "REQUEST"):
        named = {"restApiId": api.id, "name": kind, "type": kind}
        judge = api.client.create_authorizer(**named, **judged)["id"]
        api.proxy(f"POST /{kind.lower()}", NAME, authorizationType="CUSTOM", authorizerId=judge)
    api.proxy("POST /plain", NAME)
    api.deploy()

    for path in ("plain", "token", "request"):
        assert api.ask(f"/{path}?page=1", "{}", "POST", **SAID).status == 200

    assert shape(sample("rest", "request", resource="/orders")) == shape(told.heard(eventually, '"resource": "/plain"'))
    assert shape(sample("rest", "authorizer-token")) == shape(told.heard(eventually, '"type": "TOKEN"'))
    real = told.heard(eventually, '"type": "REQUEST"', '"resource": "/request"')
    assert shape(sample("rest", "authorizer-request", resource="/orders")) == shape(real)


def test_requests_to_load_balancers(told: Hearer, eventually: Eventually) -> None:
    host = {"Host": "lambda-emu.elb.localhost", **SAID}

    for path in ("one", "several"):
        assert ask(told.lam.url, "{}", "POST", host, f"/{path}?page=1").status == 200

    for type, path in (("request", "one"), ("request-multi-value", "several")):
        assert shape(sample("alb", type)) == shape(told.heard(eventually, f'"path": "/{path}"'))


def test_connections_and_messages_of_web_sockets(told: Hearer, eventually: Eventually) -> None:
    api = SocketApi(told.lam, {})
    uri = invoke_arn(NAME)
    made = {"Name": "guard", "AuthorizerType": "REQUEST", "AuthorizerUri": uri, "IdentitySource": []}
    judge = api.client.create_authorizer(ApiId=api.id, **made)["AuthorizerId"]
    api.route("$connect", NAME, AuthorizationType="CUSTOM", AuthorizerId=judge)
    for key in ("$default", "$disconnect"):
        api.route(key, NAME)
    plain = SocketApi(told.lam, {"$connect": NAME, "$default": NAME, "$disconnect": NAME})
    with api.call("?room=1", **_underscored(SAID)):
        pass
    with plain.call("?room=1", **_underscored(SAID)) as caller:
        caller.say("hello")
        real = told.heard(eventually, '"body": "hello"')

    assert shape(sample("websocket", "message")) == shape(real)
    assert shape(sample("websocket", "authorizer")) == shape(told.heard(eventually, '"type": "REQUEST"', "$connect"))
    for type, kind in (("connect", "CONNECT"), ("disconnect", "DISCONNECT")):
        real = told.heard(eventually, f'"eventType": "{kind}"', plain.id)
        assert shape(sample("websocket", type)) == shape(real)


def test_triggers_of_user_pools(told: Hearer, eventually: Eventually) -> None:
    idp = told.sdk("cognito-idp")
    pool = idp.create_user_pool(
        PoolName="people", LambdaConfig=dict.fromkeys(TRIGGERS, ARN), AutoVerifiedAttributes=["email"]
    )["UserPool"]
    allow(told.lam, NAME, pool["Arn"])
    client = idp.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="app", ExplicitAuthFlows=[f"ALLOW_{flow}" for flow in FLOWS]
    )["UserPoolClient"]["ClientId"]
    email = [{"Name": "email", "Value": "ada@example.com"}]
    idp.sign_up(ClientId=client, Username="ada", Password=PASSWORD, UserAttributes=email)
    idp.admin_update_user_attributes(
        UserPoolId=pool["Id"], Username="ada", UserAttributes=[*email, {"Name": "email_verified", "Value": "true"}]
    )
    parameters = {"USERNAME": "ada", "PASSWORD": PASSWORD}
    idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
    idp.forgot_password(ClientId=client, Username="ada")
    asked = idp.initiate_auth(ClientId=client, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ada"})
    answers = {"USERNAME": "ada", "ANSWER": "6"}
    idp.respond_to_auth_challenge(
        ClientId=client, ChallengeName="CUSTOM_CHALLENGE", Session=asked["Session"], ChallengeResponses=answers
    )
    with suppress(ClientError):
        parameters = {"USERNAME": "bob", "PASSWORD": PASSWORD}
        idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)

    for type in (
        *("pre-sign-up", "post-confirmation", "pre-authentication", "post-authentication", "custom-message"),
        *("pre-token-generation", "define-auth-challenge", "create-auth-challenge", "verify-auth-challenge"),
        "user-migration",
    ):
        event = sample("cognito", type, **({"reason": "ForgotPassword"} if type == "custom-message" else {}))
        real = told.heard(eventually, json.dumps({"triggerSource": event["triggerSource"]})[1:-1])
        assert shape(event) == shape(real), type


def _underscored(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}
