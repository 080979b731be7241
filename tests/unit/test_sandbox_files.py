import os
import stat
from pathlib import Path

import pytest

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.files import fill


def test_code_that_is_not_there_is_an_error_and_no_empty_folder(tmp_path: Path) -> None:
    task, opt = tmp_path / "task", tmp_path / "opt"
    for folder in (task, opt):
        folder.mkdir()

    with pytest.raises(SandboxError, match="the code could not be put in place"):
        fill(tmp_path / "gone", [], task, opt)


def test_anybody_may_enter_what_was_put_in_place_whatever_the_umask(tmp_path: Path) -> None:
    """In the box another user reads it."""
    source, task = tmp_path / "source", tmp_path / "task"
    (source / "package").mkdir(parents=True)
    task.mkdir()
    before = os.umask(0o077)
    try:
        fill(source, [], task, tmp_path)
    finally:
        os.umask(before)

    assert oct((task / "package").stat().st_mode) == oct(stat.S_IFDIR | 0o755)
