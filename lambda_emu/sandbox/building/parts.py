"""What images are made of besides Debian's packages: fetched or compiled once, checked, and kept in the cache."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from lambda_emu.recipes import Compiled, Installed, Jars, Modules, Package, Part, Tree, Wheels
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building import dotnet
from lambda_emu.sandbox.building.debian import debootstrap, options
from lambda_emu.sandbox.building.registries import Registries, unpack
from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner

OF_SOURCES = "x86_64"
"""Which wheels are sources: they are read, and not run."""


class Parts(Struct, frozen=True):
    """cache: where they are kept, by what they are made of. scratch: for what is not finished, removed by its owner."""

    cache: Path
    scratch: Path
    tools: ToolRunner

    @property
    def registries(self) -> Registries:
        return Registries(self.cache.parent / "registries", self.tools, self._kept)

    def folder(self, part: Part, architecture: str, scripts: Mapping[str, bytes], progress: Progress) -> Path:
        """Where a part is; it is made now if it never was, which may take a minute. SandboxError.

        scripts: what parts are compiled by and of, by their names below runtimes/.
        """
        if isinstance(part, Installed):  # it is here already, and may be another tomorrow
            folder = self.scratch / "installed"
            folder.mkdir()
            self._make(part, architecture, scripts, folder, progress)
            return folder
        inputs = _inputs(part, architecture, scripts)
        return self._kept(inputs, lambda folder: self._make(part, architecture, scripts, folder, progress), progress)

    @staticmethod
    def key(part: Part, architecture: str, scripts: Mapping[str, bytes]) -> str:
        """The name of its folder in the cache."""
        return _hash(_inputs(part, architecture, scripts))

    def _make(
        self, part: Part, architecture: str, scripts: Mapping[str, bytes], folder: Path, progress: Progress
    ) -> None:
        match part:
            case Wheels():
                self.registries.wheels(part, architecture, folder, progress)
            case Package():
                unpack(self.registries.package(part, self.scratch, progress), folder)
            case Modules():
                self.registries.modules(part, folder, progress)
            case Jars():
                self.registries.jars(part, folder, progress)
            case Tree():
                self.registries.tree(part, folder, progress)
            case Compiled():
                self._compile(part, architecture, scripts, folder, progress)
            case Installed():
                _link_installed(part, folder)

    def _kept(self, inputs: list[str], make: Callable[[Path], None], progress: Progress) -> Path:
        """The folder that was made of these inputs. Made now if it never was; it gets its name when it is complete."""
        folder = self.cache / _hash(inputs)
        if folder.is_dir():
            with suppress(OSError):  # another user's
                os.utime(folder)  # for who removes what nobody uses
            return folder
        with self.tools.alone(self._lock(folder.name), "another build, which makes a part of this one", progress):
            if not folder.is_dir():
                partial = self.scratch / folder.name
                partial.mkdir()
                make(partial)
                self.cache.mkdir(parents=True, exist_ok=True)
                partial.rename(folder)
        return folder

    def _lock(self, name: str) -> Path:
        return self.cache.parent / "build" / f"part-{name}.lock"

    def _compile(
        self, part: Compiled, architecture: str, scripts: Mapping[str, bytes], folder: Path, progress: Progress
    ) -> None:
        sources = self.scratch / "sources"
        for name, source in part.sources.items():
            (sources / name).mkdir(parents=True)
            if isinstance(source, Wheels):
                self.registries.wheels(source, OF_SOURCES, sources / name, progress)
            else:
                unpack(self.registries.package(source, self.scratch, progress), sources / name)
        for name, content in _ours(part, scripts).items():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes(content)
        progress("compiling; this is done once and takes a minute or so")
        hooks = [
            f"copy-in {sources} /",
            'mkdir "$1/made" && chroot "$1" /bin/sh /sources/compile.sh',
            f"sync-out /made {folder}",
        ]
        arguments = options(part.suite, part.packages, architecture)
        arguments += [f"--extract-hook={hook}" for hook in hooks]
        debootstrap([*arguments, "--format=null", part.suite, "/dev/null"], self.tools, progress)
        if not any(folder.iterdir()):
            raise SandboxError(f"{part.compile} made nothing")


def _ours(part: Compiled, scripts: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The files of ours that it is compiled by and of, by where the script finds them below /sources."""
    files = {"compile.sh": scripts[part.compile]}
    if part.ours is not None:
        above = PurePosixPath(part.ours).parent
        below = [name for name in scripts if PurePosixPath(name).is_relative_to(part.ours)]
        files |= {str(PurePosixPath(name).relative_to(above)): scripts[name] for name in below}
    return files


def _link_installed(part: Installed, folder: Path) -> None:
    """Links, so that nothing is copied twice."""
    for name, file in dotnet.files_of(dotnet.newest(int(part.dotnet))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(file.resolve())


def _hash(inputs: Sequence[str]) -> str:
    return sha256("\0".join(inputs).encode()).hexdigest()[:16]


def _inputs(part: Part, architecture: str, scripts: Mapping[str, bytes]) -> list[str]:
    """All that a part is made of. One that is the same for every architecture is made once for all."""
    match part:
        case Wheels():
            return ["wheels", architecture, *part.pip, part.python]
        case Compiled():
            files = [f"{name} {content.decode()}" for name, content in sorted(_ours(part, scripts).items())]
            return ["compiled", json.dumps(msgspec.to_builtins(part)), architecture, *files]
    return [type(part).__name__.lower(), json.dumps(msgspec.to_builtins(part))]
