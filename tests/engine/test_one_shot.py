"""An emulator that lives for one invocation makes ready what that takes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lam import Lam
from own import own_emulator
from queue_rig import queues_of
from test_logs_process import writers

from lambda_emu.cli.client import Server
from lambda_emu.config import load_settings
from lambda_emu.server import Emulator

PROJECT = """
functions:
  hello: {runtime: python3.11, handler: app.handler, code: hello}
  other: {runtime: provided.al2023, handler: any, code: hello}
  java: {runtime: java21, handler: any, code: hello}
"""


@pytest.mark.parametrize("engine", [pytest.param("docker", marks=pytest.mark.docker), "process"])
def test_only_the_function_that_runs_is_made_ready_and_only_once(tmp_path: Path, engine: str) -> None:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "app.py").write_text("def handler(event, context): return 'hello'")
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    settings = load_settings({"project": tmp_path, "port": 0, "engine": engine, "pull_images": False}, environ={})

    with Emulator(settings, only="hello") as emulator:
        emulator.wait_until_settled("hello")
        answer = Server(emulator.url).invoke("hello", b"{}")
        there = emulator.loop.ask(emulator.pool.describe, 5)
        of_the_log = writers(emulator.logs.path)

    assert answer.payload == b'"hello"'
    assert emulator.declared == ["hello"]
    assert [info.function for info in there] == ["hello"]  # and no stem for another
    assert of_the_log == []  # no process is started for the lines of one invocation


def test_no_message_is_taken_for_a_mapping_meanwhile(tmp_path: Path) -> None:
    """It would end with the invocation, which has nothing to do with it."""
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "app.py").write_text("def handler(event, context): return 'hello'")
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT)
    with own_emulator(tmp_path, "process") as lam, queues_of(lam, lam.emulator.url) as queues:
        url, arn = queues.create("waits")
        queues.map(arn, "hello")
        lam.emulator.loop.ask(lam.emulator.around.sources.stop, 10)
        queues.send(url, "x")
        queues.forget()

    settings = load_settings({"project": tmp_path, "port": 0, "engine": "process"}, environ={})
    with Emulator(settings, only="hello") as emulator:
        emulator.wait_until_settled("hello")
        assert Server(emulator.url).invoke("hello", b"{}").payload == b'"hello"'
        with queues_of(Lam(emulator), emulator.url) as queues:
            found = queues.attributes(queues.client.get_queue_url(QueueName="waits")["QueueUrl"])

    assert (found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]) == ("1", "0")


def test_nothing_of_flask_is_loaded_for_one_invocation(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): return 'hello'")
    script = (
        "import sys; from lambda_emu.cli import main; main(['invoke', sys.argv[1]], standalone_mode=False);"
        "print([name for name in ('flask', 'werkzeug', 'jinja2', 'docker') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env={**os.environ, "LAMBDA_EMU_ENGINE": "process"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout.splitlines() == ['"hello"', "[]"], done.stderr


@pytest.mark.docker
def test_the_end_of_the_engine_has_nothing_to_say(tmp_path: Path) -> None:
    """Its containers are still being given their limits then."""
    (tmp_path / "app.py").write_text("def handler(event, context): return 'hello'")

    done = subprocess.run(
        [sys.executable, "-m", "lambda_emu", "invoke", tmp_path],
        env={**os.environ, "LAMBDA_EMU_ENGINE": "docker"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    words = [line.split(" ")[0] for line in done.stderr.splitlines()]
    assert (done.stdout, words) == ('"hello"\n', ["INIT_START", "START", "END", "REPORT", "PRICE"])
