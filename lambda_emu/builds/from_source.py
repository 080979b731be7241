"""Wheels of Python's packages that have none: the host's pip builds their source, which must be Python alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lambda_emu.builds.bounded import Bounded
from lambda_emu.builds.methods import read_start
from lambda_emu.builds.source import BuildFailed, Source
from lambda_emu.sandbox.building.registries import PIP

REQUIREMENTS = "requirements.txt"
FOR_ANY = "-none-any.whl"
MOST_FILES = 20
"""Of requirements that name each other."""
_OPTION = re.compile(r"^\s*(-{1,2}[a-z][a-z-]*)[ \t=]*(.*?)\s*(?:\s#.*)?$")
_NOT_ASKED = frozenset(("-c", "--constraint", "-e", "--editable", "--require-hashes", "--only-binary", "--no-binary"))
"""What says which packages there are, and not where they are had."""
_OTHERS = frozenset(("-r", "--requirement"))
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
        options.write_text("\n".join([*_options(self._source.folder / REQUIREMENTS), package, ""]))
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


def _options(file: Path, seen: frozenset[Path] = frozenset()) -> Iterator[str]:
    """The lines that say where packages are had, of the files that it names too; folders are named from anywhere."""
    if file in seen or len(seen) >= MOST_FILES:
        return
    for line in read_start(file).replace("\\\n", " ").splitlines():
        if (said := _OPTION.match(line)) is None:
            continue
        name, value = said.groups()
        if name in _OTHERS:
            yield from _options(file.parent / value, seen | {file})
        elif name not in _NOT_ASKED:
            yield f"{name} {_placed(value, file.parent)}".strip()


def _placed(value: str, folder: Path) -> str:
    there = folder / value
    return os.path.abspath(there) if value and there.exists() else value
