"""Bundles of an engine's images: written of those that are there, and loaded into an engine that has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import docker
import docker.errors
import msgspec
from msgspec import Struct

from lambda_emu.architectures import GOARCH
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.debian import INSTALL_OTHERS, may_run
from lambda_emu.sandbox.building.tool_runner import Progress
from lambda_emu.sandbox.bundle.clients import Clients
from lambda_emu.sandbox.bundle.layers import Pieces
from lambda_emu.sandbox.bundle.manifest import BadBundle, BundledImage, Imported
from lambda_emu.sandbox.bundle.reader import BundleReader, open_bundle
from lambda_emu.sandbox.bundle.writer import BundleWriter, write_whole
from lambda_emu.sandbox.docker.client import engine_errors, inspect_image
from lambda_emu.sandbox.docker.images import Images

LOAD_LIMIT_S = 600
"""How long an engine may say nothing while it takes an image in, or gives one out."""


class Bundles:
    """Of one engine, whose client is for this alone."""

    def __init__(self, client: docker.DockerClient, images: Images, clients: Clients) -> None:
        client.api.timeout = LOAD_LIMIT_S
        self._api: Any = client.api
        self._images = images
        self._clients = clients

    def present(self, architecture: str) -> list[str]:
        """The runtimes that have an image, AWS's or ours."""
        return [one.runtime.identifier for one in self._images.status(architecture) if one.image is not None]

    def export(self, path: Path, runtimes: Sequence[str], architecture: str, progress: Progress) -> list[str]:
        """Write the images of these runtimes, and return their names. SandboxError; then there is no file."""
        names = {runtime: self._images.get(runtime, architecture) for runtime in dict.fromkeys(runtimes)}
        with write_whole(path) as file, BundleWriter(file, path.parent) as bundle:
            for runtime, name in names.items():
                progress(f"packing {name}")
                with engine_errors(f"saving {name}"):
                    bundle.add_image(name, runtime, architecture, Pieces(self._api.get_image(name)))
                self._clients.add(bundle, runtime, architecture)
        return list(names.values())

    def load(self, path: Path, progress: Progress) -> Iterator[Imported]:
        """Hand its images to the engine, once all of it is found to be whole. BadBundle, SandboxError.

        Those that the engine has are not handed over: an import that was given up goes on.
        """
        with open_bundle(path) as bundle:
            bundle.verify(progress)
            layers = [_layers_of(path, image, bundle.config(image)) for image in bundle.manifest.images]
            for image, of_image in zip(bundle.manifest.images, layers, strict=True):
                yield self._load(bundle, image, of_image, progress)
            yield from self._clients.take(bundle, progress)

    def _load(self, bundle: BundleReader, image: BundledImage, layers: list[str], progress: Progress) -> Imported:
        refused = self._refusal(bundle, image)
        if refused is not None:
            return Imported(image.name, refused=refused)
        if self._layers(image.name) == layers:
            return Imported(image.name, was_there=True)
        progress(f"handing {image.name} to the engine")
        with engine_errors(f"loading {image.name}"):
            for said in self._api.load_image(bundle.save(image)):
                if "error" in said:
                    raise SandboxError(f"loading {image.name}: {said['error']}")
        if self._layers(image.name) != layers:
            raise SandboxError(f"loading {image.name}: the engine has not taken it")
        self._images.use(image.runtime, image.architecture)  # for the engine it is as old as it is
        return Imported(image.name)

    def _refusal(self, bundle: BundleReader, image: BundledImage) -> str | None:
        """Why nothing here would run on it, if so. No image gets a name that is not a runtime's."""
        names = self._images.names(image.runtime, image.architecture)
        if not names:
            return f"this lambda-emu has no runtime {image.runtime}"
        if image.name not in names:
            return (
                f"this lambda-emu makes its image of {image.runtime} by another recipe than lambda-emu "
                f"{bundle.manifest.made_by} did; export it again with the version that is here"
            )
        if not self._may_run(image.architecture):
            return f"the engine's machine does not run {image.architecture} programs; as root: {INSTALL_OTHERS}"
        return None

    def _may_run(self, architecture: str) -> bool:
        """On the engine's machine; what this one can run beside its own counts for an engine that is here."""
        with engine_errors("asking for the engine's processor"):
            own = self._api.version()["Arch"] == GOARCH[architecture]
        return own or may_run(architecture)

    def _layers(self, name: str) -> list[str] | None:
        image = inspect_image(self._api, name)
        return None if image is None else list(image["RootFS"]["Layers"])


def _layers_of(path: Path, image: BundledImage, config: bytes) -> list[str]:
    """The layers of an image by what it says itself. BadBundle where that is not what the bundle says."""
    try:
        told = msgspec.json.decode(config, type=_Config)
    except (ValueError, RecursionError) as error:
        raise BadBundle(path, f"has an image {image.name} that cannot be read ({error})") from error
    if told.architecture != GOARCH.get(image.architecture):
        raise BadBundle(path, f"has an image {image.name} that is for another processor than it says")
    return told.rootfs.diff_ids


class _RootFS(Struct, frozen=True):
    diff_ids: list[str]


class _Config(Struct, frozen=True):
    """What we look at of an image's own description."""

    architecture: str
    rootfs: _RootFS
