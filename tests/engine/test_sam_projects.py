"""Projects in the shapes of public samples: served as they stand there, and used. examples/projects/README.md."""

from __future__ import annotations

import re

import pytest
from packages import needs, runtime_of_machine
from sam_projects_rig import NAMES, PROJECTS, Serve, ask, emulator_of_samples, read_sample, serve, told_of

from lambda_emu.templates.strict import without_effect

__all__ = ["emulator_of_samples", "serve"]  # fixtures

ROWS = {
    row[0].strip("[]").partition("]")[0]: row
    for line in (PROJECTS / "README.md").read_text().splitlines()
    if line.startswith("| [") and (row := [cell.strip() for cell in line.strip("|").split("|")])
}


def test_each_has_its_row_with_source_and_licence() -> None:
    assert sorted(ROWS) == NAMES
    assert len(NAMES) >= 12
    licences = {row[3] for row in ROWS.values()}
    assert licences <= {"Apache-2.0", "MIT-0"}


@pytest.mark.parametrize("name", NAMES)
def test_its_strict_report_is_what_its_row_says(name: str) -> None:
    assert sorted(told_of(read_sample(PROJECTS / name))) == sorted(re.findall(r"`([^`]+)`", ROWS[name][4]))


def test_what_becomes_of_a_deployment_preference_is_told() -> None:
    (stack,) = read_sample(PROJECTS / "results").stacks
    told = without_effect(stack)

    assert told[-1].endswith("is not served here: an alias gets all of its traffic at once, and no hook is run")


def test_hello_greets_in_the_language_that_is_asked_for(serve: Serve) -> None:
    url = serve("hello").told["GreetingApi"]

    assert ask(url) == (200, {"message": "Good morning"})
    assert ask(f"{url}?language=fr") == (200, {"message": "Bonjour"})
    assert ask(f"{url}?language=xx") == (404, {"message": "nobody speaks xx"})


def test_items_are_put_read_and_deleted(serve: Serve) -> None:
    url = serve("items").told["WebEndpoint"]

    assert ask(f"{url}a", "PUT", {"name": "apple"})[0] == 201
    assert ask(f"{url}a") == (200, {"id": "a", "name": "apple"})
    assert ask(url) == (200, [{"id": "a", "name": "apple"}])
    assert ask(f"{url}a", "DELETE") == (204, None)
    assert ask(f"{url}a") == (404, None)


def test_members_come_in_by_their_token_and_machines_by_their_key(serve: Serve) -> None:
    members = serve("members")
    url, app = members.told["Endpoint"], members.told["UserPoolClientId"]
    people = members.client("cognito-idp")
    secret = {"USERNAME": "ada@x.example", "PASSWORD": "Secret-123"}
    people.sign_up(ClientId=app, Username="ada@x.example", Password="Secret-123")
    people.admin_confirm_sign_up(UserPoolId=members.told["UserPoolId"], Username="ada@x.example")
    signed = people.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret)
    token = signed["AuthenticationResult"]["IdToken"]

    assert ask(f"{url}me") == (401, {"message": "Unauthorized"})
    assert ask(f"{url}me", Authorization=f"Bearer {token}") == (200, {"member": "ada@x.example"})
    assert ask(f"{url}machines", x_key="k-42") == (200, {"machine": "printer"})
    assert ask(f"{url}machines", x_key="k-0") == (403, {"message": "Forbidden"})
    assert ask(f"{url}health") == (200, {"status": "well"})


def test_the_gate_opens_by_a_token(serve: Serve) -> None:
    url = serve("gate").told["DoorEndpoint"]

    assert ask(url, authorizationToken="allow ada") == (200, {"came in": "ada"})
    assert ask(url, authorizationToken="deny ada")[0] == 403
    assert ask(url, authorizationToken="x") == (401, {"message": "Unauthorized"})
    assert ask(url) == (401, {"message": "Unauthorized"})


def test_quotes_in_typescript_are_built_and_told(serve: Serve) -> None:
    """By the esbuild that is among its developers' packages."""
    needs("npm")
    template = (PROJECTS / "quotes" / "template.yaml").read_text()
    here = template.replace("nodejs22.x", runtime_of_machine("nodejs"))

    url = serve("quotes", lambda folder: (folder / "template.yaml").write_text(here)).told["QuotesApi"]

    assert ask(f"{url}monday") == (200, {"quote": "Begin where you are"})
    assert ask(f"{url}sunday") == (404, {"quote": None})
