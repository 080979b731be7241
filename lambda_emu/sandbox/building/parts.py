"""What images are made of besides Debian's packages: fetched or compiled once, checked, and kept in the cache."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from lambda_emu.recipes import Compiled, Installed, Jars, Modules, Package, Tree, Wheels
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building import dotnet
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.debian import mmdebstrap, mmdebstrap_options
from lambda_emu.sandbox.building.part_plan import PartPlan
from lambda_emu.sandbox.building.registries import Registries, unpack
from lambda_emu.sandbox.building.tool_runner import Progress

OF_SOURCES = "x86_64"
"""Which wheels are sources: they are read, and not run."""


class Parts(Struct, frozen=True):
    """cache: where they are kept. scratch: for what is not finished, removed by its owner."""

    cache: Cache
    scratch: Path
    progress: Progress

    def ensure(self, plan: PartPlan) -> Path:
        """Where a part is; it is made now if it never was, which may take a minute. SandboxError."""
        if isinstance(plan.part, Installed):  # it is here already, and may be another tomorrow
            folder = self.scratch / "installed"
            folder.mkdir()
            _link_installed(plan.part, folder)
            return folder
        return self.cache.ensure(plan.key, lambda folder: self._make(plan, folder), self.scratch, self.progress)

    @property
    def _registries(self) -> Registries:
        return Registries(self.cache, self.scratch, self.progress)

    def _make(self, plan: PartPlan, folder: Path) -> None:
        match plan.part:
            case Wheels():
                self._registries.fetch_wheels(plan.part, plan.architecture, folder)
            case Package():
                unpack(self._registries.fetch_package(plan.part), folder)
            case Modules():
                self._registries.fetch_modules(plan.part, folder)
            case Jars():
                self._registries.fetch_jars(plan.part, folder)
            case Tree():
                self._registries.fetch_tree(plan.part, folder)
            case Compiled():
                self._compile(plan, plan.part, folder)

    def _compile(self, plan: PartPlan, part: Compiled, folder: Path) -> None:
        sources = self.scratch / "sources"
        for name, source in part.sources.items():
            (sources / name).mkdir(parents=True)
            if isinstance(source, Wheels):
                self._registries.fetch_wheels(source, OF_SOURCES, sources / name)
            else:
                unpack(self._registries.fetch_package(source), sources / name)
        for name, content in plan.sources().items():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_bytes(content)
        self.progress("compiling; this is done once and takes a minute or so")
        hooks = [
            f"copy-in {sources} /",
            'mkdir "$1/made" && chroot "$1" /bin/sh /sources/compile.sh',
            f"sync-out /made {folder}",
        ]
        arguments = mmdebstrap_options(part.suite, part.packages, plan.architecture)
        arguments += [f"--extract-hook={hook}" for hook in hooks]
        mmdebstrap([*arguments, "--format=null", part.suite, "/dev/null"], self.cache.tools, self.progress)
        if not any(folder.iterdir()):
            raise SandboxError(f"{part.compile} made nothing")


def _link_installed(part: Installed, folder: Path) -> None:
    """Links, so that nothing is copied twice."""
    for name, file in dotnet.files_of(dotnet.newest(int(part.dotnet))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(file.resolve())
