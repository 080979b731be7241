"""Where a container's CPU limit is written without its engine: only into a cgroup that the engine made for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.sandbox.docker.limits import CpuLimit, find_cpu_limit

CONTAINER = "c0ffee"
PID = 7


def found(folder: Path, lines: str) -> CpuLimit | None:
    process = folder / "proc" / str(PID)
    process.mkdir(parents=True)
    (process / "cgroup").write_text(lines)
    return find_cpu_limit(PID, CONTAINER, folder / "cgroup", folder / "proc")


def cgroup(folder: Path, path: str, *files: str) -> Path:
    made = folder / "cgroup" / path
    made.mkdir(parents=True)
    for file in files:
        (made / file).write_text("")
    return made


def test_of_version_1_period_and_quota_are_files(tmp_path: Path) -> None:
    made = cgroup(tmp_path, "cpu,cpuacct/docker/c0ffee", "cpu.cfs_quota_us", "cpu.cfs_period_us")

    limit = found(tmp_path, "4:cpu,cpuacct:/docker/c0ffee\n3:memory:/docker/c0ffee\n0::/docker/c0ffee\n")

    assert limit is not None
    assert limit.set(1500)
    assert [(made / f"cpu.cfs_{name}_us").read_text() for name in ("period", "quota")] == ["20000", "1500"]
    assert limit.set(-1)
    assert (made / "cpu.cfs_quota_us").read_text() == "-1"


def test_of_version_2_both_are_in_one_file(tmp_path: Path) -> None:
    made = cgroup(tmp_path, "docker/c0ffee", "cpu.max")

    limit = found(tmp_path, "0::/docker/c0ffee\n")

    assert limit is not None
    assert limit.set(1500)
    assert (made / "cpu.max").read_text() == "1500 20000"
    assert limit.set(-1)
    assert (made / "cpu.max").read_text() == "max 20000"


@pytest.mark.parametrize(
    "path",
    [
        "/system.slice/docker-c0ffee.scope",  # systemd's
        "/docker/other",  # the process is another one by now
        "/../docker/c0ffee",  # seen from a cgroup namespace of our own
        "/",
    ],
)
def test_no_other_cgroup_is_touched(tmp_path: Path, path: str) -> None:
    inside = path.removeprefix("/").replace("..", "up")
    made = cgroup(tmp_path, inside, "cpu.max")

    assert found(tmp_path, f"0::{path}\n") is None
    assert (made / "cpu.max").read_text() == ""


def test_a_container_that_is_gone_has_none_to_set(tmp_path: Path) -> None:
    made = cgroup(tmp_path, "docker/c0ffee", "cpu.max")
    limit = found(tmp_path, "0::/docker/c0ffee\n")
    assert limit is not None

    (made / "cpu.max").unlink()
    made.rmdir()

    assert not limit.set(1500)
    assert find_cpu_limit(8, CONTAINER, tmp_path / "cgroup", tmp_path / "proc") is None
