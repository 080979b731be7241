"""What a test costs with the plugin of pytest: beside the requests alone that it makes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

TESTS = 60
CALLS = 10
LIMIT_S = 600.0
CONFTEST = """
import json
import time

import pytest

TIMES = {"ours": [], "theirs": []}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    begun_s = time.perf_counter()
    result = yield
    if item.name.startswith("test_ours"):
        TIMES["ours"].append(time.perf_counter() - begun_s)
    return result


@pytest.fixture
def took():
    return TIMES["theirs"].append


def pytest_sessionfinish(session):
    (session.config.rootpath / "times.json").write_text(json.dumps(TIMES))
"""
SUITE = f"""
import io
import json
import sys
import time
import zipfile

import pytest

SOURCE = "def handler(event, context): return event\\n"
RUNTIME = f"python3.{{sys.version_info.minor}}"


@pytest.fixture(scope="module")
def alone(lambda_emu):
    with lambda_emu.account() as account:
        yield account


def ask(account, name):
    lambda_ = account.client()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("app.py", SOURCE)
    members = {{"Runtime": RUNTIME, "Handler": "app.handler", "Role": f"arn:aws:iam::{{account.number}}:role/any"}}
    lambda_.create_function(FunctionName=name, Code={{"ZipFile": packed.getvalue()}}, **members)
    while lambda_.get_function_configuration(FunctionName=name)["State"] == "Pending":
        time.sleep(0.002)
    for number in range({CALLS}):
        assert json.load(lambda_.invoke(FunctionName=name, Payload=json.dumps(number))["Payload"]) == number
"""
PAIR = f"""

def test_ours_{{number}}(lambda_deploy):
    echo = lambda_deploy(SOURCE)
    for number in range({CALLS}):
        assert echo(number) == number


def test_theirs_{{number}}(alone, took):
    begun_s = time.perf_counter()
    ask(alone, "echo-{{number}}")
    took(time.perf_counter() - begun_s)
"""


def suites(_stage: Stage) -> list[Verdict]:
    """In turns, of one server: a test that deploys and invokes, whole; and the same requests by one client of boto3."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_suite.py").write_text(SUITE + "".join(PAIR.format(number=number) for number in range(TESTS)))
        line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lambda-emu-engine", "process", made]
        done = subprocess.run(line, cwd=made, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        times = json.loads((folder / "times.json").read_text())
    ours, theirs = ([1000 * one for one in times[side][1:]] for side in ("ours", "theirs"))  # the first imports
    return [of_turns(f"a test that deploys and invokes {CALLS} times", "ms", Turns(ours, theirs), "its requests", 1.3)]
