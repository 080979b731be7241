"""What is built anew: whatever of its code or context changed that what is made of it would show. docs/builds.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_emu.builds.fingerprint import LEFT_OUT, TooManyFiles, fingerprint
from lambda_emu.sandbox.docker.build_program import context_paths

Known = Callable[[Path], str]


def by_context(code: Path) -> str:
    return fingerprint(code, context_paths(code, "Dockerfile", LEFT_OUT))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    for inner in ("sub", "other", "node_modules", ".git"):
        (folder / inner).mkdir(parents=True)
    for file in ("Dockerfile", "bootstrap", "sub/app.py", "other/app.py", "node_modules/large.js", ".git/HEAD"):
        (folder / file).write_text(file)
    (folder / "to_file").symlink_to("sub/app.py")
    (folder / "to_folder").symlink_to("sub")
    (folder / ".dockerignore").write_text("node_modules\n")
    return folder


def lead(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize("known", [fingerprint, by_context])
@pytest.mark.parametrize(
    "change",
    [
        lambda code: (code / "bootstrap").write_text("another"),
        lambda code: (code / "bootstrap").chmod(0o755),
        lambda code: (code / "bootstrap").rename(code / "bootstrap2"),
        lambda code: lead(code / "to_file", "./sub/app.py"),
        lambda code: lead(code / "to_folder", "other"),
        lambda code: (code / "empty").mkdir(),
        lambda code: (code / "to_nothing").symlink_to("nothing"),
    ],
    ids=["bytes", "executable", "name", "link to a file", "link to a folder", "empty folder", "link to nothing"],
)
def test_whatever_changes_what_is_made_of_code_makes_it_known_by_another_name(
    known: Known, change: Callable[[Path], None], code: Path
) -> None:
    before = known(code)
    assert known(code) == before

    change(code)

    assert known(code) != before


def test_what_does_not_go_into_an_image_has_no_say_in_its_name(code: Path) -> None:
    before = by_context(code)

    (code / "node_modules/large.js").write_text("another")
    (code / ".git/HEAD").write_text("another")

    assert by_context(code) == before


def test_code_of_too_many_files_is_refused_for_some_would_change_unseen(code: Path) -> None:
    with pytest.raises(TooManyFiles, match="src has more than 3 files and folders"):
        fingerprint(code, most=3)
