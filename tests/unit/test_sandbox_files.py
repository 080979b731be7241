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
