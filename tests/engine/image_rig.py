"""Images as a test uses them: the ones of this machine, and programs run inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from lambda_emu.config import load_settings
from lambda_emu.sandbox.images import Images

LABEL = "lambda-emu.test"


@dataclass(frozen=True)
class Ended:
    """How a program in a container ended, and all it printed."""

    code: int
    output: str


class ImageRig:
    """The engine, and images that are built once and kept in the user's own cache, as `serve` does it."""

    def __init__(self) -> None:
        self.client = docker.from_env()
        self.cache = load_settings({}, environ={}).cache_dir

    def images(self, cache: Path | None = None) -> Images:
        return Images(self.client, cache or self.cache, pull=False)

    def image(self, runtime: str) -> str:
        return self.images().ensure(runtime, "x86_64", print)

    def run(self, runtime: str, *argv: str, entrypoint: str | None = None, **options: Any) -> Ended:
        """Run a program as Lambda would: read-only, as its user, without privileges."""
        container = self.client.containers.run(
            self.image(runtime),
            list(argv),
            entrypoint=entrypoint,
            user="993:990",
            read_only=True,
            network_mode="none",
            cap_drop=["ALL"],
            labels={LABEL: ""},
            detach=True,
            **options,
        )
        try:
            code = container.wait(timeout=60)["StatusCode"]
            return Ended(code, container.logs().decode())
        finally:
            container.remove(force=True)

    def tags(self, prefix: str) -> list[str]:
        return [tag for image in self.client.images.list() for tag in image.tags if tag.startswith(prefix)]

    def forget(self, *names: str) -> None:
        for name in names:
            try:
                self.client.images.remove(name, force=True)
            except docker.errors.ImageNotFound:
                continue
