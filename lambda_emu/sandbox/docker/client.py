"""The border to Docker: the client that asks the engine, and what it raises, which becomes SandboxError."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import docker.errors
import requests
from docker.utils import kwargs_from_env

from lambda_emu.sandbox.base import NoEngine, SandboxError
from lambda_emu.sandbox.leases import is_alive

log = logging.getLogger(__name__)

LOCAL = "unix:///var/run/docker.sock"
SESSION_LABEL = "lambda-emu.session"
OWNER_LABEL = "lambda-emu.owner"
PROCESSES_LABEL = "lambda-emu.processes"
CALL_LIMIT_S = 60
HELLO_LIMIT_S = 15
"""How long its first words may take: who does not say them is not there, and `auto` goes on without."""
ENGINE_THREADS = 32
"""That call it at once, each by a connection of its own."""
NO_ACCESS = "this user may not ask it (not in the group docker?)"
UNSEEN = "bind source path does not exist"
"""What the engine says of a folder of ours that is not on its machine."""
SAME_PATH = (
    "The engine has to see that path as well: where lambda-emu runs in a container, its data directory, and TMPDIR for "
    "what is temporary, are mounted at the same path inside and outside."
)


class ImageGone(SandboxError):
    """Somebody removed an image that was there."""


@contextmanager
def engine_errors(what: str, *, first: bool = False) -> Iterator[None]:
    """What the engine or the way to it raises, as SandboxError saying what was tried. first: as NoEngine."""
    kind = NoEngine if first else SandboxError
    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise ImageGone(f"{what}: the image is gone: {error.explanation}") from error
    except docker.errors.APIError as error:
        said = str(error.explanation or error)
        raise kind(f"{what}: {said}{f'. {SAME_PATH}' if UNSEEN in said else ''}") from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise kind(f"{what}: the Docker engine does not answer: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What the system said first, without the libraries' words around it."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, PermissionError):
            return NO_ACCESS
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)


def _address() -> str:
    """Where the engine is asked, as its users write it."""
    try:
        return str(kwargs_from_env().get("base_url", LOCAL))
    except docker.errors.DockerException:  # certificates that are not there; told when they are used
        return "DOCKER_HOST"


def connect() -> docker.DockerClient:
    """The engine that DOCKER_HOST names, or the local one. NoEngine if none answers."""
    with engine_errors(f"connecting to Docker at {_address()}", first=True):
        client = docker.from_env(timeout=HELLO_LIMIT_S, max_pool_size=ENGINE_THREADS)
        with closed_on_failure(client):
            client.ping()
        client.api.timeout = CALL_LIMIT_S
        return client


@contextmanager
def closed_on_failure(client: docker.DockerClient) -> Iterator[None]:
    """If the block fails its connections end; they would stay for as long as Python keeps it."""
    try:
        yield
    except BaseException:
        client.close()
        raise


def inspect_image(api: Any, name: str) -> dict[str, Any] | None:
    """What the engine says of an image; None if it has none of this name."""
    with engine_errors(f"looking for image {name}"):
        try:
            return dict(api.inspect_image(name))
        except docker.errors.ImageNotFound:
            return None


def remove(client: docker.DockerClient, container: str) -> None:
    """Kill and remove a container; one that is gone, or going, is fine."""
    with engine_errors(f"removing container {container[:12]}"):
        try:
            client.api.remove_container(container, v=True, force=True)
        except docker.errors.APIError as error:
            if error.status_code not in (404, 409):
                raise


def try_to_remove(client: docker.DockerClient, container: str) -> None:
    """Remove one that is not needed; if the engine cannot, that is told and nothing else waits for it."""
    try:
        remove(client, container)
    except SandboxError as error:
        log.warning("%s; `lambda-emu prune` tries again", error)


def find_left(client: docker.DockerClient, everything: bool = False) -> list[dict[str, Any]]:
    """What the engine says of containers whose emulator no longer runs, or of all of ours."""
    with engine_errors("looking for left containers"):
        found = client.api.containers(all=True, filters={"label": OWNER_LABEL})
    return [c for c in found if everything or not has_owner(c["Labels"])]


def has_owner(labels: Mapping[str, str]) -> bool:
    """Whether the emulator that gave them runs."""
    return is_alive(labels[OWNER_LABEL], labels.get(PROCESSES_LABEL, ""))
