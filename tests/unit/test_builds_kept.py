"""What a build made stays for whoever asked for it, however much is made beside it. docs/builds.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builds_rig import offline, write_wheel

from lambda_emu.builds.bounded import Bounds
from lambda_emu.builds.builder import MOST_KEPT, Builder
from lambda_emu.builds.source import Source

DAY_S = 86_400
MANY = MOST_KEPT + 3


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    """More functions than builds are kept, each with code of its own, and one package for all."""
    write_wheel(tmp_path / "packages", "greeting", "WORD = 'Hello'\n")
    found = [Source(f"Function{number}", tmp_path / f"src{number}", "python3.11") for number in range(MANY)]
    for source in found:
        source.folder.mkdir()
        (source.folder / "app.py").write_text(f"NAME = {source.name!r}\n")
        (source.folder / "requirements.txt").write_text(offline(tmp_path / "packages", "greeting==1.0"))
    return found


def test_what_one_build_makes_is_all_there_when_it_is_done_and_what_nobody_used_lately_goes(
    tmp_path: Path, sources: list[Source]
) -> None:
    kept = tmp_path / "cache/code"
    builder = Builder(tmp_path / "cache", Bounds(60), lambda _: None)
    builder.build(sources[:1])
    for name in ("other", "older"):
        (kept / name).mkdir()
    long_ago = (kept / "other").stat().st_mtime - DAY_S
    os.utime(kept / "older", (long_ago, long_ago))

    built = builder.build(sources)

    for source, folder in zip(sources, built, strict=True):
        assert isinstance(folder, Path), folder
        assert (folder / "app.py").read_text() == f"NAME = {source.name!r}\n"
        assert (folder / "greeting.py").is_file()
    assert (kept / "other").is_dir()  # another process may be about to take it
    assert not (kept / "older").exists()


def test_requirements_that_stand_in_another_file_are_installed_too(tmp_path: Path) -> None:
    write_wheel(tmp_path / "packages", "greeting", "WORD = 'Hello'\n")
    source = Source("Function", tmp_path / "src", "python3.11")
    source.folder.mkdir()
    (source.folder / "requirements.txt").write_text("# all of them\n-r base.txt\n")
    (source.folder / "base.txt").write_text(offline(tmp_path / "packages", "greeting==1.0"))

    (folder,) = Builder(tmp_path / "cache", Bounds(60), lambda _: None).build([source])

    assert isinstance(folder, Path), folder
    assert (folder / "greeting.py").is_file()
    (source.folder / "requirements.txt").write_text("--index-url https://example.com\n# nothing\n")
    assert Builder(tmp_path / "cache", Bounds(60), lambda _: None).build([source]) == [None]
