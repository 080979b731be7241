"""Folders that a setting names: a stranger's is refused and left as it is, ours goes on, nobody else reads it."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from zip_rig import Raw, raw_zip

from lambda_emu.folders import MARKER, NotOurs, Purpose, claim, is_ours, remove_files, remove_sessions
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.store import DataDirectoryInUse, Store
from lambda_emu.store.schema import STEPS

THEIRS = {
    "a project": {"src/main.py": "print()", ".gitignore": "node_modules\n"},
    "files of the names we use": {
        "lock": "mine",
        "logs.db": "mine",
        "run/x": "mine",
        "spool/y": "mine",
        "artifacts/z": "",
    },
    "a database of another": {"other.db": "SQLite format 3\0"},
    "a file of our database's name": {"lambda-emu.db": "my notes"},
    "somebody's hidden file": {".hidden": ""},
    "a folder of ours for something else": {MARKER: "lambda-emu folder 1: cache\n\n\n", "build/x": ""},
}


def tree(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Everything below with its mode and contents."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in (folder, *folder.rglob("*"))
    }


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("files", THEIRS.values(), ids=THEIRS)
def test_a_data_folder_with_other_content_is_refused_and_left_as_it_is(tmp_path: Path, files: dict[str, str]) -> None:
    tmp_path.chmod(0o755)
    write(tmp_path, files)
    before = tree(tmp_path)

    with pytest.raises(NotOurs, match=r"--data-dir, LAMBDA_EMU_DATA_DIR or `data_dir`"):
        Store.open(tmp_path)

    assert tree(tmp_path) == before


@pytest.mark.parametrize("found", [(), ("lost+found",), (MARKER,)], ids=["nothing", "a new disk", "a killed start"])
def test_an_empty_folder_becomes_ours_and_stays_it(tmp_path: Path, found: tuple[str, ...]) -> None:
    for name in found:
        (tmp_path / name).touch()

    Store.open(tmp_path).close()
    (tmp_path / "notes.txt").write_text("somebody's, put here later")
    Store.open(tmp_path).close()

    assert is_ours(tmp_path, Purpose.DATA)
    assert (tmp_path / "notes.txt").read_text() == "somebody's, put here later"


def test_a_data_folder_of_an_earlier_release_is_taken(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "lambda-emu.db")
    database.executescript(STEPS[0] + "PRAGMA user_version=1;")
    database.close()
    write(tmp_path, {".gitignore": "*\n", "lock": "17", "logs.db": "", "spool/body-x": "", "artifacts/x": ""})

    Store.open(tmp_path).close()

    assert is_ours(tmp_path, Purpose.DATA)


def test_a_gitignore_of_somebodys_stays_as_it_is(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    (tmp_path / ".gitignore").write_text("theirs\n")

    Store.open(tmp_path).close()

    assert (tmp_path / ".gitignore").read_text() == "theirs\n"


FILES = ("lock", "lambda-emu.db", "lambda-emu.db-wal", "logs.db", "token", "address", "artifacts/boot", "spool/any")
FOLDERS = ("run", "spool", "artifacts", "run/any", f"artifacts/{'0' * 64}", f"artifacts/{'0' * 64}.synced")


@pytest.mark.parametrize("name", FILES + FOLDERS)
@pytest.mark.parametrize("to", ["a file", "a folder", "nothing"])
def test_a_folder_of_ours_that_somebody_gave_links_is_refused_and_nothing_is_written_where_they_lead(
    tmp_path: Path, name: str, to: str
) -> None:
    """One that came with a stranger's project would have us write into files of this user's, or clear his folders."""
    data, theirs = tmp_path / "data", tmp_path / "theirs"
    Store.open(data).close()
    write(theirs, {"a file": "mine", f"a folder/{'0' * 32}/x": "mine"})
    (data / name).parent.mkdir(exist_ok=True)
    if (data / name).exists():
        (data / name).rename(tmp_path / "ours")
    (data / name).symlink_to(theirs / to)
    before = tree(theirs)

    with pytest.raises(NotOurs, match=rf"holds symbolic links \({name}\).*--data-dir"):
        Store.open(data)

    assert tree(theirs) == before


def test_so_is_a_cache(tmp_path: Path) -> None:
    claim(tmp_path / "cache", Purpose.CACHE)
    (tmp_path / "cache" / "build").symlink_to(tmp_path)

    with pytest.raises(NotOurs, match=r"symbolic links \(build\).*--cache-dir"):
        claim(tmp_path / "cache", Purpose.CACHE)


def test_the_folder_itself_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "large disk")

    Store.open(tmp_path / "data").close()

    assert is_ours(tmp_path / "large disk", Purpose.DATA)


def test_only_what_we_alone_can_have_made_is_removed(tmp_path: Path) -> None:
    ours = ("run/" + "0123456789abcdef" * 2 + "/task/app.py", "spool/body-abcd_123", "spool/s3-abcd_123.zip")
    theirs = ("run/mine/app.py", "run/0123456789abcdef/x", "spool/body-of-text", "spool/body-abcd_123.txt", "spool/a/b")
    write(tmp_path, dict.fromkeys((*ours, *theirs), ""))
    (tmp_path / "run" / ("0" * 32)).symlink_to(tmp_path / "spool/a")

    remove_sessions(tmp_path / "run")
    remove_files(tmp_path / "spool", re.compile(r"(body|s3)-[a-z0-9_]{8}(\.zip)?"))

    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(theirs)


def test_a_cache_folder_with_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(NotOurs, match=r"thesis\.tex.*--cache-dir"):
        claim(tmp_path, Purpose.CACHE)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_many_who_make_a_folder_theirs_at_once_all_may_use_it(tmp_path: Path) -> None:
    def use(path: Path) -> None:
        claim(path, Purpose.CACHE)
        (path / "build").mkdir(exist_ok=True)

    with ThreadPoolExecutor(8) as threads:
        for number in range(200):
            path = tmp_path / str(number)
            for used in [threads.submit(use, path) for _ in range(8)]:
                used.result(30)


def test_a_cache_folder_of_an_earlier_release_is_taken(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"build/python3.11-x86_64.lock": "", "build/python3.11-x86_64/x": "", "clients/0123456789abcdef/x": ""},
    )

    with Cache(tmp_path).scratch("toolchains", print):  # as all do who make something
        assert is_ours(tmp_path, Purpose.CACHE)


@pytest.mark.parametrize("theirs", ["build/main.o", "clients/acme/contract.pdf", "build.gradle"])
def test_folders_of_the_names_that_our_cache_has_are_not_taken_for_it(tmp_path: Path, theirs: str) -> None:
    write(tmp_path, {"build/python3.11-x86_64.lock": "", theirs: "mine"})

    with pytest.raises(SandboxError, match="holds other files"), Cache(tmp_path).scratch("it", print):
        pass

    assert not (tmp_path / "build/it.lock").exists()


def test_the_data_folder_is_closed_to_others_whatever_the_umask_and_earlier_releases_say(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = os.umask(0)
    try:
        store = Store.open(data)
        (data / "run").mkdir()
        (data / "logs.db").touch()
        store.artifacts.add_zip(raw_zip(Raw(b"app.py", b"secret")))
        store.close()
        for path in (data, *data.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        Store.open(data).close()
    finally:
        os.umask(before)

    assert mode(data) == 0o700
    assert {path.name: oct(mode(path)) for path in data.iterdir() if path.name not in (".gitignore", MARKER)} == {
        "artifacts": "0o700",
        "run": "0o711",
        "lambda-emu.db": "0o600",
        "logs.db": "0o600",
        "lock": "0o600",
    }


def test_a_folder_in_use_is_still_told_of_as_such(tmp_path: Path) -> None:
    store = Store.open(tmp_path)

    with pytest.raises(DataDirectoryInUse):
        Store.open(tmp_path)

    store.close()
