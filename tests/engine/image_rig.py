"""Images as a test uses them: the ones of this machine, and programs run inside."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import docker.errors
from packages import cache_dir

from lambda_emu.clock import Clock
from lambda_emu.runtimes import Catalogue, catalogue
from lambda_emu.sandbox.building.image_plan import plan_image
from lambda_emu.sandbox.docker.image_builder import ImageBuilder
from lambda_emu.sandbox.docker.images import Images

LABEL = "lambda-emu.test"
BUILD = """
import sys
from pathlib import Path
import docker
from lambda_emu.runtimes import Catalogue
from lambda_emu.sandbox.docker.image_builder import ImageBuilder
from lambda_emu.sandbox.docker.images import Images
cache, catalogue, runtime = sys.argv[1:]
client = docker.from_env()
builder = ImageBuilder(client, Images(client, Catalogue(Path(catalogue))), Path(cache))
print(builder.ensure(runtime, "x86_64", lambda line: print(line, flush=True)))
"""


@dataclass(frozen=True)
class Ended:
    """How a program in a container ended, and all it printed."""

    code: int
    output: str


class ImageRig:
    """The engine, and images that are built once and kept in the user's own cache, as `serve` does it."""

    def __init__(self) -> None:
        self.client = docker.from_env()
        self.cache = cache_dir()
        self._standing: dict[str, Any] = {}

    def images(self) -> Images:
        return Images(self.client)

    def builder(self) -> ImageBuilder:
        return ImageBuilder(self.client, self.images(), self.cache)

    def own(self, folder: Path, parts: Mapping[str, Any] | None = None) -> Own:
        """A runtime of one test's own, the quickest to build: others use the engine too, and the same names.

        parts: what its image has besides Debian's packages, as a recipe says it.
        """
        return Own(self, folder, f"provided.{uuid4().hex[:8]}", parts or {})

    def image(self, runtime: str) -> str:
        return self.builder().ensure(runtime, "x86_64", print)

    def run(self, runtime: str, *argv: str, entrypoint: str | None = None, **options: Any) -> Ended:
        """Run a program as Lambda would: read-only, as its user, without privileges."""
        container = self._start(runtime, *argv, entrypoint=entrypoint, **options)
        try:
            code = container.wait(timeout=60)["StatusCode"]
            return Ended(code, container.logs().decode())
        finally:
            container.remove(force=True)

    def execute(self, runtime: str, *argv: str, **environment: str) -> Ended:
        """Run a program in a container of that image that stays until all is closed, which is quicker."""
        if runtime not in self._standing:
            self._standing[runtime] = self._start(runtime, "600", entrypoint="sleep")
        code, output = self._standing[runtime].exec_run(list(argv), user="993:990", environment=environment)
        return Ended(code, output.decode())

    def close(self) -> None:
        for container in self._standing.values():
            container.remove(force=True)
        self.client.close()

    def _start(self, runtime: str, *argv: str, **options: Any) -> Any:
        return self.client.containers.run(
            self.image(runtime),
            list(argv),
            user="993:990",
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            labels={LABEL: ""},
            detach=True,
            **options,
        )

    def tags(self, prefix: str) -> list[str]:
        found = self.client.api.images()  # at once, where `images.list` would ask for each
        return [tag for image in found for tag in image["RepoTags"] or () if tag.startswith(prefix)]

    def forget(self, *names: str) -> None:
        for name in names:
            try:
                self.client.images.remove(name, force=True)
            except docker.errors.ImageNotFound:
                continue


@dataclass(frozen=True)
class Own:
    """A custom runtime that one test alone knows. folder: where its catalogues and its cache are."""

    rig: ImageRig
    folder: Path
    runtime: str
    parts: Mapping[str, Any]

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def aws_image(self) -> str:
        return f"public.ecr.aws/lambda/{self.runtime.replace('.', ':')}"

    @property
    def tag_prefix(self) -> str:
        """What the names of its images begin with."""
        return f"lambda-emu/{self.runtime.replace('.', ':')}-"

    def images(self, recipe: str = "", clock: Clock | None = None) -> Images:
        """Images of a checkout whose recipe is its own, for any two different words."""
        return Images(self.rig.client, self._catalogue(recipe), clock)

    def builder(self, recipe: str = "", clock: Clock | None = None) -> ImageBuilder:
        """What builds those."""
        return ImageBuilder(self.rig.client, self.images(recipe, clock), self.cache)

    def command(self, cache: Path | None = None) -> list[str]:
        """What builds its image, or finds that it is there, in a process of its own."""
        return [sys.executable, "-c", BUILD, str(cache or self.cache), str(self._catalogue("").folder), self.runtime]

    def labelled(self) -> list[str]:
        """The ids of all its images, with and without a name."""
        return [image["Id"] for image in self.rig.client.api.images(filters={"label": self._label})]

    def load_old(self, recipe: str) -> str:
        """An image of this recipe that was made long ago, though not here. Returns its name."""
        return self._load(recipe, datetime(2020, 1, 1, tzinfo=UTC))

    def load_new(self, recipe: str) -> str:
        """One that was made just now."""
        return self._load(recipe, datetime.now(UTC))

    @property
    def _label(self) -> str:
        return f"lambda-emu.image={self.runtime}-x86_64"

    def _load(self, recipe: str, made: datetime) -> str:
        runtimes = self._catalogue(recipe)
        runtime = runtimes.get(self.runtime)
        assert runtime is not None
        assert runtime.recipe is not None
        name = plan_image(runtime, runtime.recipe, "x86_64", runtimes.folder).tag
        label, _, value = self._label.partition("=")
        config = {"Labels": {label: value}, "Env": [f"RECIPE={recipe}"]}
        image = {"architecture": "amd64", "os": "linux", "created": f"{made:%Y-%m-%dT%H:%M:%SZ}", "config": config}
        self.rig.client.images.load(saved(name, image))
        return name

    def _catalogue(self, recipe: str) -> Catalogue:
        folder = self.folder / f"runtimes {recipe}"
        if not folder.is_dir():
            (folder / "image").mkdir(parents=True)
            shutil.copytree(catalogue().folder / "image", folder / "image", dirs_exist_ok=True)
            with (folder / "image/finish.sh").open("a") as script:
                script.write(f"# {recipe}\n")
            image = self.runtime.replace(".", ":")
            made_of = {"suite": "trixie", "packages": [], "parts": self.parts}
            facts = {"image": image, "build": 1, "os": "al2", "recipe": made_of}
            family = {"family": "provided", "runtimes": {self.runtime: facts}}
            (folder / "provided.yaml").write_text(json.dumps(family))  # YAML, too
        return Catalogue(folder)


def saved(name: str, image: Mapping[str, Any]) -> bytes:
    """An image with one empty layer, as `docker save` would write it."""
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{sha256(layer.getvalue()).hexdigest()}"]}
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {
        "config.json": json.dumps({**image, "rootfs": rootfs, "history": [{"created": image["created"]}]}).encode(),
        "layer.tar": layer.getvalue(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()
