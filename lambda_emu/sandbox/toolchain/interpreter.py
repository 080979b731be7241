"""What an interpreter of this machine needs to run elsewhere: itself, and shared libraries that came with it.

The rest of the folder it lies in is nobody's business: with a Python in ~/bin that folder is somebody's home.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.binaries.elf import needed_libraries
from lambda_emu.recipes import Part
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.toolchain.maker import Maker

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix")
"""Folders of the host that every sandbox shows, read-only."""

ALWAYS_VISIBLE = tuple(Path("/", name) for name in SYSTEM)

LANG, RUNTIME = Path("/var/lang"), Path("/var/runtime")
"""Where sandboxes see the interpreter and AWS's client."""

OWN = ("/opt", "/tmp", "/var")
"""Folders that are each sandbox's own: nothing of the host is shown in them where the host has it."""


class Interpreter(Struct, frozen=True):
    """A program of this machine. name: with its version; runtime: the identifier that it is the right one for.

    start: the shell words that start it with AWS's client, as sandboxes see both.
    """

    path: Path
    name: str
    runtime: str
    start: str

    def instead_of(self, runtime: Runtime) -> str | None:
        """That it runs in place of another one, in words."""
        if _order(runtime.identifier) == _order(self.runtime):
            return None
        other = f", which loads no modules compiled for {runtime.identifier}" if runtime.family == "python" else ""
        return f"{runtime.identifier} is not on this machine; its functions run on {self.name} ({self.path}){other}"


class Language(Protocol):
    """What functions of a language need of this machine. SandboxError says what is missing, and what to do about it.

    `find` and `host_files` only look, fast enough for a list of all runtimes: they neither write nor fetch anything.
    """

    def find(self, runtime: Runtime) -> Interpreter:
        """Of those on the PATH the nearest to what the runtime asks for."""

    def host_files(self, interpreter: Interpreter, empty: Path) -> Mapping[Path, Path]:
        """Files and folders of the host, by where sandboxes see them; parents come first.

        empty: a folder with nothing in it, to be shown in place of what is nobody's business.
        """

    def add(self, interpreter: Interpreter, folder: Path, maker: Maker) -> Mapping[Path, Path]:
        """Put all else into a toolchain's folder, beside what lies in runtimes/<family>/runtime. May take a minute.

        Returns further files to show, as `host_files` does: those that are kept. maker: of what has to be fetched or
        compiled. OSError; ClientMissing where another interpreter may be taken.
        """


class NotOnPath(SandboxError):
    """There is no interpreter of a language. package: what Debian calls it. Version managers are not looked into."""

    def __init__(self, runtime: Runtime, program: str, package: str) -> None:
        super().__init__(
            f"without Docker {runtime.identifier} needs `{program}` on the PATH: install it (Debian: apt-get install "
            f"{package}), have your version manager put it there, or start Docker, which has it"
        )


class ClientMissing(SandboxError):
    """AWS's client for an interpreter cannot be had. instead: another interpreter that has its own."""

    def __init__(self, interpreter: Interpreter, why: str, instead: Interpreter) -> None:
        super().__init__(f"AWS's client for {interpreter.name} ({interpreter.path}) cannot be had: {why}")
        self.instead = instead


def start_of(family: str) -> str:
    """The shell words that start a family's runtimes in our images. They differ in the version, if in anything."""
    start = catalogue().recipe_of(family).start
    assert start is not None
    return start


def part_of(family: str, path: str) -> Part:
    """What lies there in all of a family's images of this machine's architecture."""
    return catalogue().recipe_of(family).parts[HOST_ARCHITECTURE][path]


def nearest(runtime: Runtime, found: Iterable[Interpreter]) -> Interpreter | None:
    """The one for the same version, else for the version next to it, and rather a newer one."""
    return min(found, key=lambda one: _distance(runtime.identifier, one.runtime), default=None)


def by_nearness(wanted: str, identifiers: Iterable[str]) -> list[str]:
    """The same version first, then those next to it, as `nearest` has it."""
    return sorted(identifiers, key=lambda one: _distance(wanted, one))


def _distance(wanted: str, found: str) -> tuple[int, int]:
    return abs(_order(found) - _order(wanted)), -_order(found)


def _order(identifier: str) -> int:
    """Of `python3.12`, `nodejs22.x`, `java17.al2023`."""
    major, minor = re.findall(r"^[a-z]+(\d+)(?:\.(\d+))?", identifier)[0]
    return 100 * int(major) + int(minor or 0)


def is_seen(path: Path) -> bool:
    """Whether every sandbox sees it anyway."""
    return any(path.is_relative_to(above) for above in ALWAYS_VISIBLE)


def is_own(path: Path) -> bool:
    """Whether sandboxes have their own files there."""
    return any(map(path.is_relative_to, OWN))


def libraries(programs: Iterable[Path], folder: Path) -> dict[Path, Path]:
    """The libraries in `folder` that programs and modules are linked with, by where sandboxes see them.

    They are looked for beside the interpreter, or by the path it was built with. Those of the system are not looked
    for: every sandbox sees them.
    """
    found = _linked(programs, folder)
    shown = {LANG / "lib" / name: library for name, library in found.items()}
    if not is_own(folder):
        shown |= {folder / name: library for name, library in found.items()}
    return shown


def _linked(programs: Iterable[Path], folder: Path) -> dict[str, Path]:
    """Those, and what they are linked with themselves, by their names."""
    found: dict[str, Path] = {}
    if is_seen(folder) or not any(folder.glob("*.so*")):
        return found
    look_at = list(programs)
    while look_at:
        for name in needed_libraries(look_at.pop()):
            library = folder / name
            if name not in found and library.is_file():
                found[name] = library.resolve()
                look_at.append(library)
    return found
