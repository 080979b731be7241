"""Folders that last as long as their process: what a killed one left is removed, whoever is killed on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from socket import gethostname

import pytest

from lambda_emu.folders import MARKER, Purpose, mark
from lambda_emu.sandbox.leases import is_alive, own_lease, own_processes
from lambda_emu.sandbox.temporary import let_through, live_folders, remove_left, temporary_folder

NEVER = f"{gethostname()}:{2**22 + 1}:1"  # a pid that Linux gives nobody


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(place: Path, name: str, lease: str) -> Path:
    folder = place / name
    (folder / "data/run").mkdir(parents=True)
    (folder / "file").touch()
    mark(folder, Purpose.TEMPORARY, lease)
    return folder


def test_a_folder_lasts_as_long_as_its_block_and_is_closed_to_others(place: Path) -> None:
    with temporary_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (live_folders(), remove_left()) == ([folder], [])

    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    "lease",
    [
        "",
        f"another-host:{2**22 + 1}:1",
        f"{NEVER} pid:[1]",  # of a container that has our name
        f"{own_lease()} {own_processes()}",
        "no lease",
    ],
    ids=["empty", "another host", "another container", "our own", "no lease"],
)
def test_what_is_not_known_to_be_left_stays(place: Path, lease: str) -> None:
    folder = left(place, "lambda-emu-x", lease)

    assert remove_left() == []
    assert (folder / "file").exists()


@pytest.mark.parametrize(
    "lease",
    [NEVER, f"{NEVER} {own_processes()}", f"{gethostname()}:{os.getpid()}:1"],
    ids=["never", "never, in our container", "a number that is another's by now"],
)
def test_what_a_dead_process_left_is_removed(place: Path, lease: str) -> None:
    folder = left(place, "lambda-emu-x", lease)
    other = left(place, "of-somebody", lease)
    link = place / "lambda-emu-link"
    link.symlink_to(other)

    assert remove_left() == [folder]
    assert set(place.iterdir()) == {other, link}


def test_who_is_killed_while_removing_leaves_a_folder_that_is_still_known(place: Path) -> None:
    folder = left(place, "lambda-emu-x", NEVER)
    script = (
        "import os, shutil, signal, tempfile; from lambda_emu.sandbox.temporary import remove_left;"
        f"tempfile.tempdir = {str(place)!r};"
        "os.rmdir = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL); remove_left()"
    )
    subprocess.run([sys.executable, "-c", script], timeout=60, check=False)

    assert (folder / MARKER).exists()
    assert remove_left() == [folder]


def test_a_process_that_has_ended_and_was_not_waited_for_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
    lease = f"{gethostname()}:{process.pid}:{started}"
    assert is_alive(lease)

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert not is_alive(lease)
    process.communicate()


def test_an_engine_of_another_user_gets_to_what_lies_in_a_temporary_folder_and_lists_nothing(place: Path) -> None:
    place.chmod(0o755)
    with temporary_folder() as folder:
        data = folder / "data"
        data.mkdir(0o700)

        let_through(data)

        assert [path.stat().st_mode & 0o777 for path in (data, folder, place)] == [0o711, 0o711, 0o755]
