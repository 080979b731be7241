import os
import stat
from pathlib import Path

import pytest

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.files import fill, link_tree
from lambda_emu.store.code.unzip import MAX_FOLDERS


def test_code_that_is_not_there_is_an_error_and_no_empty_folder(tmp_path: Path) -> None:
    task, opt = tmp_path / "task", tmp_path / "opt"
    for folder in (task, opt):
        folder.mkdir()

    with pytest.raises(SandboxError, match="the code could not be put in place"):
        fill(tmp_path / "gone", [], task, opt)


def test_anybody_may_enter_what_was_put_in_place_whatever_the_umask(tmp_path: Path) -> None:
    """In the sandbox another user reads it."""
    source, task = tmp_path / "source", tmp_path / "task"
    (source / "package").mkdir(parents=True)
    task.mkdir()
    before = os.umask(0o077)
    try:
        fill(source, [], task, tmp_path)
    finally:
        os.umask(before)

    assert oct((task / "package").stat().st_mode) == oct(stat.S_IFDIR | 0o755)


@pytest.fixture
def opt(tmp_path: Path) -> Path:
    (tmp_path / "opt").mkdir()
    return tmp_path / "opt"


def layer(path: Path, *files: str) -> Path:
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(path.name)
    return path


def test_a_layers_folder_takes_the_place_of_a_link_and_nothing_is_written_where_that_leads(
    tmp_path: Path, opt: Path
) -> None:
    machine = layer(tmp_path / "machine", "kept")
    machine.chmod(0o700)
    first = layer(tmp_path / "first", "other")
    (first / "lib").symlink_to(machine)

    link_tree(first, opt)
    link_tree(layer(tmp_path / "second", "lib/x"), opt)

    assert (opt / "lib" / "x").read_text() == "second"
    assert [path.name for path in machine.iterdir()] == ["kept"]
    assert stat.S_IMODE(machine.stat().st_mode) == 0o700


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
def test_a_later_layer_wins_where_one_has_a_file_and_the_other_a_folder(
    tmp_path: Path, opt: Path, first: str, second: str
) -> None:
    link_tree(layer(tmp_path / "first", first), opt)
    link_tree(layer(tmp_path / "second", second), opt)

    assert (opt / second).read_text() == "second"


def test_links_are_shown_as_they_are(tmp_path: Path, opt: Path) -> None:
    source = layer(tmp_path / "source", "lib/x")
    for name, target in {"file": "lib/x", "folder": "lib", "absolute": "/tmp", "nowhere": "/var/task/none"}.items():
        (source / name).symlink_to(target)

    link_tree(source, opt)

    shown = {path.name: os.readlink(path) for path in opt.iterdir() if path.is_symlink()}
    assert shown == {"file": "lib/x", "folder": "lib", "absolute": "/tmp", "nowhere": "/var/task/none"}


def test_an_environment_has_a_bounded_number_of_folders_all_layers_together(tmp_path: Path, opt: Path) -> None:
    task = tmp_path / "task"
    task.mkdir()
    layers = [tmp_path / "first", tmp_path / "second"]
    for path in layers:
        for number in range(MAX_FOLDERS // 2 + 1):
            (path / path.name / str(number)).mkdir(parents=True)

    with pytest.raises(SandboxError, match="the code and its layers have more than 10000 folders"):
        fill(task, layers, task, opt)
