"""All that a part is made of, known before it is made: so its folder in the cache can be named by the hash of that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from lambda_emu.recipes import Compiled, Part, Wheels


class PartPlan(Struct, frozen=True):
    """scripts: what it is compiled by and of, by names below runtimes/; only of what is compiled there are any."""

    part: Part
    architecture: str
    scripts: Mapping[str, bytes] = {}

    @property
    def key(self) -> str:
        """The name of its folder in the cache."""
        return hash_of(self._inputs())

    def sources(self) -> Mapping[str, bytes]:
        """The scripts, by where the first of them finds the others: below /sources."""
        assert isinstance(self.part, Compiled)
        files = {"compile.sh": self.scripts[self.part.compile]}
        if self.part.ours is not None:
            above = PurePosixPath(self.part.ours).parent
            below = [name for name in self.scripts if PurePosixPath(name).is_relative_to(self.part.ours)]
            files |= {str(PurePosixPath(name).relative_to(above)): self.scripts[name] for name in below}
        return files

    def _inputs(self) -> list[str]:
        """One that is the same for every architecture is made once for all."""
        part = self.part
        match part:
            case Wheels():
                return ["wheels", self.architecture, *part.pip, part.python]
            case Compiled():
                files = [f"{name} {content.decode()}" for name, content in sorted(self.sources().items())]
                return ["compiled", json.dumps(msgspec.to_builtins(part)), self.architecture, *files]
        return [type(part).__name__.lower(), json.dumps(msgspec.to_builtins(part))]


def plan_part(part: Part, architecture: str, folder: Path) -> PartPlan:
    """folder: runtimes/, where the scripts are."""
    if not isinstance(part, Compiled):
        return PartPlan(part, architecture)
    ours = [] if part.ours is None else sorted(path for path in (folder / part.ours).iterdir() if path.is_file())
    scripts = {str(path.relative_to(folder)): path.read_bytes() for path in (folder / part.compile, *ours)}
    return PartPlan(part, architecture, scripts)


def hash_of(inputs: Sequence[str]) -> str:
    return sha256("\0".join(inputs).encode()).hexdigest()[:16]
