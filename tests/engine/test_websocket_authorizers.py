"""Who may connect to WebSocket APIs: by what a function says, or by a signature. docs/contract/events.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from http_apis_rig import arn, let_in
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk
from socket_rig import SocketApi
from websocket_rig import Caller, Refused

ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
GUARD = """
import json
def handler(event, context):
    name = event["queryStringParameters"]["name"]
    if name == "nobody":
        raise Exception("Unauthorized")
    if name == "broken":
        raise Exception("broken")
    effect = "Allow" if name.startswith("A") else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": name, "policyDocument": policy, "context": {"n": 1, "event": json.dumps(event)}}
"""
SOURCES = ["route.request.querystring.name", "route.request.header.User-Agent"]


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sockets"), "process", account=ACCOUNT) as lam:
        for name, code in (("echo", ECHO), ("guard", GUARD)):
            lam.create(name, code)
            let_in(lam, name)
        yield lam


@pytest.fixture(scope="module")
def guarded(lam: OwnLam) -> SocketApi:
    """By a function that looks at the query and a header."""
    api = SocketApi(lam, {})
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn('guard')}/invocations"
    told = {"Name": "guard", "AuthorizerType": "REQUEST", "AuthorizerUri": uri, "IdentitySource": SOURCES}
    made = api.client.create_authorizer(ApiId=api.id, **told)["AuthorizerId"]
    api.route("$connect", "echo", AuthorizationType="CUSTOM", AuthorizerId=made)
    api.route("$default", "echo", answers=True)
    return api


def test_a_function_lets_in_whom_it_allows_and_what_it_says_is_in_every_event(guarded: SocketApi) -> None:
    with guarded.call("?name=Ada", User_Agent="a test") as caller:
        caller.say("hello")
        context = caller.hear_json()["requestContext"]

    said = json.loads(context["authorizer"]["event"])
    assert context["authorizer"]["principalId"] == "Ada"
    assert context["authorizer"]["n"] == 1
    assert said["type"] == "REQUEST"
    assert said["methodArn"] == f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{guarded.id}/dev/$connect"
    assert said["queryStringParameters"] == {"name": "Ada"}
    assert said["headers"]["User-Agent"] == "a test"
    assert said["requestContext"]["connectionId"] == context["connectionId"]
    assert said["requestContext"]["eventType"] == "CONNECT"


@pytest.mark.parametrize(
    ("query", "agent", "status", "words"),
    [
        ("?name=Eve", "a test", 403, "Forbidden"),
        ("?name=nobody", "a test", 401, "Unauthorized"),
        ("?name=Ada", None, 401, "Unauthorized"),
        ("", "a test", 401, "Unauthorized"),
        ("?name=broken", "a test", 500, "Internal server error"),
    ],
)
def test_who_is_not_allowed_is_told_so(
    guarded: SocketApi, query: str, agent: str | None, status: int, words: str
) -> None:
    with pytest.raises(Refused) as refused:
        guarded.call(query, User_Agent=agent)

    assert refused.value.status == status
    assert refused.value.json["message"] == words
    assert len(refused.value.json["connectionId"]) == 16
    assert refused.value.json["requestId"]


@pytest.fixture(scope="module")
def signed_for(lam: OwnLam) -> SocketApi:
    api = SocketApi(lam, {})
    api.route("$connect", "echo", AuthorizationType="AWS_IAM")
    api.route("$default", "echo", answers=True)
    return api


def signed(api: SocketApi, key: Credentials, service: str = "execute-api") -> dict[str, str]:
    """Headers of a handshake."""
    url = f"{api.endpoint}/{api.stage}"
    asked = AWSRequest("GET", url.replace("ws", "http", 1), headers={"Host": urlsplit(url).netloc})
    SigV4Auth(key, service, "us-east-1").add_auth(asked)
    return {name: value for name, value in asked.headers.items() if name in ("Authorization", "X-Amz-Date")}


def test_a_signature_lets_its_account_in_and_events_say_who_it_was(lam: OwnLam, signed_for: SocketApi) -> None:
    iam = sdk(lam, "iam")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    url = f"{signed_for.endpoint}/{signed_for.stage}"
    asked = AWSRequest("GET", url.replace("ws", "http", 1))
    SigV4QueryAuth(key, "execute-api", "us-east-1").add_auth(asked)

    with Caller(url, **signed(signed_for, key)) as caller:
        caller.say("hello")
        identity = caller.hear_json()["requestContext"]["identity"]
    with Caller(asked.url.replace("http", "ws", 1)) as caller:  # as browsers do, who set no headers
        caller.say("hello")
        assert caller.hear_json()["requestContext"]["identity"]["userArn"] == identity["userArn"]

    assert identity["userArn"] == f"arn:aws:iam::{ACCOUNT}:user/ada"
    assert identity["accountId"] == ACCOUNT
    assert identity["accessKey"] == made["AccessKeyId"]
    assert identity["sourceIp"] == "127.0.0.1"


def wrong(lam: OwnLam) -> dict[str, Any]:
    iam = sdk(lam, "iam")
    iam.create_user(UserName="eve")
    made = iam.create_access_key(UserName="eve")["AccessKey"]
    return {"secret": Credentials(made["AccessKeyId"], "not" + made["SecretAccessKey"])}


def test_who_did_not_sign_or_for_another_service_or_account_is_refused(lam: OwnLam, signed_for: SocketApi) -> None:
    right, other = Credentials(ACCOUNT, "test"), Credentials("000000000042", "test")
    tries: list[dict[str, str]] = [
        {},
        signed(signed_for, right, "lambda"),
        signed(signed_for, other),
        signed(signed_for, wrong(lam)["secret"]),
    ]
    url = f"{signed_for.endpoint}/{signed_for.stage}"
    for headers in tries:
        with pytest.raises(Refused) as refused:
            Caller(url, **headers)
        assert refused.value.status == 403
        assert refused.value.json["message"] == "Forbidden"


def test_connections_are_for_who_signs_as_their_account(lam: OwnLam) -> None:
    api = SocketApi(lam, {})
    api.route("$default", "echo", answers=True)
    with api.call() as caller:
        caller.say("hello")
        id = caller.hear_json()["requestContext"]["connectionId"]
        other = sdk(lam, "apigatewaymanagementapi", "000000000042")

        with pytest.raises(other.exceptions.ForbiddenException):
            other.post_to_connection(ConnectionId=id, Data=b"hello")
        assert caller.hear_nothing()
