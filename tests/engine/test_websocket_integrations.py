"""What stands behind the routes of WebSocket APIs beside functions that get events. docs/contract/events.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from http_apis_rig import INVOKE_ARN, arn, let_in
from own import OwnLam, own_emulator
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, Inbox, create_table, sdk
from socket_rig import SocketApi
from websocket_rig import Refused

PLAIN = """
def handler(event, context):
    if event.get("fail"):
        raise Exception("no such room")
    return {"got": event}
"""
STATUS = '{"statusCode": 200}'


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("sockets"), "process", account=ACCOUNT) as lam:
        lam.create("plain", PLAIN)
        let_in(lam, "plain")
        yield lam


def mapped(
    api: SocketApi, key: str, integration: Mapping[str, Any], responses: Mapping[str, Mapping[str, Any]], **route: Any
) -> None:
    """A route that answers by these integration responses, by their keys."""
    made = api.integrated(key, answers=True, integration=integration, **route)
    route = api.client.get_route(ApiId=api.id, RouteId=made)
    id = route["Target"].removeprefix("integrations/")
    for response, members in responses.items():
        api.client.create_integration_response(
            ApiId=api.id, IntegrationId=id, IntegrationResponseKey=response, **members
        )


def test_a_mock_answers_by_its_templates(lam: OwnLam) -> None:
    api = SocketApi(lam, {})
    mock = {
        "IntegrationType": "MOCK",
        "RequestTemplates": {"$default": STATUS, "odd": '{"statusCode": 418}'},
        "TemplateSelectionExpression": "${request.body.kind}",
    }
    mapped(
        api,
        "ping",
        mock,
        {
            "$default": {"ResponseTemplates": {"$default": '{"pong": "$context.connectionId", "of": $input.json("$")}'},
                         "TemplateSelectionExpression": "\\$default"},
            "/4\\d\\d/": {"ResponseTemplates": {"$default": "odd"}, "TemplateSelectionExpression": "\\$default"},
        },
    )  # fmt: skip

    with api.call() as caller:
        caller.say({"action": "ping"})
        told = caller.hear_json()
        caller.say({"action": "ping", "kind": "odd"})
        assert caller.hear() == "odd"

    assert len(told["pong"]) == 16


def test_a_function_is_given_what_a_template_makes_and_answers_as_it_is(lam: OwnLam) -> None:
    api = SocketApi(lam, {})
    function = {
        "IntegrationType": "AWS",
        "IntegrationUri": INVOKE_ARN.format(arn("plain")),
        "RequestTemplates": {
            "$default": '{"text": $input.json("$.text"), "by": "$context.routeKey", "fail": $input.json("$.fail")}'
        },
    }
    mapped(api, "told", function, {"$default": {}, "/no such.*/": {"ResponseTemplates": {"$default": "none"}}})
    mapped(api, "bare", function | {"RequestTemplates": {}}, {"$default": {}})

    with api.call() as caller:
        caller.say({"action": "told", "text": "hi", "fail": False})
        assert caller.hear_json() == {"got": {"text": "hi", "by": "told", "fail": False}}
        caller.say({"action": "told", "text": "hi", "fail": True})
        assert caller.hear() == "none"
        caller.say({"action": "bare"})
        assert caller.hear_json() == {"got": {"action": "bare"}}


def test_a_url_is_sent_messages_with_who_they_are_from(lam: OwnLam) -> None:
    seen: list[tuple[str, str, str | None, bytes]] = []

    def answer(exchange: Exchange) -> None:
        said = exchange.headers.get("connectionid")
        seen.append((exchange.command, exchange.path, said, body_of(exchange)))
        send(exchange, b"thanks", 403 if "refuse" in exchange.path else 200)

    with http_server(answer) as url:
        api = SocketApi(lam, {})
        to = {
            "IntegrationType": "HTTP_PROXY",
            "RequestParameters": {
                "integration.request.header.connectionid": "context.connectionId",
                "integration.request.querystring.kind": "route.request.body.kind",
                "integration.request.querystring.fixed": "'a b'",
            },
        }
        api.integrated("post", answers=True, integration=to | {"IntegrationUri": f"{url}/messages"})
        made = api.integrated("$connect", integration=to | {"IntegrationUri": f"{url}/come"})
        with api.call() as caller:
            caller.say({"action": "post", "kind": "x"})
            assert caller.hear() == "thanks"
        api.client.update_integration(
            ApiId=api.id,
            IntegrationId=api.client.get_route(ApiId=api.id, RouteId=made)["Target"].removeprefix("integrations/"),
            IntegrationUri=f"{url}/refuse",
        )
        with pytest.raises(Refused) as refused:
            api.call()

    assert refused.value.status == 403
    (_, come, id, _), (method, path, by, body), *_ = seen
    assert come == "/come?fixed=a+b"
    assert (method, path) == ("POST", "/messages?kind=x&fixed=a+b")
    assert by == id
    assert json.loads(body) == {"action": "post", "kind": "x"}


def test_services_are_asked_without_a_function(lam: OwnLam) -> None:
    """A row for each client that comes, and a message of a queue for each that it says."""
    create_table(sdk(lam, "dynamodb"), "clients")
    inbox = Inbox(lam, "said")
    api = SocketApi(lam, {})
    row = '{"TableName": "clients", "Item": {"id": {"S": "$context.connectionId"}, "of": {"S": "$context.stage"}}}'
    service = {"IntegrationType": "AWS", "CredentialsArn": lam.role}
    put = {
        "IntegrationUri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
        "RequestTemplates": {"$default": row},
    }
    mapped(api, "$connect", service | put, {"$default": {}})
    send_message = {
        "IntegrationUri": f"arn:aws:apigateway:us-east-1:sqs:path/{ACCOUNT}/said",
        "RequestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        "RequestTemplates": {"$default": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
    }
    mapped(api, "$default", service | send_message, {"$default": {"ResponseTemplates": {"$default": "taken"}}})

    with api.call() as caller:
        caller.say("hello & goodbye")
        assert caller.hear() == "taken"

    (client,) = sdk(lam, "dynamodb").scan(TableName="clients")["Items"]
    assert client["of"] == {"S": "dev"}
    assert inbox.next()["Body"] == "hello & goodbye"


def test_a_message_is_checked_by_the_model_that_it_chooses(lam: OwnLam) -> None:
    api = SocketApi(lam, {})
    schema = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 5}}}
    api.client.create_model(ApiId=api.id, Name="Said", ContentType="application/json", Schema=json.dumps(schema))
    function = {"IntegrationType": "AWS", "IntegrationUri": INVOKE_ARN.format(arn("plain"))}
    models = {"RequestModels": {"said": "Said"}, "ModelSelectionExpression": "${request.body.kind}"}
    mapped(api, "$default", function, {"$default": {}}, **models)

    with api.call() as caller:
        for message, is_let_through in (
            ({"kind": "said", "text": "hello"}, True),
            ({"kind": "said", "text": "too long"}, False),
            ({"kind": "said"}, False),
            ({"kind": "other"}, True),
        ):
            caller.say(message)
            told = caller.hear_json()
            assert told == {"got": message} if is_let_through else told["message"] == "Invalid request body"


@pytest.mark.parametrize(
    "integration",
    [
        {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:apigateway:us-east-1:nonsense:path/x"},
        {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://127.0.0.1:1/"},
        {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "file:///etc/passwd"},
        {"IntegrationType": "MOCK", "RequestTemplates": {"$default": "#foreach("}},
        {"IntegrationType": "MOCK", "RequestTemplates": {"$default": "#foreach($i in [1..100000000])x#end"}},
        {"IntegrationType": "MOCK", "RequestTemplates": {"$default": "no JSON"}},
        {"IntegrationType": "MOCK", "RequestTemplates": {"x": STATUS}, "PassthroughBehavior": "NEVER"},
        {"IntegrationType": "AWS", "IntegrationUri": INVOKE_ARN.format(arn("absent"))},
        {"IntegrationType": "AWS_PROXY", "IntegrationUri": "nonsense"},
    ],
    ids=lambda one: f"{one['IntegrationType']}-{one.get('IntegrationUri', one.get('RequestTemplates'))}",
)
def test_a_back_end_that_fails_is_told_the_client_and_its_connection_stays(lam: OwnLam, integration: Any) -> None:
    api = SocketApi(lam, {})
    mapped(api, "$default", integration, {"$default": {"ResponseTemplates": {"$default": "fine"}}})

    with api.call() as caller:
        for _ in range(2):
            caller.say("hello")
            told = caller.hear_json()
            assert told["message"] == "Internal server error"
            assert len(told["connectionId"]) == len(told["requestId"]) == 16
