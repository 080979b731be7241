"""Everything that an image is made of, known before it is built: so its name can be the hash of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from lambda_emu.recipes import BUILDING, Recipe, start_words
from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.building.debian import mmdebstrap_options
from lambda_emu.sandbox.building.part_plan import PartPlan, plan_part

LABEL = "lambda-emu.image"
OURS = "lambda-emu/"
"""Where our images are: before their names."""

NO_REGISTRY = "localhost/"
"""What some engines put before names without a registry."""

FIXED_ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":/etc/localtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}


def is_ours(name: str) -> bool:
    """Whether an image with this name is one that we built."""
    return name.removeprefix(NO_REGISTRY).startswith(OURS)


class ImagePlan(Struct, frozen=True):
    """files: paths in the image and what is written there. parts: what else lies where, besides Debian's packages."""

    runtime: Runtime
    recipe: Recipe
    architecture: str
    files: Mapping[str, bytes]
    parts: Mapping[str, PartPlan]

    @property
    def tag(self) -> str:
        """`lambda-emu/python:3.13-<12 hex digits>`."""
        return f"{OURS}{self.runtime.image}-{self._digest()[:12]}"

    @property
    def label(self) -> str:
        """What all images of this runtime have in common, whatever they were made of."""
        return f"{LABEL}={self.runtime.identifier}-{self.architecture}"

    @property
    def settings(self) -> list[str]:
        """How AWS's base images are set, as lines of a Dockerfile. docs/contract/runtime.md#images."""
        environment = FIXED_ENVIRONMENT | {name: self.runtime.environment[name] for name in ("PATH", "LD_LIBRARY_PATH")}
        return [
            *(f"ENV {name}={value}" for name, value in environment.items()),
            "WORKDIR /var/task",
            'ENTRYPOINT ["/lambda-entrypoint.sh"]',
            f"LABEL {self.label}",
        ]

    def debian_options(self) -> list[str]:
        return mmdebstrap_options(self.recipe.suite, self.recipe.packages, self.architecture)

    def _digest(self) -> str:
        scripts = {name: content for part in self.parts.values() for name, content in part.scripts.items()}
        inputs = {
            "recipe": msgspec.to_builtins(self.recipe),
            "options": [*self.debian_options(), self.runtime.os],
            "settings": self.settings,
            "files": {path: sha256(content).hexdigest() for path, content in self.files.items()},
            "scripts": {name: sha256(content).hexdigest() for name, content in scripts.items()},
        }
        return sha256(json.dumps(inputs).encode()).hexdigest()


def plan_image(runtime: Runtime, recipe: Recipe, architecture: str, folder: Path) -> ImagePlan:
    """The plan of a runtime's image. folder: runtimes/, where the files that go into images are."""
    shared = folder / "image"
    files = {
        "/lambda-entrypoint.sh": (shared / "lambda-entrypoint.sh").read_bytes(),
        "/tmp/finish.sh": (shared / "finish.sh").read_bytes(),
        "/tmp/leave-out": "\n".join(recipe.leave_out).encode(),
    }
    if recipe.start is not None:
        words = start_words(recipe.start, recipe.switched_off)
        files["/var/runtime/bootstrap"] = (shared / "bootstrap").read_bytes().replace(b"@start@", words.encode())
    if recipe.files is not None:
        language = folder / recipe.files
        files["/tmp/finish-language.sh"] = (language / "finish.sh").read_bytes()
        for where, there in (("/var/runtime", "runtime"), (BUILDING, "building")):
            files |= {f"{where}/{path.name}": path.read_bytes() for path in sorted(language.glob(f"{there}/*.*"))}
    parts = {path: plan_part(part, architecture, folder) for path, part in recipe.parts[architecture].items()}
    return ImagePlan(runtime, recipe, architecture, files, parts)
