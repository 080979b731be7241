"""`events: websocket` of the project file: routes of its WebSocket API. docs/project.md#websocket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator
from websocket_rig import Caller, Refused

from lambda_emu.project import read_project

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event['requestContext']['routeKey']}"}
"""
FUNCTION = "runtime: python3.11, handler: app.handler, code: src"


class Account:
    """One emulator, to which projects are deployed one after the other."""

    def __init__(self, lam: OwnLam, folder: Path) -> None:
        self.lam = lam
        self.folder = folder

    def deploy(self, **events: str) -> set[tuple[str, str]]:
        """What was done to which kinds. events: by function."""
        functions = "".join(f"  {name}: {{{FUNCTION}, events: [{said}]}}\n" for name, said in events.items())
        (self.folder / "lambda-emu.yaml").write_text(f"functions:\n{functions or '  {}'}")
        changes = self.lam.emulator.deploy(read_project(self.folder))
        return {(change.action.name, change.key.kind) for change in changes if change.action.name != "LEAVE"}

    def call(self) -> Caller:
        [address] = [where for what, where in self.lam.emulator.addresses if what == "WebSocket API"]
        return Caller(address)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(WHO)
    with own_emulator(folder, "process", stems=0) as lam:
        yield Account(lam, folder)


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
