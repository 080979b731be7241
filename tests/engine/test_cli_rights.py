"""The AWS CLI, `sam` and the CDK deploy with `iam: enforce`, by users of few rights. docs/security.md#iam."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from iam_rig import ACCOUNT, REGION, SECRET, Account, Party, allow, trusting_services
from own import Served, served
from test_cdk import Cdk, ask
from test_cdk import project as cdk_project
from test_stack_cli import CONFIG, Shell, project, sam_cli

__all__ = ["cdk_project", "sam_cli"]
pytestmark = pytest.mark.slow

STACKS = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"
MAKES_STACKS = f"arn:aws:iam::{ACCOUNT}:role/makes-stacks"
OF_STACKS = ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStacks", "DescribeStackEvents",
             "GetTemplateSummary", "GetTemplate", "DeleteStack")  # fmt: skip
DEPLOYS = (
    allow([f"cloudformation:{name}" for name in OF_STACKS], f"{STACKS}/hello/*"),
    allow(["cloudformation:GetTemplateSummary", "cloudformation:DescribeStacks"]),  # of any, or of none
    allow(["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], "arn:aws:s3:::code/*"),
    allow(["s3:ListBucket", "s3:GetBucketLocation"], "arn:aws:s3:::code"),
    allow("iam:PassRole", MAKES_STACKS),
)
MAKES = (
    allow(["lambda:*"], f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hello-*"),
    allow(["iam:*Role", "iam:*RolePolicy", "iam:*RolePolicies"], f"arn:aws:iam::{ACCOUNT}:role/hello-*"),
    allow("s3:GetObject", "arn:aws:s3:::code/*"),
)


def keys(party: Party) -> dict[str, str]:
    found = party.credentials
    return {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}


@pytest.fixture
def lam(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    options = ("--iam", "enforce", "--account", ACCOUNT)
    with served(tmp_path / "server", "process", *options, LAMBDA_EMU_ROOT_SECRET=SECRET) as lam:
        yield lam


@pytest.fixture
def account(lam: Served) -> Account:
    return Account(lam, ACCOUNT)  # type: ignore[arg-type]


@pytest.fixture
def deployer(account: Account) -> Party:
    """May deploy stacks called `hello` with a role, and nothing else."""
    account.root.client("s3").create_bucket(Bucket="code")
    account.role("makes-stacks", *MAKES, trust=trusting_services("cloudformation.amazonaws.com"))
    return account.user("deployer", *DEPLOYS)


def said(account: Account, stack: str) -> Any:
    (found,) = account.root.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return found["Outputs"][0]["OutputValue"]


def greeted(account: Account) -> str:
    answer = account.root.client("lambda").invoke(FunctionName=said(account, "hello"), Payload='{"name": "Ada"}')
    return str(json.loads(answer["Payload"].read()))


def test_the_aws_cli_deploys_as_a_user_of_few_rights(
    lam: Served, account: Account, deployer: Party, aws_cli: Path, tmp_path: Path
) -> None:
    aws = Shell(aws_cli.parent, lam, project(tmp_path / "project"), **keys(deployer))
    deploy = ["aws", "cloudformation", "deploy", "--template-file", "out.yaml", "--capabilities", "CAPABILITY_IAM"]
    packaged = ("--template-file", "template.yaml", "--s3-bucket", "code", "--output-template-file", "out.yaml")
    aws("aws", "cloudformation", "package", *packaged)

    refused = aws(*deploy, "--stack-name", "other", "--role-arn", MAKES_STACKS, code=255)
    assert f"not authorized to perform: cloudformation:CreateChangeSet on resource: {STACKS}/other/*" in refused
    failed = aws(*deploy, "--stack-name", "hello", code=255)
    assert "Failed to create/update the stack" in failed  # by his own rights he makes nothing
    aws("aws", "cloudformation", "delete-stack", "--stack-name", "hello")
    aws("aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", "hello")

    aws(*deploy, "--stack-name", "hello", "--role-arn", MAKES_STACKS)
    assert greeted(account) == "Hello, Ada"
    aws("aws", "cloudformation", "delete-stack", "--stack-name", "hello")
    aws("aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", "hello")


def test_sam_deploys_as_a_user_of_few_rights(
    lam: Served, account: Account, deployer: Party, sam_cli: Path, tmp_path: Path
) -> None:
    folder = project(tmp_path / "project")
    few = CONFIG.replace("resolve_s3 = true", f's3_bucket = "code"\nrole_arn = "{MAKES_STACKS}"')
    (folder / "samconfig.toml").write_text(few)
    sam = Shell(sam_cli, lam, folder, **keys(deployer))

    assert "Successfully created/updated stack - hello" in sam("sam", "deploy")
    assert greeted(account) == "Hello, Ada"
    assert "Deleted successfully" in sam("sam", "delete", "--no-prompts")


def test_the_cdk_deploys_as_a_user_who_may_but_become_its_roles(
    cdk_project: Path, lam: Served, account: Account
) -> None:
    """As CDK's own guide has it: who bootstraps may all, who deploys becomes the roles of the bootstrap."""
    Cdk(cdk_project, lam.url, **keys(account.root))("cdk", "bootstrap")
    roles = allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-*")
    cdk = Cdk(cdk_project, lam.url, **keys(account.user("developer", roles)))

    cdk("cdk", "deploy", "--require-approval", "never")

    (found,) = account.root.client("cloudformation").describe_stacks(StackName="Notes")["Stacks"]
    told = {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
    assert told["Text"] == "Hello, Ada"
    (url,) = (value.rstrip("/") for value in told.values() if "/_lambda-emu/api/" in value)
    assert ask(f"{url}/mine", "tea")[0] == 204
    assert json.loads(ask(f"{url}/mine")[1]) == {"id": "mine", "text": "tea"}
    cdk("cdk", "destroy", "--force")
