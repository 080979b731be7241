"""Builds that are killed, builds beside each other, and what a build writes. Run by `make test-runtimes`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from image_rig import ImageRig, Own
from test_cli import ENVIRONMENT
from waiting import eventually

pytestmark = [pytest.mark.docker, pytest.mark.runtimes]

SIX = {"/var/runtime": {"pip": ["six==1.17.0"], "python": "3.13"}}
LIMIT_S = 300
MOMENTS = ("fetching six", "asking", "fetching Debian", "unpacking", "packing", "handing")
"""What a build says before what it is killed in."""
HOST = ("/etc", "/home", "/opt", "/root", "/srv", "/usr", "/var/cache", "/var/lib", "/var/log")
OVERLAID = """
set -e
kept=$1
shift
while [ "$1" != -- ]; do
    [ ! -d "$1" ] || {
        mkdir -p "$kept/upper$1" "$kept/work$1"
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$kept/upper$1,workdir=$kept/work$1" "$1"
    }
    shift
done
shift
touch /etc/lambda-emu-test
exec "$@"
"""
"""Runs a program that writes to other folders than those of the host: `kept folders... -- program`."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    own = ImageRig().own(tmp_path, SIX)
    yield own
    own.rig.forget(*own.rig.tags(own.tag_prefix))
    own.rig.client.close()


def start(own: Own, temporary: Path, *before: str, cache: Path | None = None) -> subprocess.Popen[str]:
    temporary.mkdir(exist_ok=True)
    variables: Mapping[str, Any] = ENVIRONMENT | {"TMPDIR": str(temporary)}
    return subprocess.Popen(
        [*before, *own.command(cache)], env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finished(process: subprocess.Popen[str]) -> list[str]:
    said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, said
    return said.splitlines()


def at_work_for(folder: Path) -> list[str]:
    """The programs that have this folder on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(words.decode(errors="replace"))
    return found


def test_a_build_that_was_killed_leaves_nothing_and_the_next_goes_on_from_what_was_fetched(
    own: Own, tmp_path: Path
) -> None:
    temporary, chosen = tmp_path / "temporary", random.Random()
    fetched = 0

    for moment in MOMENTS:
        building = start(own, temporary)
        assert building.stdout is not None
        for line in building.stdout:
            fetched += line.startswith("fetching six")
            if line.startswith(moment):
                break
        Event().wait(chosen.uniform(0, 0.5))
        building.send_signal(signal.SIGKILL)
        building.wait(LIMIT_S)
        was_handed = moment == "handing" or "\nhanding" in f"\n{building.stdout.read()}"
        building.stdout.close()
        eventually(lambda: [at_work_for(own.cache)] == [[]], "the end of what it had started")
        assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
        assert len(own.labelled()) == len(own.rig.tags(own.tag_prefix)) <= was_handed
    own.rig.forget(*own.rig.tags(own.tag_prefix))  # which the engine may have taken whole
    said = finished(start(own, temporary))

    assert own.rig.tags(own.tag_prefix) == [said[-1]]
    assert os.listdir(temporary) == []
    assert [path.name for path in (own.cache / "build").iterdir() if path.suffix != ".lock"] == []
    assert len(list((own.cache / "parts").iterdir())) == 1
    assert fetched <= 2
    assert [line for line in said if line.startswith("fetching six")] == []


def test_builds_of_one_part_and_one_image_beside_each_other_make_each_once(own: Own, tmp_path: Path) -> None:
    other = own.rig.own(tmp_path / "other", SIX)  # with the same part

    try:
        both = [start(one, tmp_path / "temporary", cache=own.cache) for one in (own, other, own)]
        said = [finished(process) for process in both]

        assert sum(line.startswith("fetching six") for lines in said for line in lines) == 1
        assert sum(line.startswith("handing") for lines in said for line in lines) == 2
        assert own.rig.tags(own.tag_prefix) == [said[0][-1]]
        assert own.rig.tags(other.tag_prefix) == [said[1][-1]]
    finally:
        own.rig.forget(*own.rig.tags(other.tag_prefix))


def test_a_build_writes_nothing_on_the_machine_but_in_its_own_folders(own: Own, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can look at what is written by an overlay")
    kept = tmp_path / "kept"

    apart = ("unshare", "--mount", "sh", "-c", OVERLAID, "sh", str(kept), *HOST, "--")
    said = finished(start(own, tmp_path / "temporary", *apart))

    assert own.rig.tags(own.tag_prefix) == [said[-1]]
    upper = kept / "upper"
    assert [str(path.relative_to(upper)) for path in upper.rglob("*") if not path.is_dir()] == ["etc/lambda-emu-test"]
    assert not Path("/etc/lambda-emu-test").exists()
    assert os.listdir(tmp_path / "temporary") == []
