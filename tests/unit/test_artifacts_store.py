import base64
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from zip_rig import Raw, raw_zip, zip_of

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.code import InvalidZip, UnzippedTooLarge
from lambda_emu.errors.request import ZippedTooLarge
from lambda_emu.model.function.function import Artifact
from lambda_emu.store.code.artifacts import Artifacts

APP = zip_of({"app.py": "x = 1\n", "lib/b.py": "y = 2\n"})
OTHER = zip_of({"app.py": "x = 2\n"})
WAIT_S = 30.0


class Hand(Clock):
    """A clock that a test moves."""

    at_s = 0.0

    def monotonic_s(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def artifacts(tmp_path: Path, clock: Hand) -> Artifacts:
    return Artifacts(tmp_path / "artifacts", clock)


def files(tree: Path) -> dict[str, str]:
    return {path.relative_to(tree).as_posix(): path.read_text() for path in tree.rglob("*") if path.is_file()}


def kept(folder: Path) -> int:
    """How many artifacts a folder holds; nothing else may be left in it."""
    found = {path.name for path in (folder / "artifacts").iterdir()} - {"boot"}
    zips = {name.removesuffix(".zip") for name in found if name.endswith(".zip")}
    assert {name.removesuffix(".zip").removesuffix(".synced") for name in found} == zips
    assert zips <= found
    assert {len(name) for name in zips} <= {64}
    return len(zips)


@pytest.mark.parametrize("as_file", [False, True])
def test_a_zip_is_kept_as_it_came_and_unpacked(artifacts: Artifacts, tmp_path: Path, as_file: bool) -> None:
    (tmp_path / "app.zip").write_bytes(APP)

    artifact = artifacts.add_zip(tmp_path / "app.zip" if as_file else APP)

    sha256 = base64.b64encode(hashlib.sha256(APP).digest()).decode()
    assert artifact == Artifact(sha256, size=len(APP), unzipped_size=12)
    assert artifacts.zip_path(sha256).read_bytes() == APP
    assert files(artifacts.tree(sha256)) == {"app.py": "x = 1\n", "lib/b.py": "y = 2\n"}


def test_a_zip_that_is_given_away_is_not_written_again(artifacts: Artifacts, tmp_path: Path) -> None:
    spooled, of_the_user = tmp_path / "spooled.zip", tmp_path / "app.zip"
    spooled.write_bytes(APP)
    of_the_user.write_bytes(zip_of({"app.py": "mine\n"}))
    inodes = spooled.stat().st_ino, of_the_user.stat().st_ino

    given, copied = artifacts.add_zip(spooled, given_away=True), artifacts.add_zip(of_the_user)
    spooled.unlink()

    assert artifacts.zip_path(given.sha256).stat().st_ino == inodes[0]
    assert artifacts.zip_path(copied.sha256).stat().st_ino != inodes[1]
    assert artifacts.zip_path(given.sha256).read_bytes() == APP
    assert given == Artifacts(tmp_path / "others").add_zip(APP)


@pytest.mark.parametrize("umask", [0, 0o077])
def test_a_sandbox_of_any_user_may_read_the_tree_and_nobody_reach_it_but_through_a_sandbox(
    tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        artifacts = Artifacts(tmp_path / "artifacts")
        artifact = artifacts.add_zip(APP)
    finally:
        os.umask(before)

    tree = artifacts.tree(artifact.sha256)
    assert stat.S_IMODE((tmp_path / "artifacts").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tree, tree / "lib")] == [0o755] * 2
    assert stat.S_IMODE((tree / "app.py").stat().st_mode) == 0o644


def test_the_same_bytes_are_kept_once(artifacts: Artifacts, tmp_path: Path) -> None:
    first = artifacts.add_zip(APP)
    inode = artifacts.zip_path(first.sha256).stat().st_ino

    assert artifacts.add_zip(APP) == first

    assert artifacts.zip_path(first.sha256).stat().st_ino == inode
    assert kept(tmp_path) == 1


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"not a zip", InvalidZip),
        (zip_of({}), InvalidZip),
        (bytes(52_428_801), ZippedTooLarge),
        (bytes(52_428_800), InvalidZip),
        (raw_zip(Raw(b"a", b"1", packed_bytes=1, size=262_144_001)), UnzippedTooLarge),
    ],
    ids=["no zip", "no entries", "over 50 MB", "50 MB", "over 250 MB unzipped"],
)
def test_nothing_is_left_of_a_zip_that_is_refused(
    artifacts: Artifacts, tmp_path: Path, data: bytes, error: type[LambdaError]
) -> None:
    with pytest.raises(error):
        artifacts.add_zip(data)

    assert kept(tmp_path) == 0


def test_artifacts_outlive_the_process(artifacts: Artifacts, tmp_path: Path) -> None:
    artifact = artifacts.add_zip(APP)

    later = Artifacts(tmp_path / "artifacts")

    assert later.add_zip(APP) == artifact
    assert files(later.tree(artifact.sha256)) == {"app.py": "x = 1\n", "lib/b.py": "y = 2\n"}


def lose_bytes(tree: Path) -> None:
    (tree / "app.py").write_bytes(b"")


def lose_names(tree: Path) -> None:
    shutil.rmtree(tree)


@pytest.mark.parametrize("lose", [lose_bytes, lose_names])
def test_a_tree_lost_with_the_machine_is_made_again(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    before = Artifacts(tmp_path / "artifacts", boot="first")
    artifact = before.add_zip(APP)
    lose(before.tree(artifact.sha256))

    after = Artifacts(tmp_path / "artifacts", boot="second")

    assert files(after.tree(artifact.sha256)) == {"app.py": "x = 1\n", "lib/b.py": "y = 2\n"}
    assert after.add_zip(APP) == artifact
    assert kept(tmp_path) == 1


def test_a_tree_is_made_again_only_once(tmp_path: Path) -> None:
    artifact = Artifacts(tmp_path / "artifacts", boot="first").add_zip(APP)
    tree = Artifacts(tmp_path / "artifacts", boot="second").tree(artifact.sha256)
    inode = tree.stat().st_ino

    Artifacts(tmp_path / "artifacts", boot="third")

    assert tree.stat().st_ino == inode


def test_a_damaged_artifact_is_told_and_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = Artifacts(tmp_path / "artifacts", boot="first")
    damaged, whole = before.add_zip(APP), before.add_zip(OTHER)
    before.zip_path(damaged.sha256).write_bytes(APP[:50])

    after = Artifacts(tmp_path / "artifacts", boot="second")

    assert "is damaged" in caplog.text
    assert not after.zip_path(damaged.sha256).exists()
    assert after.zip_path(whole.sha256).exists()


def test_code_of_a_run_that_kept_each_zip_beside_its_tree_in_a_folder_is_found(tmp_path: Path) -> None:
    before = Artifacts(tmp_path / "artifacts", boot="first")
    artifact = before.add_zip(APP)
    tree, zip_path = before.tree(artifact.sha256), before.zip_path(artifact.sha256)
    tree.rename(tmp_path / "tree")
    tree.mkdir()
    (tmp_path / "tree").rename(tree / "tree")
    zip_path.rename(tree / "zip")
    (tree / "complete").write_text("12 first")
    (tmp_path / "artifacts" / "boot").unlink()

    after = Artifacts(tmp_path / "artifacts", boot="first")

    assert after.zip_path(artifact.sha256).read_bytes() == APP
    assert files(after.tree(artifact.sha256)) == {"app.py": "x = 1\n", "lib/b.py": "y = 2\n"}
    assert after.add_zip(APP) == artifact
    assert kept(tmp_path) == 1


def test_a_tree_without_its_zip_is_no_artifact(tmp_path: Path) -> None:
    before = Artifacts(tmp_path / "artifacts")
    artifact = before.add_zip(zip_of({"zip": "a file of this name", "tree/app.py": "x = 1\n"}))
    before.zip_path(artifact.sha256).unlink()  # as a kill leaves it, between the two getting their places

    after = Artifacts(tmp_path / "artifacts")

    assert kept(tmp_path) == 0
    assert after.add_zip(zip_of({"zip": "a file of this name", "tree/app.py": "x = 1\n"})) == artifact


ADD_FOREVER = """
import itertools, sys
from pathlib import Path
from lambda_emu.store.code.artifacts import Artifacts
sys.path.insert(0, sys.argv[2])
from zip_rig import zip_of
artifacts = Artifacts(Path(sys.argv[1]))
for number in itertools.count():
    artifact = artifacts.add_zip(zip_of({f"{name}.py": str(number) for name in range(20)}))
    print(artifact.sha256, flush=True)
"""


def stop_while_adding(process: subprocess.Popen[str], folder: Path) -> None:
    """Stop a process at a moment when it has begun an artifact and not finished it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        if any(path.name.startswith(".") for path in folder.iterdir()):
            return
        process.send_signal(signal.SIGCONT)
    raise TimeoutError("it never was adding when it was stopped")


def test_what_was_added_before_a_kill_is_whole_and_nothing_else_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ADD_FOREVER, str(tmp_path / "artifacts"), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as adding:
        assert adding.stdout is not None
        added = [adding.stdout.readline().strip() for _ in range(5)]
        stop_while_adding(adding, tmp_path / "artifacts")
        adding.kill()
        added += adding.stdout.read().split()

    artifacts = Artifacts(tmp_path / "artifacts")

    assert kept(tmp_path) in (len(added), len(added) + 1)  # one may be in place and not yet told
    assert [len(files(artifacts.tree(sha256))) for sha256 in added] == [20] * len(added)


def test_many_threads_may_add_the_same_bytes(artifacts: Artifacts, tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def add(_: int) -> Artifact:
        together.wait(WAIT_S)
        return artifacts.add_zip(APP)

    with ThreadPoolExecutor(8) as threads:
        added = set(threads.map(add, range(8)))

    assert len(added) == 1
    assert kept(tmp_path) == 1


def test_what_nothing_names_is_removed(artifacts: Artifacts, tmp_path: Path, clock: Hand) -> None:
    named, nameless = artifacts.add_zip(APP), artifacts.add_zip(OTHER)
    clock.at_s += 301

    artifacts.collect({named.sha256})

    assert artifacts.zip_path(named.sha256).exists()
    assert not artifacts.zip_path(nameless.sha256).exists()
    assert kept(tmp_path) == 1


def test_what_was_just_added_is_spared_until_its_record_can_be_written(artifacts: Artifacts, clock: Hand) -> None:
    old = artifacts.add_zip(APP)
    clock.at_s += 250
    artifacts.add_zip(APP)  # for another function, whose record comes
    clock.at_s += 250

    artifacts.collect(())

    assert artifacts.zip_path(old.sha256).exists()


def test_what_was_just_dropped_is_spared_for_who_is_starting_from_it(artifacts: Artifacts, clock: Hand) -> None:
    old = artifacts.add_zip(APP)
    clock.at_s += 301

    artifacts.collect((), dropped={old.sha256})
    assert files(artifacts.tree(old.sha256))["app.py"] == "x = 1\n"

    clock.at_s += 301
    artifacts.collect(())
    assert not artifacts.tree(old.sha256).exists()


def test_what_a_dead_process_left_is_removed_when_nothing_names_it(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.add_zip(APP)

    Artifacts(tmp_path / "artifacts").collect(())

    assert kept(tmp_path) == 0


def test_removing_spares_what_has_hard_links(artifacts: Artifacts, tmp_path: Path, clock: Hand) -> None:
    artifact = artifacts.add_zip(APP)
    os.link(artifacts.tree(artifact.sha256) / "app.py", tmp_path / "running.py")
    clock.at_s += 301

    artifacts.collect(())

    assert (tmp_path / "running.py").read_text() == "x = 1\n"


@pytest.fixture
def collecting(artifacts: Artifacts) -> Iterator[None]:
    """Collects all the time, with nothing kept."""
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            artifacts.collect(())

    thread = threading.Thread(target=collect)
    thread.start()
    yield
    stop.set()
    thread.join(WAIT_S)


@pytest.mark.usefixtures("collecting")
def test_adding_beside_a_collector_loses_nothing(artifacts: Artifacts, clock: Hand) -> None:
    for number in range(60):
        clock.at_s += 301
        artifact = artifacts.add_zip((APP, OTHER)[number % 2])

        assert files(artifacts.tree(artifact.sha256))["app.py"] == f"x = {number % 2 + 1}\n"
