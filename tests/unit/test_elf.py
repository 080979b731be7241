"""What programs are linked with is read as the machine's own tools read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_emu.binaries.elf import Elf, needed_libraries, read_elf
from lambda_emu.binaries.needs import LOADERS


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


def test_what_versions_it_asks_for_is_what_the_loader_checks() -> None:
    program = Path(sys.executable).resolve()

    found = read(program)

    listed = subprocess.run(["ldd", "-v", program], capture_output=True, text=True, check=True).stdout
    own = listed.partition(f"\t{program}:\n")[2].partition(":\n")[0]
    checked = [(line.split()[0], line.split("(")[1].split(")")[0]) for line in own.splitlines() if " => " in line]
    assert checked
    assert sorted(checked) == sorted((library, one) for library, versions in found.versions.items() for one in versions)


def test_a_program_tells_its_loader_and_its_machine() -> None:
    found = read(Path(sys.executable))

    assert found.architecture == {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
    assert found.interpreter == LOADERS[found.architecture]


def read(file: Path) -> Elf:
    with file.open("rb") as opened:
        found = read_elf(opened.fileno())
    assert found is not None
    return found
