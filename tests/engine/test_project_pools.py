"""User pools that a project declares, and the functions of them: made, changed and removed as the file is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk

from lambda_emu.project import ProjectError, read_project

CODE = """
import json
def handler(event, context):
    print("HEARD " + event["triggerSource"])
    if event["triggerSource"].startswith("PreSignUp"):
        event["response"]["autoConfirmUser"] = True
    return event
"""
FUNCTION = {"runtime": "python3.11", "handler": "app.handler", "code": "src"}
PEOPLE = {"verify": ["email"], "clients": {"web": ["USER_PASSWORD_AUTH"]}}


class Account:
    def __init__(self, lam: OwnLam, folder: Path) -> None:
        self.lam = lam
        self.folder = folder
        self.idp = sdk(lam, "cognito-idp")

    def deploy(self, pools: Mapping[str, Any], **events: list[Any]) -> set[tuple[str, str]]:
        """Functions with these events of `cognito`, by name; what was done, but nothing."""
        functions = {
            name: {**FUNCTION, "events": [{"cognito": one} for one in listed]} if listed else FUNCTION
            for name, listed in events.items()
        }
        declared = {"functions": functions, "resources": {"pools": pools} if pools else {}}
        (self.folder / "lambda-emu.yaml").write_text(json.dumps(declared))
        changes = self.lam.emulator.deploy(read_project(self.folder))
        return {(change.action.name, change.key.kind) for change in changes if change.action.name != "LEAVE"}

    def pool(self, name: str) -> Any:
        pools = self.idp.list_user_pools(MaxResults=60)["UserPools"]
        [id] = [one["Id"] for one in pools if one["Name"] == name]
        return self.idp.describe_user_pool(UserPoolId=id)["UserPool"]

    def client_id(self, pool: str, name: str) -> str:
        clients = self.idp.list_user_pool_clients(UserPoolId=self.pool(pool)["Id"], MaxResults=60)
        [id] = [one["ClientId"] for one in clients["UserPoolClients"] if one["ClientName"] == name]
        return str(id)

    def config(self, pool: str) -> Any:
        return self.pool(pool).get("LambdaConfig", {})


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, tmp_path)


def arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def test_a_function_runs_while_users_of_a_declared_pool_sign_up_and_in(account: Account) -> None:
    account.deploy({"people": PEOPLE}, hear=[{"pool": "people", "trigger": ["PreSignUp", "PostAuthentication"]}])
    client = account.client_id("people", "web")

    account.idp.sign_up(ClientId=client, Username="ada", Password="Secret-123")
    secret = {"USERNAME": "ada", "PASSWORD": "Secret-123"}
    account.idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret)

    heard = [line for line in account.lam.own_events("hear") if line.startswith("HEARD")]
    assert heard == ["HEARD PreSignUp_SignUp\n", "HEARD PostAuthentication_Authentication\n"]


def test_what_did_not_change_is_left_alone_and_what_changed_is_changed(account: Account) -> None:
    event = {"pool": "people", "trigger": "PreTokenGeneration"}
    first = account.deploy({"people": PEOPLE}, hear=[event])
    again = account.deploy({"people": PEOPLE}, hear=[event])
    id = account.pool("people")["Id"]
    more = {**PEOPLE, "clients": {"web": ["USER_SRP_AUTH"]}}

    changed = account.deploy({"people": more}, hear=[event | {"version": "V2_0"}])
    app = account.idp.describe_user_pool_client(UserPoolId=id, ClientId=account.client_id("people", "web"))

    kinds = ("user pool", "app of a user pool", "user pool's functions", "permission", "function")
    assert first == {("CREATE", kind) for kind in kinds}
    assert again == set()
    assert changed == {("UPDATE", "app of a user pool"), ("UPDATE", "user pool's functions")}
    assert account.pool("people")["Id"] == id
    assert account.config("people") == {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn("hear")}}
    assert app["UserPoolClient"]["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
    assert account.pool("people")["AutoVerifiedAttributes"] == ["email"]


def test_functions_that_are_no_longer_declared_are_taken_away_and_nothing_else(account: Account) -> None:
    account.deploy({"people": {"sign_in": ["email"]}}, hear=[{"pool": "people", "trigger": "PreSignUp"}], other=[])
    pool = account.pool("people")
    theirs = {"PreSignUp": arn("hear"), "PostConfirmation": arn("other")}
    account.idp.update_user_pool(UserPoolId=pool["Id"], LambdaConfig=theirs)

    done = account.deploy({"people": {"sign_in": ["email"]}}, other=[])

    assert ("REMOVE", "user pool's functions") in done
    assert account.config("people") == {"PostConfirmation": arn("other")}
    assert account.pool("people")["UsernameAttributes"] == ["email"]


def test_a_pool_that_nobody_declares_is_made_and_stays(account: Account) -> None:
    account.deploy({}, hear=[{"pool": "found", "trigger": "PreSignUp"}])
    before = account.config("found")

    account.deploy({}, hear=[])

    assert before == {"PreSignUp": arn("hear")}
    assert account.config("found") == {}


@pytest.mark.parametrize(
    ("events", "mistake"),
    [
        ({"a": [{"pool": "p", "trigger": "PreSignUp"}], "b": [{"pool": "p", "trigger": ["PreSignUp"]}]}, "declared"),
        ({"a": [{"pool": "p", "trigger": "BeforeSignUp"}]}, "must be one of PreSignUp"),
        ({"a": [{"pool": "p"}]}, "trigger is missing"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(account: Account, events: Any, mistake: str) -> None:
    with pytest.raises(ProjectError) as raised:
        account.deploy({}, **events)

    assert mistake in str(raised.value)


def test_how_users_of_a_pool_sign_in_stays_as_it_was_made(account: Account) -> None:
    account.deploy({"people": {"sign_in": ["email"]}})

    with pytest.raises(ProjectError) as raised:
        account.deploy({"people": {"sign_in": ["phone_number"]}})

    assert "sign in by what the pool was made with" in str(raised.value)
