import os
import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from lambda_emu.errors.code import TooManyFolders, UnzippedTooLarge
from lambda_emu.store import Store
from lambda_emu.store.code.artifacts import Artifacts
from lambda_emu.store.code.folder_zip import UnusableFolder
from lambda_emu.store.schema import DATABASE


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    write(tmp_path / "code" / "app.py")
    return tmp_path / "code"


def write(path: Path, text: str = "1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(artifacts: Artifacts, folder: Path) -> list[str]:
    tree = artifacts.tree(artifacts.add_folder(folder).sha256)
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*"))


def test_a_folder_becomes_an_artifact_like_any_other(artifacts: Artifacts, code: Path) -> None:
    write(code / "lib" / "b.py", "22")
    (code / "empty").mkdir()

    artifact = artifacts.add_folder(code)

    assert names(artifacts, code) == ["app.py", "empty", "lib", "lib/b.py"]
    assert artifact.unzipped_size == 3
    assert artifact.size == artifacts.zip_path(artifact.sha256).stat().st_size
    assert artifacts.add_zip(artifacts.zip_path(artifact.sha256)) == artifact
    with ZipFile(artifacts.zip_path(artifact.sha256)) as zip_file:
        assert zip_file.testzip() is None


def test_one_file_of_code_becomes_an_artifact_that_has_it_alone(artifacts: Artifacts, code: Path) -> None:
    write(code / "lib" / "b.py")
    (code / "link.py").symlink_to("lib/b.py")

    assert names(artifacts, code / "app.py") == ["app.py"]
    assert names(artifacts, code / "link.py") == ["link.py"]
    with pytest.raises(UnusableFolder, match="is neither a file nor a folder"):
        artifacts.add_folder(Path("/dev/null"))


def test_the_same_files_are_the_same_artifact_wherever_and_whenever_written(
    artifacts: Artifacts, code: Path, tmp_path: Path
) -> None:
    for folder, order in ((code, "abc"), (tmp_path / "copy", "cba")):
        for name in order:
            write(folder / name / "x.py", name)
    write(tmp_path / "copy" / "app.py")
    os.utime(tmp_path / "copy" / "app.py", (0, 0))
    (tmp_path / "copy" / "app.py").chmod(0o600)

    assert artifacts.add_folder(tmp_path / "copy") == artifacts.add_folder(code)


@pytest.mark.parametrize("change", [lambda app: app.write_text("2"), lambda app: app.chmod(0o755)])
def test_other_bytes_or_modes_are_another_artifact(
    artifacts: Artifacts, code: Path, change: Callable[[Path], object]
) -> None:
    before = artifacts.add_folder(code)

    change(code / "app.py")

    assert artifacts.add_folder(code) != before


def test_executables_stay_executable(artifacts: Artifacts, code: Path) -> None:
    write(code / "bootstrap").chmod(0o700)

    tree = artifacts.tree(artifacts.add_folder(code).sha256)

    assert stat.S_IMODE((tree / "bootstrap").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "app.py").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "skipped",
    [".git/HEAD", ".lambda-emu/db", ".venv/bin/python", "__pycache__/a.pyc", "a/__pycache__/a.pyc"],
)
def test_what_is_no_code_is_left_out(artifacts: Artifacts, code: Path, skipped: str) -> None:
    write(code / skipped)

    assert set(names(artifacts, code)) <= {"app.py", "a"}


def test_a_data_directory_is_left_out_under_whatever_name(code: Path) -> None:
    store = Store.open(code / "state")
    try:
        assert names(store.artifacts, code) == ["app.py"]
    finally:
        store.close()


def test_only_the_cache_of_node_modules_is_left_out(artifacts: Artifacts, code: Path) -> None:
    write(code / "node_modules" / ".cache" / "x")
    write(code / "node_modules" / "left-pad" / "index.js")
    write(code / ".cache" / "x")

    found = names(artifacts, code)

    assert "node_modules/left-pad/index.js" in found
    assert ".cache/x" in found
    assert "node_modules/.cache" not in found


def test_a_link_to_a_file_becomes_the_file_and_one_to_a_folder_stays_a_link(artifacts: Artifacts, code: Path) -> None:
    write(code / "lib" / "b.py", "22")
    (code / "file").symlink_to("lib/b.py")
    (code / "absolute").symlink_to(code / "app.py")
    (code / "a").mkdir()
    (code / "a" / "folder").symlink_to(code / "lib")
    (code / "lib" / "circle").symlink_to(".")

    tree = artifacts.tree(artifacts.add_folder(code).sha256)

    assert (tree / "file").read_text() == "22"
    assert not (tree / "file").is_symlink()
    assert (tree / "absolute").read_text() == "1"
    assert os.readlink(tree / "a" / "folder") == "../lib"
    assert os.readlink(tree / "lib" / "circle") == "."


def test_a_folder_that_is_itself_a_link_is_followed(artifacts: Artifacts, code: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(code)

    assert artifacts.add_folder(tmp_path / "link") == artifacts.add_folder(code)


def test_a_link_to_nothing_is_left_out(artifacts: Artifacts, code: Path) -> None:
    (code / ".#app.py").symlink_to("ada@host.1234")  # an editor's lock

    assert names(artifacts, code) == ["app.py"]


@pytest.mark.parametrize(
    "target", ["../secret", "/etc/hostname", "..", "../code-too/x", "../missing", "in/../../secret"]
)
def test_a_link_that_leaves_the_folder_is_refused_by_its_path(
    artifacts: Artifacts, code: Path, tmp_path: Path, target: str
) -> None:
    write(tmp_path / "secret")
    write(tmp_path / "code-too" / "x")
    write(code / "in" / "x")
    (code / "link").symlink_to(target)

    with pytest.raises(
        UnusableFolder, match=rf"^{re.escape(str(code))}/link leads out of {re.escape(str(code))}, to /"
    ):
        artifacts.add_folder(code)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [os.mkfifo, make_socket])
def test_what_is_no_file_is_refused_by_its_path(
    artifacts: Artifacts, code: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(code / "it")

    with pytest.raises(UnusableFolder, match="code/it is neither a file nor a folder"):
        artifacts.add_folder(code)

    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["boot"]


def test_a_folder_of_too_many_folders_is_refused(artifacts: Artifacts, code: Path) -> None:
    for number in range(10_001):
        (code / f"{number:05}").mkdir()

    with pytest.raises(TooManyFolders, match="has more than 10000 folders"):
        artifacts.add_folder(code)


def test_a_data_directory_is_looked_for_in_folders_alone(artifacts: Artifacts, code: Path, tmp_path: Path) -> None:
    """A link is not followed to see whether one is behind it."""
    write(tmp_path / "else" / DATABASE)
    (code / "link").symlink_to(tmp_path / "else")

    with pytest.raises(UnusableFolder, match="leads out of"):
        artifacts.add_folder(code)


@pytest.mark.parametrize("name", [b"a\\b", b"\xff.py", b"c:x"])
def test_a_name_that_no_zip_can_have_is_refused_by_its_path(artifacts: Artifacts, code: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(code) + b"/" + name)).write_text("1")

    with pytest.raises(UnusableFolder, match=r"code/.*has a name that cannot be in a zip"):
        artifacts.add_folder(code)


def test_a_folder_without_files_is_refused(artifacts: Artifacts, tmp_path: Path) -> None:
    write(tmp_path / "empty" / ".git" / "HEAD")

    with pytest.raises(UnusableFolder, match="empty has no files"):
        artifacts.add_folder(tmp_path / "empty")


def test_a_folder_that_is_not_there_is_the_systems_own_error(artifacts: Artifacts, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        artifacts.add_folder(tmp_path / "missing")


def test_a_folder_may_be_larger_than_an_uploaded_zip_but_not_than_the_unzipped_limit(
    artifacts: Artifacts, code: Path
) -> None:
    os.truncate(write(code / "large"), 52_428_801)
    assert artifacts.add_folder(code).unzipped_size == 52_428_802

    os.truncate(code / "large", 262_144_000)
    with pytest.raises(UnzippedTooLarge):
        artifacts.add_folder(code)
