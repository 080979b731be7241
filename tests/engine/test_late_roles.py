"""Roles that SAM gives to functions: IAM hears of them with the first question, and has had them all along."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from iam_rig import ACCOUNT, SECRET, Account
from own import OwnLam, own_emulator
from waiting import Eventually

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
CODE = """
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    try:
        return sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"]
    except Exception as error:
        return str(error)
"""


def template(*names: str) -> str:
    return "\n".join(
        (
            "Transform: AWS::Serverless-2016-10-31",
            "Globals: {Function: {Runtime: python3.11, Handler: app.handler, Timeout: 60, CodeUri: .}}",
            "Resources:",
            *(f"  {name}: {{Type: AWS::Serverless::Function, Properties: {{Tags: {{team: a}}}}}}" for name in names),
            "",
        )
    )


def start(folder: Path, *names: str, environ: Mapping[str, str] | None = None, **settings: Any) -> Any:
    (folder / "template.yaml").write_text(template(*names))
    (folder / "app.py").write_text(CODE)
    return own_emulator(folder, "process", environ, stems=0, **settings)


def roles(lam: OwnLam) -> dict[str, Any]:
    return {one["RoleName"]: one for one in client_at(lam.url, "iam").list_roles()["Roles"]}


def role_of(lam: OwnLam, function: str) -> str:
    return str(lam.client.get_function_configuration(FunctionName=function)["Role"])


def test_iam_has_them_when_it_is_asked_and_not_before(tmp_path: Path) -> None:
    with start(tmp_path, "One", "Two", iam="off") as lam:
        assert lam.emulator.around.child.pid is None
        (kept, _) = lam.emulator.store.late_roles.all(lam.emulator.scope)
        iam = client_at(lam.url, "iam")
        role = iam.get_role(RoleName=kept.name)["Role"]

        assert role["Arn"] == role_of(lam, "One")
        assert (role["RoleId"], role["Path"], role["MaxSessionDuration"]) == (kept.id, "/", 3600)
        assert role["CreateDate"].timestamp() == pytest.approx(kept.made_s, abs=1)
        assert {one["Key"]: one["Value"] for one in role["Tags"]} == {"team": "a", "lambda:createdBy": "SAM"}
        trusts = role["AssumeRolePolicyDocument"]["Statement"]
        assert [one["Principal"] for one in trusts] == [{"Service": ["lambda.amazonaws.com"]}]
        attached = iam.list_attached_role_policies(RoleName=kept.name)["AttachedPolicies"]
        assert [one["PolicyArn"] for one in attached] == [BASIC]
        assert not lam.emulator.store.late_roles.all(lam.emulator.scope)
        with pytest.raises(ClientError, match="EntityAlreadyExists"):
            iam.create_role(RoleName=kept.name, AssumeRolePolicyDocument="{}")


def test_they_outlive_the_server_before_and_after_iam_has_them(tmp_path: Path) -> None:
    with start(tmp_path, "One", "Two") as lam:
        ids = {one.name: one.id for one in lam.emulator.store.late_roles.all(lam.emulator.scope)}
    for _ in range(2):
        with start(tmp_path, "One", "Two") as lam:
            assert {name: one["RoleId"] for name, one in roles(lam).items()} == ids


def test_what_goes_takes_its_role_with_it_and_what_comes_has_one(tmp_path: Path) -> None:
    with start(tmp_path, "One", "Two"):
        pass
    with start(tmp_path, "Two", "Three") as lam:
        assert {one["Arn"] for one in roles(lam).values()} == {role_of(lam, "Two"), role_of(lam, "Three")}


def test_a_reset_makes_them_anew(tmp_path: Path) -> None:
    with start(tmp_path, "One", iam="off") as lam:
        before = roles(lam)
        lam.emulator.reset()
        assert lam.emulator.around.child.pid is None
        assert roles(lam).keys() == before.keys()


def test_what_they_do_not_allow_is_refused_where_policies_are_enforced(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with start(tmp_path, "One", environ=environ, account=ACCOUNT, iam="enforce") as lam:
        said = Account(lam, ACCOUNT).lam.invoke("One").payload
        assert "is not authorized to perform: sqs:listqueues" in said


def test_where_they_are_asked_for_iam_has_them_soon(tmp_path: Path, eventually: Eventually) -> None:
    """Whoever's code asks first finds the services' process running."""
    with start(tmp_path, "One") as lam:
        eventually(lambda: not lam.emulator.store.late_roles.all(lam.emulator.scope), "IAM has its roles")
        assert [one["Arn"] for one in roles(lam).values()] == [role_of(lam, "One")]


def test_their_names_are_taken(tmp_path: Path) -> None:
    """By the role that the template names, which comes after."""
    with start(tmp_path, "One") as lam:
        name = role_of(lam, "One").rpartition("/")[2]
        stacks = client_at(lam.url, "cloudformation")
        body = (
            "Resources:\n  Same:\n    Type: AWS::IAM::Role\n    Properties:\n"
            f"      RoleName: {name}\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n"
            "        Statement: [{Action: ['sts:AssumeRole'], Effect: Allow, "
            "Principal: {Service: [lambda.amazonaws.com]}}]\n"
        )
        stacks.create_stack(StackName="other", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        with pytest.raises(Exception, match="terminal failure"):
            stacks.get_waiter("stack_create_complete").wait(
                StackName="other", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        assert [*roles(lam)] == [name]
