"""Functions packaged as images, where there is no container engine."""

from __future__ import annotations

from typing import NoReturn

from lambda_emu.model.function.function import ContainerImage
from lambda_emu.sandbox.base import ImageInvalid


class NoImages:
    """Has none and can get none."""

    async def find(self, uri: str, architecture: str) -> None:
        return None

    async def prepare(self, image: ContainerImage, architecture: str) -> NoReturn:
        raise ImageInvalid(
            f"{image.uri} needs Docker; functions packaged as images do not run as processes of this machine: "
            "start Docker, then lambda-emu with --engine docker"
        )

    def program(self, image: ContainerImage) -> None:
        return None
