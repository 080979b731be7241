"""`events: rest` of the project file: methods of its REST API. docs/project.md#rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from project_rig import EventAccount, event_account

from lambda_emu.project import ProjectError

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {event['resource']} {event['pathParameters']}"}
"""


class Account(EventAccount):
    """Asks its REST API, too."""

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        try:
            with urlopen(Request(self.address("REST API") + path, method=method), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, json.loads(error.read())["message"]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with event_account(Account, WHO, tmp_path_factory.mktemp("project")) as made:
        yield made


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
