"""As root, builds are counted in a control group of their own, within the limits of the one around. docs/builds.md."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lambda_emu.builds.guard import GROUP, GROUPS, MOST_PROCESSES, THREADS_EACH, guarded

NOBODY = 2**30
"""More than any process has as its number."""


@pytest.fixture
def group() -> Iterator[Path]:
    """As a service or a container has one, where processes are counted."""
    above = next((Path(one) for one in GROUPS.values() if Path(one, "cgroup.procs").exists()), None)
    if above is None or not os.access(above, os.W_OK):
        pytest.skip("nobody but root makes control groups, and not everywhere")
    made = above / f"lambda-emu-test-{uuid4().hex}"
    made.mkdir()
    try:
        if not (made / "pids.max").exists():
            pytest.skip("processes are not counted in groups that are made here")
        yield made
    finally:
        made.rmdir()


def test_a_build_stays_in_its_services_group_and_leaves_none_nor_do_those_that_were_killed(
    group: Path, tmp_path: Path
) -> None:
    (group / f"{GROUP}{NOBODY}").mkdir()
    seen = f"cat /proc/self/cgroup; d={group}/{GROUP}$PPID; cat $d/pids.max; ls -d {group}/{GROUP}*"
    words = guarded(["sh", "-c", seen], tmp_path, limit_s=60)
    enter = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); os.execv(sys.argv[2], sys.argv[2:])"

    said = subprocess.run(
        [sys.executable, "-c", enter, str(group / "cgroup.procs"), *words],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip

    *lines, most, last = said.splitlines()
    assert any(f"/{group.name}/{GROUP}" in line for line in lines), said
    assert int(most) == THREADS_EACH * MOST_PROCESSES
    assert last.startswith(f"{group}/{GROUP}")
    assert str(NOBODY) not in said
    assert [one.name for one in group.glob("lambda*")] == []
