"""An init that was not built anew is found out before it is run: it could only end without a word that explains it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_emu.architectures import MACHINES
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.init import binary
from lambda_emu.sandbox.init.binary import find_init
from lambda_emu.sandbox.init.frames import PROTOCOL

MACHINE = os.uname().machine


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_init_of_the_package_speaks_as_we_do(machine: str) -> None:
    assert find_init(machine).name == f"init-{machine}"


@pytest.mark.parametrize(("words", "spoken"), [("", "3 or older"), (" (protocol 9)", "9")])
def test_another_one_is_refused_with_what_to_do(
    words: str, spoken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "FOLDER", tmp_path)
    (tmp_path / f"init-{MACHINE}").write_bytes(b"\x7fELF lambda-emu init" + words.encode() + b": wrong frame")

    wanted = f"init-{MACHINE}: init speaks protocol {spoken}, and this lambda-emu {PROTOCOL};.*`make install`"
    with pytest.raises(SandboxError, match=wanted):
        find_init(MACHINE)


def test_one_that_is_missing_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "FOLDER", tmp_path)

    with pytest.raises(SandboxError, match="cannot be read: No such file or directory; installing the package builds"):
        find_init(MACHINE)


def test_whoever_serves_with_a_stale_one_is_told_at_once(tmp_path: Path) -> None:
    """By the command itself; its package is one of links, but for its inits."""
    package = Path(binary.FOLDER).parents[1]
    for source in package.rglob("*.py"):
        place = tmp_path / "lambda_emu" / source.relative_to(package)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)
    stale = tmp_path / "lambda_emu/sandbox/bin"
    stale.mkdir()
    for machine in MACHINES.values():
        (stale / f"init-{machine}").write_bytes(find_init(machine).read_bytes().replace(b"(protocol ", b"(protocol 1"))

    serve = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", "process"]
    done = subprocess.run(serve, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode != 0
    assert f"init speaks protocol 1{PROTOCOL}, and this lambda-emu {PROTOCOL}" in done.stdout + done.stderr
    assert "make install" in done.stdout + done.stderr
