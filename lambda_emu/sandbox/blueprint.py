"""Everything that an image is made of, known before it is built: so its name can be the hash of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lambda_emu.runtimes import Recipe, Runtime

ARCHIVE_OPTIONS = {"sid": ('--aptopt=Acquire::Check-Valid-Until "false"',)}
"""A mirror that lags behind shows lists of Debian's moving suite whose validity has ended."""

FIXED_ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":/etc/localtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}

DEBIAN_ARCHITECTURE = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Blueprint:
    """files: paths in the image and what is written there."""

    runtime: Runtime
    recipe: Recipe
    architecture: str
    files: Mapping[str, bytes]

    @property
    def tag(self) -> str:
        """`lambda-emu/python:3.13-<12 hex digits>`."""
        return f"lambda-emu/{self.runtime.image}-{self._digest()[:12]}"

    @property
    def label(self) -> str:
        """What all images of this runtime have in common: a newer one replaces the older."""
        return f"lambda-emu.image={self.runtime.identifier}-{self.architecture}"

    @property
    def settings(self) -> list[str]:
        """How AWS's base images are set, as lines of a Dockerfile. Contract: runtime.md 3.8."""
        environment = FIXED_ENVIRONMENT | {name: self.runtime.environment[name] for name in ("PATH", "LD_LIBRARY_PATH")}
        return [
            *(f"ENV {name}={value}" for name, value in environment.items()),
            "WORKDIR /var/task",
            'ENTRYPOINT ["/lambda-entrypoint.sh"]',
            f"LABEL {self.label}",
        ]

    def debian_options(self) -> list[str]:
        """What mmdebstrap is told besides where to write. Packages are only unpacked, not set up: half the time."""
        return [
            "--variant=extract",
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
            f"--architectures={DEBIAN_ARCHITECTURE[self.architecture]}",
            f"--include={','.join(self.recipe.packages)}",
            '--aptopt=Acquire::Languages "none"',
            *ARCHIVE_OPTIONS.get(self.recipe.suite, ()),
        ]

    def _digest(self) -> str:
        inputs = [
            *(self.recipe.suite, self.recipe.pip, self.recipe.python, self.recipe.npm, self.runtime.os),
            *(self.debian_options(), self.settings),
            {path: sha256(content).hexdigest() for path, content in self.files.items()},
        ]
        return sha256(json.dumps(inputs).encode()).hexdigest()


def draw(runtime: Runtime, recipe: Recipe, architecture: str, folder: Path) -> Blueprint:
    """The blueprint of a runtime's image. folder: runtimes/, where the files that go into images are."""
    shared = folder / "image"
    files = {
        "/lambda-entrypoint.sh": (shared / "lambda-entrypoint.sh").read_bytes(),
        "/tmp/finish.sh": (shared / "finish.sh").read_bytes(),
        "/tmp/leave-out": "\n".join(recipe.leave_out).encode(),
    }
    if recipe.start is not None:
        template = (shared / "bootstrap").read_bytes()
        files["/var/runtime/bootstrap"] = template.replace(b"@start@", recipe.start.encode())
    for path in sorted((folder / recipe.files).iterdir()) if recipe.files else ():
        place = "/tmp" if path.name == "finish-language.sh" else "/var/runtime"
        files[f"{place}/{path.name}"] = path.read_bytes()
    return Blueprint(runtime, recipe, architecture, files)
