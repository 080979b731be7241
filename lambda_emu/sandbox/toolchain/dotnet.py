"""The `dotnet` on our PATH, for sandboxes, with our client, which is compiled once and kept in the cache folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.dotnet import Framework, bases, titles
from lambda_emu.sandbox.toolchain.interpreter import LANG, Interpreter, part_of, start_of
from lambda_emu.sandbox.toolchain.maker import Maker

EXECUTE = "/var/lang/bin/dotnet exec"


class _NotHere(SandboxError):
    def __init__(self, runtime: Runtime, wanted: int, why: str) -> None:
        super().__init__(
            f"without Docker {runtime.identifier} needs .NET {wanted} or newer, and {why}: install it, its `dotnet` on "
            "the PATH, or start Docker, which can have AWS's image"
        )


class DotnetLanguage:
    """interpreter.Language. Code for an older .NET runs on a newer one, and not the other way round."""

    def find(self, runtime: Runtime) -> Interpreter:
        wanted = runtime.major
        try:
            there = bases()
        except SandboxError as error:
            raise _NotHere(runtime, wanted, str(error)) from error
        fitting = sorted((one for one in there if one.major >= wanted), key=_nearest)
        if not fitting:
            raise _NotHere(runtime, wanted, f"this machine has {titles(there)}, which is older")
        return _interpreter(fitting[0], wanted)

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        root = interpreter.path.parent
        return {LANG / "bin" / name: root / name for name in ("dotnet", "host", "shared")}

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """The client. Copied: where nothing is mounted, functions could write into what is kept."""
        shutil.copytree(maker.ensure(part_of("dotnet", "/var/runtime")), folder / "runtime", dirs_exist_ok=True)
        (folder / "runtime/empty-certificates.crt").touch()
        return {}


def _nearest(framework: Framework) -> tuple[int, int, int]:
    """The lowest major, and of that the newest."""
    major, minor, patch = framework.version
    return major, -minor, -patch


def _interpreter(framework: Framework, wanted: int) -> Interpreter:
    name = f"dotnet{framework.major}"
    roll = "" if framework.major == wanted else " --roll-forward Major"
    start = start_of("dotnet").replace(EXECUTE, EXECUTE + roll)
    return Interpreter(framework.root / "dotnet", framework.title, name, start)
