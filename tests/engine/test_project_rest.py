"""`events: rest` of the project file: methods of its REST API. docs/project.md#rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from own import OwnLam, own_emulator

from lambda_emu.project import ProjectError, read_project

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event['resource']} {event['pathParameters']}"}
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

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        [address] = [where for what, where in self.lam.emulator.addresses if what == "REST API"]
        try:
            with urlopen(Request(address + path, method=method), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, json.loads(error.read())["message"]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(WHO)
    with own_emulator(folder, "process", stems=0) as lam:
        yield Account(lam, folder)


def test_methods_of_a_project_lead_to_its_functions(account: Account) -> None:
    events = {"one": "{rest: GET /}, {rest: 'GET /items/{id}'}", "other": "{rest: 'ANY /{rest+}'}"}
    account.deploy(**events)

    assert account.ask("") == (200, "one / None")
    assert account.ask("items/7") == (200, "one /items/{id} {'id': '7'}")
    assert account.ask("items/7", "PUT") == (200, "other /{rest+} {'rest': 'items/7'}")
    assert account.deploy(**events) == set()


def test_what_is_declared_no_more_is_gone_and_the_rest_is_deployed(account: Account) -> None:
    account.deploy(one="{rest: GET /a}, {rest: GET /b}")
    assert (account.ask("a")[0], account.ask("b")[0]) == (200, 200)

    done = account.deploy(one="{rest: GET /a}, {rest: {method: GET /c, auth: AWS_IAM}}")

    assert ("UPDATE", "REST API") in done
    assert (account.ask("a")[0], account.ask("b")[0]) == (200, 403)
    assert ("REMOVE", "REST API") in account.deploy(one="")
    assert not [where for what, where in account.lam.emulator.addresses if what == "REST API"]


@pytest.mark.parametrize(
    "event", ["rest: $default", "rest: GET a", "rest: {method: GET /a, auth: JWT}", "rest: GET //"]
)
def test_what_is_no_method_is_a_mistake(account: Account, event: str) -> None:
    with pytest.raises(ProjectError):
        account.deploy(one=f"{{{event}}}")
