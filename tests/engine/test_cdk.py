"""The real CDK deploys examples/cdk: its bootstrap, its stack with custom resources, a change, and its end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from own import ENGINES, Served, served
from packages import node_modules

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "cdk"


class Cdk:
    """A command of a project's own, against one server."""

    def __init__(self, project: Path, url: str, **variables: str) -> None:
        self.url = url
        self._project = project
        self._environment = {
            "HOME": str(project.parent),  # nobody's configuration
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_S3": url,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "true",
            **variables,
        }

    def __call__(self, command: str, *words: str) -> str:
        """What it prints."""
        line = [str(self._project / "node_modules" / ".bin" / command), *words, "--no-notices"]
        run = subprocess.run(
            line, cwd=self._project, env=self._environment, capture_output=True, text=True, timeout=500, check=False
        )
        assert run.returncode == 0, f"{words}: {run.stdout}{run.stderr}"
        return run.stdout + run.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """With what its package.json asks for."""
    project = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("cdk") / "notes"))
    wanted = json.loads((project / "package.json").read_text())
    named = {**wanted["dependencies"], **wanted["devDependencies"]}
    packages = node_modules(pytestconfig, *(f"{name}@{version}" for name, version in named.items()))
    (project / "node_modules").symlink_to(packages / "node_modules")
    return project


@pytest.fixture(params=ENGINES)
def lam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, request.param) as lam:
        yield lam


def outputs(lam: Served, stack: str) -> dict[str, str]:
    (found,) = client_at(lam.url, "cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


def ask(url: str, body: str | None = None) -> tuple[int, Any]:
    request = Request(url, None if body is None else body.encode(), method="GET" if body is None else "PUT")
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("command", ["cdk", "cdklocal"])
def test_a_stack_is_deployed_used_changed_and_destroyed(project: Path, lam: Served, command: str) -> None:
    cdk = Cdk(project, lam.url)
    cdk(command, "bootstrap")
    assert "no changes" in cdk(command, "bootstrap")

    cdk(command, "deploy", "--require-approval", "never")

    told = outputs(lam, "Notes")
    (url,) = (value.rstrip("/") for value in told.values() if value.startswith(f"{lam.url}/_lambda-emu/api/"))
    assert told["Text"] == "Hello, Ada"  # by the provider
    assert ask(f"{url}/") == (200, "<h1>Notes</h1>\n")  # which a custom resource uploaded
    assert json.loads(ask(f"{url}/welcome")[1])["text"] == "Write something"  # which another one has put there
    assert ask(f"{url}/mine", "tea")[0] == 204
    assert json.loads(ask(f"{url}/mine")[1]) == {"id": "mine", "text": "tea"}

    cdk(command, "deploy", "--require-approval", "never", "--context", "name=Bob")
    assert outputs(lam, "Notes")["Text"] == "Hello, Bob"

    cdk(command, "destroy", "--force")
    buckets = client_at(lam.url, "s3").list_buckets()["Buckets"]
    assert [one["Name"] for one in buckets] == ["cdk-hnb659fds-assets-000000000000-us-east-1"]
    assert client_at(lam.url, "dynamodb").list_tables()["TableNames"] == []
