"""WebSocket APIs of API Gateway, made by boto3 and spoken with over sockets. docs/contract/events.md#websocket-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, Inbox, sdk
from socket_rig import SocketApi
from websocket_rig import Caller, Refused

SAY = """
import json, os
import boto3
sqs = boto3.client("sqs", region_name="us-east-1")
def handler(event, context):
    url = os.environ.get("SEEN")
    if url:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    parameters = event.get("queryStringParameters") or {}
    if "answer" in parameters:
        return json.loads(parameters["answer"])
    if "body" in event and event["body"].startswith("!"):
        return eval(event["body"][1:])
    return {"statusCode": 200, "body": json.dumps(event)}
"""
"""Answers what it is told to, else with its event; what it was given is seen in a queue."""
NUMBERS = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sockets"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    yield shared
    shared.close()


@pytest.fixture
def seen(lam: OwnLam) -> Inbox:
    """What the function `say` was given."""
    inbox = Inbox(lam, f"seen-{next(NUMBERS)}")
    lam.create("say", SAY, Environment={"Variables": {"SEEN": inbox.url}}, MemorySize=1769, Timeout=30)
    let_in(lam, "say")
    return inbox


def event_in(inbox: Inbox) -> Any:
    found = inbox.next()
    assert found is not None, "the function was not run"
    return json.loads(found["Body"])


def test_a_client_connects_speaks_and_leaves_and_the_function_hears_it(lam: OwnLam, seen: Inbox) -> None:
    api = SocketApi(lam, dict.fromkeys(("$connect", "$disconnect", "hello"), "say"))
    api.route("echo", "say", answers=True)

    with api.call("?name=Ada&name=Eve", User_Agent="a test") as caller:
        connect = event_in(seen)
        caller.say({"action": "hello", "to": "Ada"})
        message = event_in(seen)
        caller.say({"action": "echo"})
        answer = caller.hear_json()
        event_in(seen)
        caller.leave()
    end = event_in(seen)

    context = connect["requestContext"]
    assert connect["queryStringParameters"] == {"name": "Eve"}
    assert connect["multiValueQueryStringParameters"] == {"name": ["Ada", "Eve"]}
    assert connect["headers"]["User-Agent"] == "a test"
    assert connect["headers"]["Sec-WebSocket-Version"] == "13"
    assert context["routeKey"] == "$connect"
    assert context["eventType"] == "CONNECT"
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "a test"}
    assert context["apiId"] == api.id
    assert context["stage"] == "dev"
    assert len(context["connectionId"]) == 16
    assert message["body"] == '{"action": "hello", "to": "Ada"}'
    assert message["isBase64Encoded"] is False
    assert message["requestContext"]["routeKey"] == "hello"
    assert message["requestContext"]["eventType"] == "MESSAGE"
    assert message["requestContext"]["messageId"] != message["requestContext"]["requestId"]
    assert answer["requestContext"]["routeKey"] == "echo"
    assert end["requestContext"]["eventType"] == "DISCONNECT"
    assert end["requestContext"]["disconnectStatusCode"] == 1005
    assert end["requestContext"]["disconnectReason"] == "Client-side close frame status not set"
    ids = {one["requestContext"]["connectionId"] for one in (connect, message, answer, end)}
    assert len(ids) == 1


def test_the_endpoint_that_is_told_can_be_called_as_it_stands(lam: OwnLam, seen: Inbox) -> None:
    api = SocketApi(lam, {"$default": "say"})

    assert api.endpoint.startswith("ws://")
    assert api.client.get_api(ApiId=api.id)["ApiEndpoint"] == api.endpoint
    with api.call() as caller:
        caller.say("no JSON")
        assert event_in(seen)["requestContext"]["domainName"] == f"{api.id}.execute-api.us-east-1.localhost"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("{id}.execute-api.us-east-1.localhost:9000", "/dev"),
        ("{id}.execute-api.localhost.localstack.cloud:4566", "/dev/"),
        ("127.0.0.1", "/_lambda-emu/api/{id}/dev"),
        ("127.0.0.1", "/_aws/execute-api/{id}/dev"),
    ],
)
@pytest.mark.usefixtures("seen")
def test_it_is_called_by_every_form_of_its_address(lam: OwnLam, host: str, path: str) -> None:
    api = SocketApi(lam, {})
    api.route("$default", "say", answers=True)

    url = lam.emulator.url.replace("http", "ws")
    with Caller(url + path.format(id=api.id), host.format(id=api.id)) as caller:
        caller.say("x")
        assert caller.hear_json()["requestContext"]["apiId"] == api.id


def test_back_ends_send_to_clients_look_at_them_and_end_them(lam: OwnLam, seen: Inbox) -> None:
    api = SocketApi(lam, {"$connect": "say", "$disconnect": "say"})
    management = api.management()

    with api.call() as caller:
        id = event_in(seen)["requestContext"]["connectionId"]
        management.post_to_connection(ConnectionId=id, Data=b"hello")
        heard = caller.hear()
        told = management.get_connection(ConnectionId=id)
        management.delete_connection(ConnectionId=id)
        code, _ = caller.hear_end()
    end = event_in(seen)["requestContext"]

    assert heard == "hello"
    assert told["Identity"]["SourceIp"] == "127.0.0.1"
    assert told["ConnectedAt"] <= told["LastActiveAt"]
    assert code == end["disconnectStatusCode"] == 1000
    assert end["disconnectReason"] == "Connection Closed Normally"
    for operation in (management.get_connection, management.delete_connection):
        with pytest.raises(management.exceptions.GoneException) as gone:
            operation(ConnectionId=id)
        assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


@pytest.mark.usefixtures("seen")
def test_a_function_may_refuse_a_client_or_choose_a_subprotocol(lam: OwnLam) -> None:
    api = SocketApi(lam, {"$connect": "say"})

    with pytest.raises(Refused) as refused:
        api.call("?answer=%7B%22statusCode%22:401%7D")
    chosen = '{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"b"}}'.replace('"', "%22")
    with api.call(f"?answer={chosen}", Sec_WebSocket_Protocol="a, b") as caller:
        assert caller.headers["sec-websocket-protocol"] == "b"

    assert refused.value.status == 401


def test_an_api_says_how_messages_choose_their_route(lam: OwnLam) -> None:
    client = sdk(lam, "apigatewayv2")

    with pytest.raises(client.exceptions.BadRequestException, match="RouteSelectionExpression"):
        client.create_api(Name="without", ProtocolType="WEBSOCKET")
