"""`events: websocket` of the project file: routes of its WebSocket API. docs/project.md#websocket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from boto_rig import client_at
from project_rig import EventAccount, event_account
from websocket_rig import Caller, Refused

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event['requestContext']['routeKey']}"}
"""


class Account(EventAccount):
    """Asks its WebSocket API, too."""

    def call(self) -> Caller:
        return Caller(self.address("WebSocket API"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with event_account(Account, WHO, tmp_path_factory.mktemp("project")) as made:
        yield made


def test_routes_of_a_project_lead_to_its_functions(account: Account) -> None:
    chat = "websocket: $connect, websocket: {route: say, answers: yes}".replace(", web", "}, {web")
    other = "{websocket: {route: $default, answers: yes}}"
    account.deploy(chat=f"{{{chat}}}", other=other)

    with account.call() as caller:
        caller.say({"action": "say"})
        assert caller.hear() == "chat say"
        caller.say("what?")
        assert caller.hear() == "other $default"
    assert account.deploy(chat=f"{{{chat}}}", other=other) == set()


def test_what_changed_is_changed_and_what_is_left_out_goes(account: Account) -> None:
    account.deploy(chat="{websocket: {route: $default, answers: yes}}, {websocket: {route: gone, answers: yes}}")

    done = account.deploy(chat="{websocket: $default}, {websocket: {route: $connect, auth: AWS_IAM}}")

    assert done == {("UPDATE", "WebSocket route"), ("CREATE", "WebSocket route"), ("REMOVE", "WebSocket route")}
    with pytest.raises(Refused) as refused:
        account.call()
    assert refused.value.status == 403
    account.deploy(chat="")
    assert client_at(account.lam.url, "apigatewayv2").get_apis()["Items"] == []
