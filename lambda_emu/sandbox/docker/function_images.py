"""The images that functions are packaged as: what the engine has, what can be pulled, and how each starts.

Which image a URI means is settled once; from then on it goes by the engine's own id of it, whatever its tag does.
docs/contract/runtime.md#images.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from threading import Event
from typing import Any

import docker
import docker.errors
from msgspec import Struct

from lambda_emu.architectures import GOARCH
from lambda_emu.arn import FunctionId
from lambda_emu.model.function.function import ContainerImage
from lambda_emu.model.function.image_package import DOCKER_HUB, FoundImage, PushedImage, registry_of, repository_of
from lambda_emu.sandbox.base import ImageDenied, ImageInvalid, Program, SandboxError
from lambda_emu.sandbox.docker.client import engine_errors, inspect_image
from lambda_emu.sandbox.docker.pulls import pull, registry_answers
from lambda_emu.sandbox.docker.volumes import without_volumes

log = logging.getLogger(__name__)

Call = Callable[..., Awaitable[Any]]

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What Docker gives a container whose image has none."""

LOCAL = ("localhost", "127.")
"""Registries of this machine need not speak TLS."""

DENIALS = ("denied", "unauthorized", "authentication", "no basic auth credentials")
"""Docker Hub alone says this of what is not there too."""


class Defaults(Struct, frozen=True):
    """What an image says of how it is started."""

    entry_point: tuple[str, ...]
    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    has_volumes: bool


class FunctionImages:
    """Called on the loop; what blocks goes through `call`, to a thread of the engine's. pull: ask registries.

    make: as `call`, for what takes minutes. labels: of images that are made here.
    """

    def __init__(
        self, client: docker.DockerClient, call: Call, make: Call, labels: Mapping[str, str], *, pull: bool
    ) -> None:
        self._api: Any = client.api
        self._labels = labels
        self._call = call
        self._make = make
        self._pull = pull
        self.find_pushed: Callable[[str, FunctionId], PushedImage | None] = _none_is_pushed
        """By URI, what was pushed to our registry, which goes before what the engine has; it blocks. ImageDenied."""
        self._closing = Event()
        self._defaults: dict[str, Defaults] = {}  # by id

    async def find(self, uri: str, architecture: str, function: FunctionId) -> FoundImage | None:
        pushed = await self._call(self.find_pushed, uri, function)
        seen = await self._call(inspect_image, self._api, uri if pushed is None else _pulled_name(pushed))
        return None if seen is None else self._found(seen, uri, architecture, pushed and pushed.digest)

    async def prepare(self, image: ContainerImage, architecture: str, function: FunctionId) -> FoundImage:
        """The very image that was found before; if none was, what its URI means now."""
        seen = await self._call(inspect_image, self._api, image.id) if image.id else None
        if seen is not None:
            return self._found(seen, image.uri, architecture, image.digest)
        pushed = await self._call(self.find_pushed, _as_found(image), function)
        name = image.uri if pushed is None else _pulled_name(pushed)
        if not image.id:
            seen = await self._call(inspect_image, self._api, name)
        if seen is None and pushed is not None:
            seen = await self._make(self._take_pushed, pushed, architecture)
        if seen is None:
            seen = await self._make(self._take, image, architecture)
        return self._found(seen, image.uri, architecture, pushed and pushed.digest)

    async def look_at(self, id: str) -> str:
        """Learn how sandboxes of this image start. Returns what they are made of; ImageInvalid if it was removed."""
        defaults = self._defaults.get(id)
        if defaults is None or defaults.has_volumes:
            seen = await self._call(inspect_image, self._api, id)
            if seen is None:
                raise ImageInvalid(
                    f"the engine no longer has image {id}; build it again and update the function's code"
                )
            defaults = self._defaults[id] = _defaults(seen)
            if defaults.has_volumes:
                made: str = await self._call(without_volumes, self._api, seen, self._labels)
                return made
        return id

    @property
    def has_made_images(self) -> bool:
        """Whether there may be some of ours."""
        return any(defaults.has_volumes for defaults in self._defaults.values())

    def program(self, image: ContainerImage) -> Program | None:
        """Of an image that was looked at: each of the function's settings replaces one of the image."""
        defaults, config = self._defaults[image.id], image.config
        argv = [*(config.entry_point or defaults.entry_point), *(config.command or defaults.command)]
        if not argv:
            return None
        return Program(argv, defaults.environment, config.working_directory or defaults.directory)

    def close(self) -> None:
        """Give up what is being pulled, at once."""
        self._closing.set()

    def _found(self, seen: Mapping[str, Any], uri: str, architecture: str, digest: str | None) -> FoundImage:
        """digest: where it is known."""
        if seen["Architecture"] != GOARCH[architecture]:
            raise ImageInvalid(
                f"image {uri} is made for {seen['Architecture']}, and the function asks for {architecture}: "
                f"`docker build --platform linux/{GOARCH[architecture]} -t {uri} .`, or set Architectures"
            )
        self._defaults[seen["Id"]] = _defaults(seen)
        return FoundImage(seen["Id"], digest or _digest(seen, repository_of(uri)))

    # -- on workers -------------------------------------------------------------------------------

    def _take_pushed(self, pushed: PushedImage, architecture: str) -> Mapping[str, Any]:
        """From our own registry, whatever `pull_images` says."""
        name = _pulled_name(pushed)
        login = {"username": "AWS", "password": pushed.password}
        with engine_errors(f"pulling {name}"):
            pull(self._api, name, architecture, self._closing, lambda line: log.info("%s: %s", name, line), login)
        seen = inspect_image(self._api, name)
        if seen is None:
            raise _missing(name, "and its pull was given up")
        return seen

    def _take(self, image: ContainerImage, architecture: str) -> Mapping[str, Any]:
        """The image from its registry; by its digest, if that is known."""
        uri, registry = image.uri, registry_of(image.uri)
        if not self._pull:
            raise _missing(uri, "and none is pulled")
        if not registry.startswith(LOCAL) and not registry_answers(f"https://{registry}/v2/"):
            raise _missing(uri, f"and {registry} does not answer")
        name = f"{repository_of(uri)}@sha256:{image.digest}" if image.id else _with_tag(uri)
        log.warning("pulling %s, which may take minutes", name)
        try:
            with engine_errors("pulling it"):
                pull(self._api, name, architecture, self._closing, lambda line: log.info("%s: %s", name, line))
        except SandboxError as error:
            raise refusal(uri, str(error)) from error
        seen = inspect_image(self._api, name)
        if seen is None:
            raise _missing(uri, "and its pull was given up")
        return seen


def _none_is_pushed(_: str, __: FunctionId) -> None:
    """Until there is a registry."""


def _pulled_name(pushed: PushedImage) -> str:
    return f"{pushed.name}@sha256:{pushed.digest}"


def _as_found(image: ContainerImage) -> str:
    """The URI of the very image that was found before, whatever its tag means now."""
    return f"{repository_of(image.uri)}@sha256:{image.digest}" if image.id else image.uri


def refusal(uri: str, why: str) -> SandboxError:
    """What a registry said, by whose fault it is."""
    if registry_of(uri) != DOCKER_HUB and any(denial in why.lower() for denial in DENIALS):
        return ImageDenied(
            f"image {uri} may not be pulled: {why}; `docker login {registry_of(uri)}`, then update the function's code"
        )
    return _missing(uri, f"nor to be had: {why}")


def _missing(uri: str, why: str) -> ImageInvalid:
    return ImageInvalid(
        f"image {uri} is not here, {why}; `docker build -t {uri} .` or `docker pull {uri}`, "
        "then update the function's code"
    )


def _with_tag(uri: str) -> str:
    """Docker would pull every tag of a repository."""
    return uri if uri != repository_of(uri) else f"{uri}:latest"


def _digest(seen: Mapping[str, Any], repository: str) -> str:
    """Of the image in its registry; of one that was only ever built here, the engine's own."""
    for name in seen.get("RepoDigests") or ():
        of, _, digest = name.partition("@sha256:")
        if of == repository:
            return str(digest)
    return str(seen["Id"]).removeprefix("sha256:")


def _defaults(seen: Mapping[str, Any]) -> Defaults:
    config = seen["Config"] or {}
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or ())
    return Defaults(
        tuple(config.get("Entrypoint") or ()),
        tuple(config.get("Cmd") or ()),
        config.get("WorkingDir") or "/",
        {"PATH": PATH} | variables,
        bool(config.get("Volumes")),
    )
