"""The .NET of this machine: that of whoever builds functions for it, by the `dotnet` on our PATH.

No registry that images are made from has .NET, and AWS's images do. docs/decisions/dotnet-client.md.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.recipes import Installed, Recipe
from lambda_emu.sandbox.asking import ask
from lambda_emu.sandbox.base import SandboxError

BASE = "Microsoft.NETCore.App"
WITH = ("Microsoft.AspNetCore.App",)
"""What AWS's images have besides."""
_LINE = re.compile(r"^(\S+) ((\d+)\.(\d+)\.(\d+)) \[(.+)\]$", re.MULTILINE)


class Framework(Struct, frozen=True):
    """One framework as it is installed. root: the folder with `dotnet`, `host` and `shared`. No preview versions."""

    name: str
    version: tuple[int, int, int]
    root: Path

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def title(self) -> str:
        return f".NET {'.'.join(map(str, self.version))}"

    @property
    def folder(self) -> Path:
        return self.root / "shared" / self.name / ".".join(map(str, self.version))


def frameworks() -> list[Framework]:
    """All frameworks, as `dotnet --list-runtimes` tells them. SandboxError where there is no `dotnet`, or no .NET."""
    found = shutil.which("dotnet")
    if found is None:
        raise SandboxError("there is no `dotnet` on the PATH")
    said = ask(Path(found), "--list-runtimes")
    listed = [_framework(match) for match in _LINE.finditer(said.output)]
    if not any(one.name == BASE for one in listed):
        raise SandboxError(f"{found} tells of no .NET: {said.last}")
    return listed


def bases() -> list[Framework]:
    """Each .NET without what comes on top of it; there is one. SandboxError as of `frameworks`."""
    return [one for one in frameworks() if one.name == BASE]


def titles(bases: Sequence[Framework]) -> str:
    """What there is and where, to be told of instead of what there is not."""
    return f"{', '.join(one.title for one in bases)} ({bases[0].root})"


def _framework(match: re.Match[str]) -> Framework:
    version = (int(match[3]), int(match[4]), int(match[5]))
    return Framework(match[1], version, Path(match[6]).parent.parent.resolve())


def newest(major: int) -> Framework:
    """The base of the newest .NET of this major. SandboxError says what is there instead."""
    there = bases()
    fitting = [one for one in there if one.major == major]
    if not fitting:
        raise SandboxError(f"this machine has {titles(there)} and no .NET {major}")
    return max(fitting, key=lambda one: one.version)


def why_not(recipe: Recipe, architecture: str) -> str | None:
    """Why what an image has of this machine cannot be had, in words; None where it can, or there is nothing."""
    part = next((part for part in recipe.parts[architecture].values() if isinstance(part, Installed)), None)
    if part is None:
        return None
    if architecture != HOST_ARCHITECTURE:
        return f"this machine's .NET is not for {architecture}"
    try:
        newest(int(part.dotnet))
    except SandboxError as error:
        return str(error)
    return None


def files_of(base: Framework) -> Iterator[tuple[str, Path]]:
    """What a machine needs to run code with it: names below /var/lang/bin, and files of this machine."""
    yield "dotnet", base.root / "dotnet"
    beside = [one for one in frameworks() if one.name in WITH and one.root == base.root and one.major == base.major]
    needed = [base, *sorted(beside, key=lambda one: one.version)[-1:]]
    for folder in (base.root / "host", *(framework.folder for framework in needed)):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield str(file.relative_to(base.root)), file
