"""Tools that build images: their words are heard, their failures explained, and none outlives us."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.registry import follow
from lambda_emu.sandbox.building.tool_runner import ToolRunner


def ignore(line: str) -> None:
    """Progress that nobody watches."""


def test_a_tool_is_heard_line_by_line() -> None:
    heard: list[str] = []

    ToolRunner().run(["sh", "-c", "echo one; echo two >&2"], heard.append)

    assert heard == ["one", "two"]


def test_a_failed_tool_is_quoted() -> None:
    with pytest.raises(SandboxError, match=r"sh failed \(exit code 3\):\nno such suite"):
        ToolRunner().run(["sh", "-c", "echo no such suite; exit 3"], ignore)


def test_a_missing_tool_comes_with_the_line_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxError, match="apt-get install mmdebstrap"):
        ToolRunner().run(["mmdebstrap", "--version"], ignore)


def test_closing_ends_what_runs_and_starts_no_more() -> None:
    tools, started = ToolRunner(), Event()

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(tools.run, ["sh", "-c", "echo here; sleep 60 & wait"], lambda _: started.set())
        assert started.wait(10)
        tools.close()

        with pytest.raises(SandboxError, match="signal 15"):
            running.result(timeout=10)
    with pytest.raises(SandboxError, match="is ending"):
        tools.run(["true"], ignore)


def test_an_interrupted_caller_does_not_wait_for_its_tool() -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt(line)

    began_s = monotonic()
    with pytest.raises(KeyboardInterrupt):
        ToolRunner().run(["sh", "-c", "echo here; sleep 60 & wait"], interrupt)

    assert monotonic() - began_s < 10


def layer(id: str, status: str) -> Mapping[str, Any]:
    return {"id": id, "status": status}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([layer("latest", "Pulling from lambda/python")], []),
        ([layer("a", "Pulling fs layer"), layer("b", "Pulling fs layer")], ["0 of 1", "0 of 2"]),
        ([layer("a", "Downloading"), layer("a", "Downloading"), layer("a", "Pull complete")], ["0 of 1", "1 of 1"]),
        ([layer("a", "Already exists"), {"status": "Status: Downloaded"}], ["1 of 1"]),
    ],
)
def test_a_pull_tells_how_many_layers_have_come(events: list[Mapping[str, Any]], told: list[str]) -> None:
    heard: list[str] = []

    follow(events, heard.append)

    assert heard == [f"pulling: {line} layers" for line in told]


def test_a_pull_that_fails_says_why() -> None:
    with pytest.raises(SandboxError, match="manifest unknown"):
        follow([{"error": "manifest unknown"}], ignore)
