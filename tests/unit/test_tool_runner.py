"""Tools that build images: their words are heard, their failures explained, and none outlives us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building import tool_runner
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.tool_runner import LINE_LIMIT, ToolFailed, ToolRunner
from lambda_emu.sandbox.docker.pulls import follow


def ignore(line: str) -> None:
    """Progress that nobody watches."""


def test_a_tool_is_heard_line_by_line() -> None:
    heard: list[str] = []

    ToolRunner().run(["sh", "-c", "echo one; echo two >&2"], heard.append)

    assert heard == ["one", "two"]


def test_a_failed_tool_is_quoted() -> None:
    with pytest.raises(SandboxError, match=r"sh failed \(exit code 3\):\nno such suite"):
        ToolRunner().run(["sh", "-c", "echo no such suite; exit 3"], ignore)


def test_of_a_line_without_an_end_its_beginning_counts() -> None:
    heard: list[str] = []
    long = "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo next; exit 1"

    with pytest.raises(SandboxError) as failed:
        ToolRunner().run(["sh", "-c", long], heard.append)

    assert heard == ["x" * LINE_LIMIT, "next"]
    assert len(str(failed.value)) < 2 * LINE_LIMIT


@pytest.mark.parametrize(
    "write",
    [
        lambda: ToolRunner().run(["cp", "/etc/passwd", "/dev/full"], ignore),
        lambda: Path("/dev/full").write_text("x"),
    ],
    ids=["a tool", "we"],
)
def test_a_full_disk_is_told_as_that_whoever_finds_it(tmp_path: Path, write: Callable[[], object]) -> None:
    """With what to do about it, and no traceback."""
    told = f"(?s)python3.11 could not be made, for a disk is full: .*No space left.*{tmp_path}.*LAMBDA_EMU_CACHE_DIR"

    with pytest.raises(SandboxError, match=told), Cache(tmp_path).scratch("python3.11", ignore):
        write()

    assert [path.name for path in (tmp_path / "build").iterdir()] == ["python3.11.lock"]


def test_files_that_may_not_be_written_are_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SandboxError, match=r"python3\.11 could not be made: .*No such file or directory: '/nowhere/x'"),
        Cache(tmp_path).scratch("python3.11", ignore),
    ):
        Path("/nowhere/x").touch()


def test_a_tool_that_waits_for_ever_is_ended_and_counts_as_one_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tool_runner, "SILENCE_LIMIT_S", 0.5)
    tools = ToolRunner()
    tools.run(["sh", "-c", "for n in 1 2 3 4 5; do echo $n; sleep 0.2; done"], ignore)  # longer, and not silent

    with pytest.raises(ToolFailed, match=r"it said nothing for .* minutes, and was ended") as failed:
        tools.run(["sh", "-c", "echo fetching; sleep 60 & wait"], ignore)

    assert failed.value.no_answer


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
