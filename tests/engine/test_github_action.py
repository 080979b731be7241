"""The GitHub Action: its step is run as a runner runs it, and its file is looked through. docs/ci.md."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from boto_rig import client_at
from waiting import Eventually

REPOSITORY = Path(__file__).parents[2]
ACTION: Mapping[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text())
LIMIT_S = 60 + int(ACTION["inputs"]["wait"]["default"])
"""Beyond what the step waits itself."""
TEMPLATE = """
Parameters: {Greeting: {Type: String}}
Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: hello
      Runtime: python3.11
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/test
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Code: {ZipFile: "import os\\ndef handler(event, context): return os.environ['GREETING']"}
"""


class Job:
    """What a step leaves for those that follow, in the runner's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner = {name: folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in self._runner.values():
            file.touch()

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """The step of the action, its inputs put in as the runner does."""
        [step] = ACTION["runs"]["steps"]
        given = {name: one["default"] for name, one in ACTION["inputs"].items()} | {"install": "false"} | inputs
        ours = {name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given[found[1]], value)
                for name, value in step["env"].items()}  # fmt: skip
        github = {"GITHUB_ACTION_PATH": REPOSITORY, "RUNNER_TEMP": self._folder, **self._runner}
        environ = os.environ | {name: str(value) for name, value in github.items()} | ours
        return subprocess.run(
            [step["shell"], "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env=environ, cwd=self._folder, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip

    def told(self, name: str) -> dict[str, str]:
        lines = self._runner[name].read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def end(self, eventually: Eventually) -> None:
        """What a runner does to all that a job left running."""
        for number in self._servers():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
        eventually(lambda: not self._servers(), "the end of the server")

    def _servers(self) -> list[int]:
        found = []
        for one in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if b"serve\0" in (one / "cmdline").read_bytes() and (one / "cwd").readlink() == self._folder:
                    found.append(int(one.name))
        return found


@pytest.fixture
def job(tmp_path: Path, eventually: Eventually) -> Iterator[Job]:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "template.yaml").write_text(TEMPLATE)
    job = Job(tmp_path)
    yield job
    job.end(eventually)


def test_the_step_leaves_a_server_that_is_ready_for_the_steps_that_follow(job: Job) -> None:
    options = "--engine=process\n--parameter=Greeting=Hello from CI\n\n--ephemeral"

    done = job.run(project="app", port="0", options=options, python=sys.executable)

    assert done.returncode == 0, done.stdout + done.stderr
    url = job.told("GITHUB_OUTPUT")["url"]
    assert job.told("GITHUB_ENV") == {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
    }
    answer = client_at(url, "lambda").invoke(FunctionName="hello")
    assert answer["Payload"].read() == b'"Hello from CI"'


def test_a_server_that_ends_is_a_failure_which_shows_what_it_said(job: Job) -> None:
    done = job.run(project="nowhere", port="0", python=sys.executable)

    assert done.returncode == 1
    assert "::error::lambda-emu has ended" in done.stdout
    assert "must be a folder or a file that exists" in done.stdout


def test_what_is_put_into_the_shell_goes_by_way_of_variables() -> None:
    """What stands in an input is nobody's code."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = re.findall(r"inputs\.(\w+)", str(ACTION["runs"]))
    assert sorted(used) == sorted(ACTION["inputs"])
    assert set(ACTION["outputs"]) == set(
        re.findall(r"echo \"(\w+)=.*GITHUB_OUTPUT", (REPOSITORY / "scripts" / "action.sh").read_text())
    )
    assert all(one["description"] for one in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))
