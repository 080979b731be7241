"""Wheels of Python's packages that have none: the host's pip builds their source, which must be Python alone."""

from __future__ import annotations

import re
from pathlib import Path

from lambda_emu.builds.bounded import Bounded
from lambda_emu.builds.requirements import REQUIREMENTS, places
from lambda_emu.builds.source import BuildFailed, Source
from lambda_emu.sandbox.building.registries import PIP

FOR_ANY = "-none-any.whl"
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class FromSource:
    """Of one source's requirements. wheels: the folder that they come to. asked: what was built so far."""

    def __init__(self, source: Source, wheels: Path, tools: Bounded) -> None:
        self.wheels = wheels
        self.asked: set[str] = set()
        self._source = source
        self._tools = tools
        wheels.mkdir(parents=True, exist_ok=True)

    def add(self, package: str) -> None:
        """package: as pip names what it has no wheel of, `docopt<1`. ToolFailed, BuildFailed."""
        self.asked.add(package)
        name = _NAMED.match(package)
        if name is None:
            raise BuildFailed(self._source, f"{package!r} names no package")
        options = self.wheels.with_name("options.txt")
        options.write_text("\n".join([*places(self._source.folder / REQUIREMENTS), package, ""]))
        made = self.wheels.with_name("made")
        words = [
            *PIP,
            "wheel",
            "--no-deps",
            f"--no-binary={name[0]}",
            f"--wheel-dir={made}",
            f"--requirement={options}",
        ]
        self._tools.run(words, "pip", self.wheels.parent)
        for wheel in [*made.glob("*.whl")]:
            self._check(package, wheel.name)
            wheel.rename(self.wheels / wheel.name)

    def _check(self, package: str, wheel: str) -> None:
        if not wheel.endswith(FOR_ANY) or "py3" not in wheel.removesuffix(FOR_ANY).rpartition("-")[2]:
            why = f"{package} has no wheel, and its source makes one for this machine alone here: {wheel}"
            raise BuildFailed(self._source, why)
