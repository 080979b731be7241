"""Tools that build go too far: they are ended with all that they started, and told why. docs/builds.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from waiting import eventually

from lambda_emu.builds.bounded import Bounded, Bounds
from lambda_emu.builds.builder import Builder
from lambda_emu.builds.source import BuildFailed, Source
from lambda_emu.sandbox.building.tool_runner import ToolFailed, ToolRunner

LEAVES = "(setsid sh -c 'echo $$ >{pid}; exec sleep 600' &) ; while [ ! -s {pid} ]; do :; done; "
"""In a session of its own, with our output: who reads that would wait for it."""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    made = tmp_path / "room"
    made.mkdir()
    return made


def run(room: Path, script: str, bounds: Bounds) -> None:
    Bounded(ToolRunner(), bounds).run(["sh", "-c", script], "the tool", room)


def is_gone(file: Path) -> bool:
    """The process that wrote its number there."""
    return not Path("/proc", file.read_text().strip()).exists()


def test_what_a_tool_leaves_behind_is_ended_with_it(room: Path, tmp_path: Path) -> None:
    run(room, LEAVES.format(pid=tmp_path / "pid"), Bounds(60))

    assert is_gone(tmp_path / "pid")


@pytest.mark.parametrize(
    ("script", "bounds", "why"),
    [
        ("sleep 600", Bounds(1), "it took longer than 1 s, and was ended"),
        ("for i in $(seq 60); do sleep 600 & done; wait", Bounds(60, most_processes=20), "more than 20 processes, and"),
        ("for i in $(seq 30); do head -c 1000000 /dev/zero >{room}/$i; done; sleep 600",
         Bounds(60, most_bytes=8 * 1024**2), "it wrote more than 8 MB, and was ended"),
    ],
)  # fmt: skip
def test_a_tool_that_hangs_multiplies_or_fills_the_disk_is_ended_with_what_left_its_session(
    script: str, bounds: Bounds, why: str, room: Path, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"

    with pytest.raises(ToolFailed) as failed:
        run(room, LEAVES.format(pid=pid) + script.format(room=room), bounds)

    assert "the tool failed (signal 9)" in str(failed.value)
    assert why in str(failed.value)
    assert is_gone(pid)


def test_no_file_of_a_tool_is_larger_wherever_it_is(room: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="File too large"):
        run(room, f"head -c 9000000 /dev/zero >{tmp_path / 'file'}", Bounds(60, most_bytes=8 * 1024**2))

    assert (tmp_path / "file").stat().st_size <= 8 * 1024**2


def test_the_exit_of_a_tool_is_told_as_it_was(room: Path) -> None:
    for script, how in (("exit 3", "exit code 3"), ("kill -SEGV $$", "signal 11"), ("exec nowhere", "exit code 127")):
        with pytest.raises(ToolFailed) as failed:
            run(room, script, Bounds(60))
        assert f"the tool failed ({how})" in str(failed.value)


def test_a_build_that_puts_a_link_where_its_work_was_to_be_is_refused(tmp_path: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    (tmp_path / "src").mkdir()
    lines = ("rmdir $(ARTIFACTS_DIR)", "ln -s / $(ARTIFACTS_DIR)")
    (tmp_path / "src/Makefile").write_text("".join(["build-Greet:\n", *(f"\t{line}\n" for line in lines)]))
    source = Source("Greet", tmp_path / "src", "python3.11", method="makefile")

    (refused,) = Builder(tmp_path / "cache", Bounds(60), lambda _: None).build([source])

    assert isinstance(refused, BuildFailed)
    assert "make left no folder where its work was to be" in str(refused)
    eventually(lambda: not [*(tmp_path / "cache").glob("build/*/*")], "what was made to go")
    assert not (tmp_path / "cache/code").exists()
