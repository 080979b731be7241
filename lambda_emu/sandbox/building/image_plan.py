"""Everything that an image is made of, known before it is built: so its name can be the hash of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from lambda_emu.runtimes import Recipe, Runtime
from lambda_emu.sandbox.building.debian import options

OURS = "lambda-emu/"
"""Where our images are: before their names."""

FIXED_ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":/etc/localtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}


class ImagePlan(Struct, frozen=True):
    """files: paths in the image and what is written there. client_script: how its client is compiled, if it is."""

    runtime: Runtime
    recipe: Recipe
    architecture: str
    files: Mapping[str, bytes]
    client_script: bytes | None

    @property
    def tag(self) -> str:
        """`lambda-emu/python:3.13-<12 hex digits>`."""
        return f"{OURS}{self.runtime.image}-{self._digest()[:12]}"

    @property
    def label(self) -> str:
        """What all images of this runtime have in common, whatever they were made of."""
        return f"lambda-emu.image={self.runtime.identifier}-{self.architecture}"

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
        return options(self.recipe.suite, self.recipe.packages, self.architecture)

    def _digest(self) -> str:
        inputs = {
            "recipe": msgspec.to_builtins(self.recipe),
            "options": [*self.debian_options(), self.runtime.os],
            "settings": self.settings,
            "files": {path: sha256(content).hexdigest() for path, content in self.files.items()},
            "client": sha256(self.client_script or b"").hexdigest(),
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
        template = (shared / "bootstrap").read_bytes()
        files["/var/runtime/bootstrap"] = template.replace(b"@start@", recipe.start.encode())
    if recipe.files is None:
        return ImagePlan(runtime, recipe, architecture, files, None)
    language = folder / recipe.files
    files["/tmp/finish-language.sh"] = (language / "finish.sh").read_bytes()
    files |= {f"/var/runtime/{path.name}": path.read_bytes() for path in sorted(language.glob("runtime/*.*"))}
    script = language / "client.sh"
    return ImagePlan(runtime, recipe, architecture, files, script.read_bytes() if script.is_file() else None)
