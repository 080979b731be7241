"""The AWS CLI and `sam`, as their makers publish them, deploy by CloudFormation's API. docs/cloudformation.md."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from own import Served, served
from packages import programs_apart

pytestmark = pytest.mark.slow

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Greeting: {Type: String, Default: Hello}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Runtime: python3.11
      Handler: app.handler
      Environment: {Variables: {GREETING: !Ref Greeting}}
Outputs:
  Function: {Value: !Ref Hello}
"""
CONFIG = """
version = 0.1
[default.global.parameters]
stack_name = "hello"
[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
confirm_changeset = false
fail_on_empty_changeset = false
"""
SAM = ("aws-sam-cli==1.146.0", "aws-sam-cli-local==1.71.0")
CODE = """
import os
def handler(event, context):
    return f"{os.environ['GREETING']}, {event['name']}"
"""


class Shell:
    """Programs in a project's folder, with nobody's settings and the server in the environment."""

    def __init__(self, programs: Path, lam: Served, folder: Path, **variables: str) -> None:
        self.lam = lam
        self._programs = programs
        self._folder = folder
        self._environment = {
            "HOME": str(folder),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": lam.url,
            "SAM_CLI_TELEMETRY": "0",
            "LOCALSTACK_HOST": lam.url.removeprefix("http://"),
            **variables,
        }

    def __call__(self, program: str, *words: str, code: int = 0) -> str:
        """What it prints; it must end so."""
        line = [str(self._programs / program), *words]
        ran = subprocess.run(
            line, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == code, f"{line}: {ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr


def project(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text(CODE)
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "samconfig.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="session")
def sam_cli(pytestconfig: pytest.Config) -> Path:
    """The folder of `sam` and `samlocal`."""
    return programs_apart(pytestconfig, *SAM)


@pytest.fixture
def lam(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "server").mkdir()
    with served(tmp_path / "server", "process") as lam:
        yield lam


def greeting(lam: Served, function: str) -> str:
    answer = lam.client.invoke(FunctionName=function, Payload='{"name": "Ada"}', LogType="Tail")
    return str(json.loads(answer["Payload"].read()))


def function_of(aws: Shell, stack: str) -> str:
    told = json.loads(aws("aws", "cloudformation", "describe-stacks", "--stack-name", stack))
    return str(told["Stacks"][0]["Outputs"][0]["OutputValue"])


def test_the_aws_cli_packages_deploys_changes_and_deletes_a_stack(lam: Served, aws_cli: Path, tmp_path: Path) -> None:
    aws = Shell(aws_cli.parent, lam, project(tmp_path / "project"))
    cloudformation = ("aws", "cloudformation")
    aws("aws", "s3", "mb", "s3://code")

    packaged = ("--template-file", "template.yaml", "--s3-bucket", "code", "--output-template-file", "out.yaml")
    aws(*cloudformation, "package", *packaged)
    deploy = [*cloudformation, "deploy", "--template-file", "out.yaml", "--stack-name", "hello"]
    deploy += ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]
    assert "Successfully created/updated stack - hello" in aws(*deploy)
    function = function_of(aws, "hello")
    assert greeting(lam, function) == "Hello, Ada"

    assert "No changes to deploy. Stack hello is up to date" in aws(*deploy)
    aws(*deploy, "--parameter-overrides", "Greeting=Good morning")
    assert greeting(lam, function) == "Good morning, Ada"

    aws(*cloudformation, "delete-stack", "--stack-name", "hello")
    aws(*cloudformation, "wait", "stack-delete-complete", "--stack-name", "hello")
    assert not lam.client.list_functions()["Functions"]


@pytest.mark.parametrize("program", ["sam", "samlocal"])
def test_sam_deploys_changes_and_deletes_a_project(lam: Served, sam_cli: Path, tmp_path: Path, program: str) -> None:
    sam = Shell(sam_cli, lam, project(tmp_path / "project"))

    assert "Successfully created/updated stack - hello in us-east-1" in sam(program, "deploy")
    told = sam(program, "list", "stack-outputs", "--stack-name", "hello", "--output", "json")
    outputs, _ = json.JSONDecoder().raw_decode(told)  # behind it stands what is said of newer versions
    (function,) = [one["OutputValue"] for one in outputs]
    assert greeting(lam, function) == "Hello, Ada"

    assert "No changes to deploy. Stack hello is up to date" in sam(program, "deploy")
    (tmp_path / "project" / "src" / "app.py").write_text(CODE.replace("{event['name']}", "you"))
    assert "UPDATE_COMPLETE" in sam(program, "deploy")
    assert greeting(lam, function) == "Hello, you"

    assert "Deleted successfully" in sam(program, "delete", "--stack-name", "hello", "--no-prompts")
    assert not lam.client.list_functions()["Functions"]
