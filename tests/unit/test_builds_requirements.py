"""What requirements.txt says beside names: folders, other files, and from where packages are had. docs/builds.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds_rig import offline, write_folder, write_wheel

from lambda_emu.builds.bounded import Bounds
from lambda_emu.builds.builder import Builder, Built
from lambda_emu.builds.requirements import for_use, named, places
from lambda_emu.builds.source import BuildFailed, Source

ARM64 = "cp313-cp313-linux_aarch64"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A function in src, with a package that somebody works on beside it."""
    write_wheel(tmp_path / "packages", "greeting", "WORD = 'Hello'\n")
    write_folder(tmp_path / "shared", "words", "WORD = 'one'\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").touch()
    return Source("Greet", tmp_path / "src", "python3.13")


def built(source: Source, *requirements: str) -> Built | None:
    """requirements: none where the file is as it was."""
    cache, packages = source.folder.parent / "cache", source.folder.parent / "packages"
    if requirements:
        (source.folder / "requirements.txt").write_text(offline(packages, *requirements))
    (one,) = Builder(cache, Bounds(60), lambda _: None).build([source])
    return one


@pytest.mark.parametrize("said", ["-e ../shared  # ours", "words @ file://{shared}"])
def test_a_package_in_a_folder_is_installed_anew_when_it_changes_wherever_it_is(source: Source, said: str) -> None:
    shared = source.folder.parent / "shared"
    for word in ("one", "two"):
        (shared / "words.py").write_text(f"WORD = {word!r}\n")

        folder = built(source, "greeting", said.format(shared=shared))

        assert isinstance(folder, Path), folder
        assert (folder / "words.py").read_text() == f"WORD = {word!r}\n"
        assert (folder / "greeting.py").is_file()


def test_another_file_of_requirements_is_looked_at_wherever_it_is(source: Source) -> None:
    other = source.folder.parent / "other.txt"
    other.write_text("# nothing\n")
    assert isinstance(built(source, "-r ../other.txt"), Path)

    other.write_text("greeting\n")
    folder = built(source)

    assert isinstance(folder, Path), folder
    assert (folder / "greeting.py").is_file()


def test_a_package_in_a_folder_that_is_compiled_for_another_python_is_named(source: Source) -> None:
    write_folder(source.folder.parent / "shared", "words", "", ARM64)

    refused = built(source, "-e ../shared")

    assert isinstance(refused, BuildFailed), refused
    assert str(refused).startswith("Greet cannot be built: ")
    assert "words" in str(refused)
    assert ARM64 in str(refused)


def test_where_packages_are_had_is_said_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/wheels").mkdir()
    (tmp_path / "more/base.txt").write_text("-f wheels\n-i https://${USER}@example.com/simple#x\n-c bounds.txt\n")
    (tmp_path / "more/bounds.txt").touch()
    file = tmp_path / "requirements.txt"
    file.write_text("-rmore/base.txt\nwords==1 \\\n  --hash=sha256:00\n--require-hashes\n--pre\n-r none.txt\n")

    assert [*places(file)] == [
        f"-f {tmp_path / 'more/wheels'}", "-i https://${USER}@example.com/simple#x", "--pre", "-r none.txt"
    ]  # fmt: skip
    assert named(file) == {tmp_path / "more/base.txt", tmp_path / "more/bounds.txt"}
    assert for_use(file, tmp_path / "more") == file


def test_files_that_name_each_other_in_a_circle_are_read_once(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("-r other.txt\n")
    (tmp_path / "other.txt").write_text("-r requirements.txt\n-e .\n")

    assert named(file) == {tmp_path, tmp_path / "other.txt"}
