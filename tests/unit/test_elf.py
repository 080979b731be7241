"""What programs are linked with is read as the machine's own tools read it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lambda_emu.binaries.elf import needed_libraries


def test_what_a_python_is_linked_with_is_what_the_loader_loads_first() -> None:
    import _ctypes

    module = Path(_ctypes.__file__)

    names = needed_libraries(module)

    listed = subprocess.run(["ldd", module], capture_output=True, text=True, check=True).stdout
    assert names
    assert all(name in listed for name in names)
    assert any(name.startswith("libffi.so") for name in names)


def test_the_interpreter_names_its_c_library() -> None:
    assert "libc.so.6" in needed_libraries(Path(sys.executable))


@pytest.mark.parametrize("cut", [0, 4, 40, 100, 3000])
def test_of_a_file_that_is_cut_nothing_is_known(tmp_path: Path, cut: int) -> None:
    (tmp_path / "cut").write_bytes(Path(sys.executable).read_bytes()[:cut])

    assert needed_libraries(tmp_path / "cut") == []


def test_a_script_is_linked_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n" * 100)

    assert needed_libraries(tmp_path / "script") == []
