"""The plugin of pytest, as suites of others have it: each test here is a run of pytest in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from own import QUICKER
from packages import cache_dir
from waiting import Eventually

import lambda_emu

pytest_plugins = ["pytester"]

EXAMPLES = Path(__file__).parents[2] / "examples"
WAYS = pytest.mark.parametrize("way", [(), ("-n", "4")], ids=["serially", "in four workers"])
LIMIT_S = 240
SUITE = '''
import io, os, zipfile
import pytest
from lambda_emu.testing import FunctionError, NotDeployed

HELLO = """
    def handler(event, context):
        print("greets", event.get("name"))
        return {"greeting": f"Hello, {event['name']}", "account": context.invoked_function_arn.split(":")[4]}
"""

def test_source_text_is_called_as_a_function(lambda_deploy, lambda_account):
    hello = lambda_deploy(HELLO)
    assert hello({"name": "Ada"}) == {"greeting": "Hello, Ada", "account": lambda_account.number}

def test_what_it_raises_is_raised(lambda_deploy):
    hello = lambda_deploy(HELLO)
    with pytest.raises(FunctionError, match="KeyError: 'name'") as failed:
        hello({})
    assert (failed.value.type, failed.value.message) == ("KeyError", "'name'")
    assert any("handler" in line for line in failed.value.trace)
    assert "app.py" in str(failed.value)
    assert failed.value.request_id

@pytest.mark.parametrize("time", range(4))
def test_every_test_has_an_empty_account(lambda_client, lambda_deploy, lambda_account, time):
    assert lambda_client.list_functions()["Functions"] == []
    assert lambda_account.client("sqs").list_queues().get("QueueUrls", []) == []
    lambda_account.client("sqs").create_queue(QueueName="left-behind")
    lambda_deploy(HELLO, name="left-behind")

def test_a_folder_a_file_and_a_zip(lambda_deploy, tmp_path):
    (tmp_path / "lambda_function.py").write_text("def lambda_handler(event, context): return event")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.write(tmp_path / "lambda_function.py", "lambda_function.py")
    (tmp_path / "code.zip").write_bytes(packed.getvalue())
    for what in (tmp_path, tmp_path / "lambda_function.py", tmp_path / "code.zip", packed.getvalue()):
        assert lambda_deploy(what)([1, "two"]) == [1, "two"]

def test_a_function_of_the_project(lambda_deploy):
    declared = lambda_deploy("declared")
    assert declared() == ["of the project", "128"]
    assert lambda_deploy("declared", name="other", memory=256, environment={"SAYS": "told"})() == ["told", "256"]

def test_invocations_are_listed_and_waited_for(lambda_deploy, lambda_invocations):
    hello = lambda_deploy(HELLO)
    hello.send({"name": "Grace"})
    (one,) = lambda_invocations(hello, at_least=1)
    assert (one.function, one.status, one.memory_mb) == (hello.name, "success", 128)
    assert one.billed_ms >= one.duration_ms
    assert lambda_invocations("another") == []
    with pytest.raises(AssertionError, match="1 invocations of function ended in 0.1 s, not 2"):
        lambda_invocations(hello, at_least=2, timeout_s=0.1)

def test_code_under_test_asks_by_variables(lambda_account, lambda_deploy, monkeypatch):
    boto3 = pytest.importorskip("boto3")
    hello = lambda_deploy(HELLO)
    for name, value in lambda_account.environ.items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("lambda").get_function(FunctionName=hello.name)

@pytest.mark.parametrize("what, why", [
    ("nowhere", "no path, no source text and no function"),
    ("x = 1\\n", "neither handler nor lambda_handler"),
    (b"no zip", "no zip that can be read"),
    (os.devnull, "no code that can be run"),
])
def test_what_cannot_be_deployed_says_why(lambda_deploy, what, why):
    with pytest.raises(NotDeployed, match=why):
        lambda_deploy(what)

def test_one_server_is_everybodys(lambda_emu):
    with open("urls", "a") as file:
        file.write(lambda_emu.url + "\\n")

@pytest.fixture(scope="module")
def shared(lambda_emu):
    with lambda_emu.account() as account:
        yield account.deploy(HELLO)

@pytest.mark.parametrize("time", range(3))
def test_a_module_may_share_a_function(shared, time):
    assert shared({"name": "Ada"})["account"] == shared.account.number
'''
PROJECT = """
functions:
  declared: {runtime: python3.11, handler: app.handler, code: code, environment: {SAYS: of the project}}
"""
DECLARED = """
import os

def handler(event, context):
    return [os.environ["SAYS"], context.memory_limit_in_mb]
"""


class Suite:
    """A folder with a suite in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.folder = pytester.path
        self._pytester = pytester

    def run(self, source: str, *options: str) -> pytest.RunResult:
        self._pytester.makepyfile(source)
        return self._pytester.runpytest_subprocess("-p", "no:cacheprovider", *options, timeout=LIMIT_S)

    def begin(self, source: str, *options: str) -> Any:
        """In the background."""
        self._pytester.makepyfile(source)
        line = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options)
        return self._pytester.popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def urls(self) -> list[str]:
        """That its tests wrote down."""
        file = self.folder / "urls"
        return sorted(set(file.read_text().split())) if file.exists() else []


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("LAMBDA_EMU_ENGINE", "process")
    monkeypatch.setenv("LAMBDA_EMU_CACHE_DIR", str(cache_dir()))
    monkeypatch.setenv("LAMBDA_EMU_PULL_IMAGES", "false")
    return Suite(pytester)


def is_there(url: str) -> bool:
    try:
        urlopen(f"{url}/_lambda-emu/health", timeout=5).close()
    except OSError:
        return False
    return True


def declare(folder: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(DECLARED)
    (folder / "lambda-emu.yaml").write_text(PROJECT)


@pytest.mark.parametrize("engine", QUICKER)
@WAYS
def test_a_suite_passes_and_leaves_no_server(suite: Suite, engine: str, way: tuple[str, ...]) -> None:
    declare(suite.folder)

    result = suite.run(SUITE, "--lambda-emu-engine", engine, *way)

    result.assert_outcomes(passed=18)
    assert len(suite.urls()) == 1
    assert [url for url in suite.urls() if is_there(url)] == []


@WAYS
def test_a_failed_test_has_the_functions_log_and_no_others(suite: Suite, way: tuple[str, ...]) -> None:
    result = suite.run(
        """
        SAYS = "def handler(event, context):\\n    print('said', event)\\n    return event"

        def test_passes(lambda_deploy):
            assert lambda_deploy(SAYS)("of a test that passes")

        def test_fails(lambda_deploy):
            assert lambda_deploy(SAYS, name="talker")("of a test that fails") is None
        """,
        *way,
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*Functions' log*", "/aws/lambda/talker", "START RequestId: *", "said of a test that fails", "REPORT *"]
    )
    result.stdout.no_fnmatch_line("*said of a test that passes*")


def test_a_run_that_takes_no_fixture_imports_and_starts_nothing(suite: Suite) -> None:
    result = suite.run(
        """
        import sys

        def test_modules():
            ours = sorted(name for name in sys.modules if name.partition(".")[0] == "lambda_emu")
            heavy = {"asyncio", "boto3", "botocore", "click", "docker", "flask", "msgspec", "sqlite3", "yaml"}
            assert ours == [
                "lambda_emu", "lambda_emu.testing", "lambda_emu.testing.errors", "lambda_emu.testing.options",
                "lambda_emu.testing.plugin", "lambda_emu.testing.workers",
            ]
            assert heavy & {name.partition(".")[0] for name in sys.modules} == set()
        """
    )

    result.assert_outcomes(passed=1)


@WAYS
def test_time_moves_for_who_is_marked_alone(suite: Suite, way: tuple[str, ...]) -> None:
    result = suite.run(
        """
        import pytest
        from datetime import datetime, timedelta, UTC
        from lambda_emu.testing import SharedServer

        def is_now(text):
            return abs(datetime.fromisoformat(text) - datetime.now(UTC)) < timedelta(minutes=5)

        @pytest.mark.parametrize("time", range(2))
        def test_moves(lambda_clock, lambda_account, time):
            assert is_now(lambda_clock.now)
            sqs = lambda_account.client("sqs")
            url = sqs.create_queue(QueueName="q")["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=600)
            assert "Messages" not in sqs.receive_message(QueueUrl=url)
            lambda_clock.advance("10m")
            assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "late"
            lambda_clock.advance("30d")

        @pytest.mark.lambda_clock
        def test_is_marked(lambda_emu, lambda_deploy):
            lambda_emu.clock.advance(3600)
            assert lambda_deploy("def handler(event, context): return 1\\n")() == 1

        @pytest.mark.parametrize("time", range(2))
        def test_does_not_move(lambda_emu, lambda_deploy, time):
            assert is_now(lambda_emu.clock.now)
            with pytest.raises(SharedServer, match="lambda_clock"):
                lambda_emu.clock.advance("1h")
            with pytest.raises(SharedServer):
                lambda_emu.reset()
        """,
        "-v",
        "--strict-markers",
        *way,
    )

    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["*test_is_marked*PASSED*" if not way else "*PASSED*test_is_marked*"])


@WAYS
def test_the_server_ends_though_the_run_is_killed(suite: Suite, eventually: Eventually, way: tuple[str, ...]) -> None:
    waits = """
        import threading

        def test_waits(lambda_emu):
            with open("urls", "a") as file:
                file.write(lambda_emu.url + "\\n")
            threading.Event().wait(600)
        """
    running = suite.begin(waits, *way)
    try:
        (url,) = eventually_in(eventually, suite.urls)
        assert is_there(url)
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    eventually(lambda: not is_there(url), "the server to end")


def eventually_in(eventually: Eventually, find: Callable[[], list[str]]) -> list[str]:
    for _ in range(4):  # a start takes its time
        try:
            eventually(find, "a url")
            break
        except AssertionError:
            continue
    return find()


def test_a_server_that_cannot_start_is_told_by_each_test(suite: Suite) -> None:
    (suite.folder / "pytest.ini").write_text("[pytest]\nlambda_emu_settings =\n    stems = many\n")

    result = suite.run("def test_one(lambda_emu): ...\ndef test_two(lambda_emu): ...")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["LAMBDA_EMU_STEMS: 'many' must be a whole number from 0 to 100"] * 2)


def test_settings_of_the_ini_file_hold_and_variables_go_before_them(suite: Suite) -> None:
    declare(suite.folder)
    (suite.folder / "pytest.ini").write_text(
        "[pytest]\nlambda_emu_engine = docker\nlambda_emu_iam = enforce\nlambda_emu_project = .\n"
        "lambda_emu_settings =\n    account = 123456789012\n    stems = 0\n"
    )

    result = suite.run(
        """
        import botocore.exceptions, pytest

        def test_settings(lambda_emu):
            assert lambda_emu.engine == "process"
            (declared,) = lambda_emu.client().list_functions()["Functions"]
            assert declared["FunctionArn"].split(":")[4] == "123456789012"

        def test_iam(lambda_emu, monkeypatch):
            boto3 = pytest.importorskip("boto3")
            named = {"aws_access_key_id": "test", "aws_secret_access_key": "wrong", "region_name": "us-east-1"}
            with pytest.raises(botocore.exceptions.ClientError, match="signature"):
                boto3.client("lambda", endpoint_url=lambda_emu.url, **named).list_functions()
        """
    )

    result.assert_outcomes(passed=2)


def test_a_sam_project_is_served_to_all_tests(suite: Suite) -> None:
    shutil.copytree(EXAMPLES / "sam", suite.folder / "app")

    result = suite.run(
        """
        import json
        import pytest
        from lambda_emu.testing import NotDeployed

        def test_it_answers(lambda_emu):
            answer = lambda_emu.client().invoke(FunctionName="HelloWorldFunction", Payload=b"{}")
            assert json.load(answer["Payload"])["statusCode"] == 200

        def test_its_functions_are_no_tests_own(lambda_deploy):
            with pytest.raises(NotDeployed, match="no function of"):
                lambda_deploy("HelloWorldFunction")
        """,
        "--lambda-emu-project",
        "app/template.yaml",
    )

    result.assert_outcomes(passed=2)


def test_a_server_that_runs_already_is_used_and_not_ended(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    with lambda_emu.running(stems=0) as emu:
        monkeypatch.setenv("LAMBDA_EMU_TOKEN", emu.token)
        result = suite.run(
            f"""
            def test_it(lambda_emu, lambda_deploy):
                assert lambda_emu.url == {emu.url!r}
                assert lambda_deploy("def handler(event, context): return 1\\n")() == 1
            """,
            "--lambda-emu-url",
            emu.url,
        )
        with emu.account() as account:
            assert account.deploy("def handler(event, context): return 2\n")() == 2
        emu.clock.advance("1h")
        emu.reset()

    result.assert_outcomes(passed=1)
    assert not is_there(emu.url)
