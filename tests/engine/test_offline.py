"""A machine without a way out runs functions on images that it got in a file. Run by `make test-runtimes`.

Engine, emulator and caller are in a network namespace that has a loopback and nothing else; the engine is a new one.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from image_rig import ImageRig
from packages import other_pythons
from test_cli import ENVIRONMENT, LIMIT_S, command
from waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.runtimes]

RUNTIMES = ("python3.11", "nodejs22.x", "provided.al2023")
PROJECT = """
functions:
  python: {runtime: python3.11, handler: app.handler, code: python}
  node: {runtime: nodejs22.x, handler: app.handler, code: node}
  shell: {runtime: provided.al2023, handler: any, code: shell}
"""
CODE = {
    "python/app.py": "import boto3\ndef handler(event, context): return {'python': event}",
    "node/app.mjs": "import '@aws-sdk/client-s3'; export const handler = async event => ({node: event})",
    "shell/bootstrap": """#!/bin/sh
while :; do
    curl -sS -D /tmp/head -o /tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
    id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *//p' /tmp/head | tr -d '\\r')
    curl -sS -d "{\\"shell\\": $(cat /tmp/event)}" \
        "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
""",
}
CALLER = """
import json, sys, boto3
client = boto3.client("lambda", endpoint_url=sys.argv[1], region_name="us-east-1",
                      aws_access_key_id="a", aws_secret_access_key="b")
for name in sys.argv[2:]:
    answer = client.invoke(FunctionName=name, Payload=b'{"from": "boto3"}')
    print(answer["Payload"].read().decode())
"""
WAY_OUT = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"


@dataclass(frozen=True)
class Island:
    """A network namespace without a way out, and the engine in it. folder: shared with this side."""

    folder: Path
    pid: int

    def line(self, *arguments: str) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", sys.executable, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return ENVIRONMENT | {"DOCKER_HOST": f"unix://{self.folder}/engine.sock"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(self.line(*arguments), self.folder, self.environment)


def run(line: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=5 * LIMIT_S
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """Whose path is short enough for the sockets in it."""
    with TemporaryDirectory(prefix="lambda-emu-test-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def island(folder: Path) -> Iterator[Island]:
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine")
    options = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/engine.pid"]
    options += [f"--host=unix://{folder}/engine.sock", "--bridge=none", "--iptables=false", "--ip-forward=false"]
    start = 'ip link set lo up && exec dockerd "$@"'
    with (folder / "engine.log").open("w") as log:
        line = ["unshare", "--net", "sh", "-c", start, "sh", *options]
        process = subprocess.Popen(line, stdout=log, stderr=subprocess.STDOUT)
    try:
        eventually(partial(_answers, folder), f"the engine; {folder}/engine.log says why not")
        yield Island(folder, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(LIMIT_S)


def _answers(folder: Path) -> bool:
    line = ["docker", "--host", f"unix://{folder}/engine.sock", "version"]
    return subprocess.run(line, capture_output=True, check=False, timeout=LIMIT_S).returncode == 0


def give_up(line: list[str], island: Island) -> None:
    """Kill an import while it hands over its second image."""
    with subprocess.Popen(
        line, cwd=island.folder, env=island.environment, stderr=subprocess.PIPE, text=True
    ) as importing:
        assert importing.stderr is not None
        handed = (said for said in importing.stderr if "handing" in said)
        next(handed), next(handed)
        importing.kill()


def test_functions_run_on_imported_images_where_there_is_no_way_out(island: Island) -> None:
    for runtime in RUNTIMES:
        ImageRig().image(runtime)
    for path, code in CODE.items():
        (island.folder / path).parent.mkdir(exist_ok=True)
        (island.folder / path).write_text(code)
    (island.folder / "shell/bootstrap").chmod(0o755)
    (island.folder / "lambda-emu.yaml").write_text(PROJECT)
    line = [sys.executable, "-m", "lambda_emu", "runtimes", "export", "runtimes.bundle", *RUNTIMES]
    exported = run(line, island.folder, ENVIRONMENT)
    assert exported.returncode == 0, exported.stderr

    no_way_out = island.run("-c", WAY_OUT)
    nothing = island.run("-m", "lambda_emu", "invoke", "python", "{}")
    give_up(island.line("-m", "lambda_emu", "runtimes", "import", "runtimes.bundle"), island)
    imported = island.run("-m", "lambda_emu", "runtimes", "import", "runtimes.bundle")
    serve = island.line("-m", "lambda_emu", "serve", "--port=0", "--engine=docker")
    with subprocess.Popen(
        serve, cwd=island.folder, env=island.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        said = re.search(r"http://\S+", server.stdout.readline())
        assert said is not None
        called = island.run("-c", CALLER, said[0], "python", "node", "shell")
        server.send_signal(signal.SIGINT)

    assert "unreachable" in no_way_out.stderr
    assert re.search(r"could not be built: \w+ had no answer from where it fetches", nothing.stderr)
    assert "`lambda-emu runtimes import FILE`" in nothing.stderr
    assert imported.stdout.splitlines()[: len(RUNTIMES)] == exported.stdout.splitlines(), imported.stderr
    assert "checking" in imported.stderr
    answers = [json.loads(line) for line in called.stdout.splitlines()]
    assert answers == [{name: {"from": "boto3"}} for name in ("python", "node", "shell")], called.stderr


def test_functions_run_without_docker_on_an_imported_client_where_there_is_no_way_out(tmp_path: Path) -> None:
    """Of another Python than the one that lambda-emu itself runs on, for which it has to fetch a client."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    other, python = next(other_pythons())
    (tmp_path / "python").mkdir()
    (tmp_path / "python/app.py").write_text(
        "import awslambdaric, sys\ndef handler(event, context): return [*sys.version_info[:2], event]"
    )
    (tmp_path / "lambda-emu.yaml").write_text(
        f"functions: {{python: {{runtime: {other}, handler: app.handler, code: python}}}}"
    )
    settings = {"LAMBDA_EMU_ENGINE": "process", "LAMBDA_EMU_STRICT_RUNTIMES": "true"}
    settings["PATH"] = f"{python.parent}:{os.environ['PATH']}"
    here, there = ({**settings, "LAMBDA_EMU_CACHE_DIR": str(tmp_path / name)} for name in ("here", "there"))
    invoke, bundle = ("invoke", "python", '{"from": "here"}'), tmp_path / "runtimes.bundle"

    made = command(*invoke, folder=tmp_path, environment=here)
    exported = command("runtimes", "export", bundle, other, folder=tmp_path, environment=here)
    nothing = without_way_out(*invoke, folder=tmp_path, environment=there)
    imported = without_way_out("runtimes", "import", str(bundle), folder=tmp_path, environment=there)
    invoked = without_way_out(*invoke, folder=tmp_path, environment=there)

    assert made.returncode == 0, made.stderr
    assert (exported.stdout, imported.stdout) == (f"client of {other}\n",) * 2, exported.stderr + imported.stderr
    assert nothing.returncode != 0
    version = [int(number) for number in other.removeprefix("python").split(".")]
    assert json.loads(invoked.stdout) == [*version, {"from": "here"}], invoked.stderr


def without_way_out(*arguments: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lambda_emu", *arguments]
    apart = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *line]
    return run(apart, folder, {**ENVIRONMENT, **environment})
