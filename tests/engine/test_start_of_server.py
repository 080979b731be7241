"""What a server has done when it says that it serves, and what it leaves for later."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from own import serve, served
from test_logs_process import writers
from waiting import LIMIT_S, eventually

from lambda_emu.folders import Purpose, mark

FOR_OTHER_REQUESTS = ("flask", "werkzeug", "jinja2", "lambda_emu.api.app", "lambda_emu.api.own_pages")
NEVER = (
    "docker",
    "requests",
    "botocore.session",
    "boto3",
    "lambda_emu.access.demand",
    "lambda_emu.access.services",
    "lambda_emu.cli.show",
    "lambda_emu.event_sources.driver",
    "lambda_emu.model.iam.conditions",
    "lambda_emu.services.sqs.queues",
)
LIBRARIES = {"click", "httptools", "msgspec", "pybase64", "typing_extensions", "uvloop", "yaml"}
"""That a first invocation needs; whoever needs another one imports it when it is asked for."""
FOR_WHAT_IS_BUILT = {
    "ctypes",
    "email.parser",
    "importlib.metadata",
    "lambda_emu.builds.images",
    "lambda_emu.builds.pip",
    "lambda_emu.builds.workflows",
    "samtranslator",
    "tarfile",
    "tomllib",
}
BELOW_A_SERVICE = re.compile(r"lambda_emu\.(?:(?:services|event_sources|triggers)\.\w+|project\.services)\.(\w+)")
KNOWS_WHAT_IS_ASKED_FOR = {"service", "late", "neighbour", "left", "errors", "refusals"}
"""Of a service, a source or a door; what then serves is imported with the first request for it, as LateQueues does."""
HELLO = "def handler(event, context): return 'hello'"
PROJECT = "functions: {hello: {runtime: python3.11, handler: app.handler, code: hello}}"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: hello, Runtime: python3.11, Handler: app.handler, CodeUri: hello}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "app.py").write_text(HELLO)
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    return tmp_path


@contextmanager
def importing(folder: Path) -> Iterator[Iterator[str]]:
    """What a server imports and says, line by line in the order of it. After LIMIT_S it is killed, and says no more."""
    line = [sys.executable, "-X", "importtime", "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process"]
    with (
        subprocess.Popen(
            line, cwd=folder, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
        lines_of(process) as lines,
    ):
        yield (re.sub(r"^import time:.*\| *", "", line) for line in lines)


@contextmanager
def lines_of(process: subprocess.Popen[str]) -> Iterator[Iterator[str]]:
    """What it says, until the block ends, and the process with it. After LIMIT_S it is killed, and says no more."""
    assert process.stdout is not None
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    try:
        yield (line.rstrip("\n") for line in process.stdout)
    finally:
        process.terminate()
        process.stdout.read()
        limit.cancel()


def test_flask_is_imported_once_somebody_was_served_and_before_anybody_needs_it(folder: Path) -> None:
    with importing(folder) as lines:
        before: set[str] = set()
        while not (line := next(lines)).startswith("lambda-emu serves hello"):
            before.add(line)
        url = re.findall(r"http://\S+", line)[0]
        assert urlopen(f"{url}/2015-03-31/functions/hello/invocations", b"{}", timeout=60).read() == b'"hello"'
        after: set[str] = set()
        while not after.issuperset(FOR_OTHER_REQUESTS):
            after.add(next(lines))

    assert "lambda_emu.server" in before
    assert before.isdisjoint(FOR_OTHER_REQUESTS + NEVER)


def test_a_start_imports_no_more_than_a_first_invocation_needs(folder: Path) -> None:
    with importing(folder) as lines:
        list(iter(lambda: next(lines), "site"))  # what any Python does, and the virtual environment has it do
        said = iter(lambda: next(lines).partition(" on ")[0], "lambda-emu serves hello")
        before = {name for name in said if re.fullmatch(r"[\w.]+", name)}

    libraries = {name.partition(".")[0] for name in before} - sys.stdlib_module_names - {"lambda_emu"}
    serving = {match[1] for match in map(BELOW_A_SERVICE.fullmatch, before) if match}
    assert "service" in serving
    assert libraries - LIBRARIES == set()
    assert serving - KNOWS_WHAT_IS_ASKED_FOR == set()


def test_a_second_start_with_a_template_imports_nothing_that_builds_or_expands(folder: Path) -> None:
    (folder / "lambda-emu.yaml").unlink()
    (folder / "template.yaml").write_text(TEMPLATE)
    with importing(folder) as lines:
        assert any(line.startswith("lambda-emu serves hello") for line in lines)

    with importing(folder) as lines:
        second = set(takewhile(lambda line: not line.startswith("lambda-emu serves hello"), lines))

    assert "lambda_emu.builds.builder" in second
    assert second.isdisjoint(FOR_WHAT_IS_BUILT)


def test_a_flask_that_cannot_be_imported_ends_no_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As while somebody installs another one. Who needs it is told, and is served once it is there."""
    (folder / "broken").mkdir()
    flask = folder / "broken" / "flask.py"
    flask.write_text("raise ImportError('half of it is there')")
    monkeypatch.setenv("PYTHONPATH", str(flask.parent))

    with importing(folder) as lines:
        serves = next(line for line in lines if line.startswith("lambda-emu serves hello"))
        functions = re.findall(r"http://\S+", serves)[0] + "/2015-03-31/functions/"
        invoke = f"{functions}hello/invocations"
        assert urlopen(invoke, b"{}", timeout=60).read() == b'"hello"'
        assert any("Flask could not be imported ahead" in line for line in lines)

        with pytest.raises(HTTPError, match="500"):
            urlopen(functions, timeout=60)
        assert urlopen(invoke, b"{}", timeout=60).read() == b'"hello"'
        flask.unlink()
        assert b'"hello"' in urlopen(functions, timeout=60).read()


def test_no_process_writes_the_log_before_there_is_a_line(folder: Path) -> None:
    log = folder / ".lambda-emu" / "logs.db"
    with served(folder, "process") as lam:
        assert lam.page("logs?function=hello")
        assert writers(log) == []

        assert lam.invoke("hello", {}).payload == "hello"

        eventually(lambda: b"REPORT" in lam.page("logs?function=hello"), "the log of it")
        assert len(writers(log)) == 1


OF_ANOTHER_PYTHON = """#!/bin/sh
printf %s '["python3.12", "/usr/bin/env", "/usr/lib", "lib"]'
"""


def test_a_server_says_that_it_serves_when_no_function_of_the_project_is_pending(folder: Path) -> None:
    """Scripts invoke as soon as they read the line, or as health is ok."""
    python, lock = folder / "bin/python3.12", folder / "cache/build/toolchains.lock"
    python.parent.mkdir()
    python.write_text(OF_ANOTHER_PYTHON)
    python.chmod(0o755)
    (folder / "lambda-emu.yaml").write_text(PROJECT.replace("3.11", "3.12"))
    lock.parent.mkdir(parents=True)
    lock.touch()
    mark(folder / "cache", Purpose.CACHE)
    variables: dict[str, Any] = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "LAMBDA_EMU_CACHE_DIR": str(folder / "cache"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_RETRIES": "0",
    }

    with serve(folder, "process", **variables) as process, lines_of(process) as lines:
        with lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            waits = next(line for line in lines if "once, which may take minutes: hello" in line)
            url = re.findall(r"http://\S+", waits)[0]
            with pytest.raises(HTTPError, match="503") as refused:
                urlopen(f"{url}/_lambda-emu/health", timeout=60)
            assert json.load(refused.value)["status"] == "starting"
        while not next(lines).startswith("lambda-emu serves hello"):
            pass

        assert urlopen(f"{url}/2015-03-31/functions/hello/invocations", b"{}", timeout=60).read() == b'"hello"'
        assert json.load(urlopen(f"{url}/_lambda-emu/health", timeout=60))["status"] == "ok"
