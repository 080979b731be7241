"""Ends what emulators that are gone left behind, containers and folders, and removes images that nobody uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from lambda_emu.clock import Clock
from lambda_emu.sandbox.building.leftovers import remove_leftovers
from lambda_emu.sandbox.docker import client as docker
from lambda_emu.sandbox.docker import volumes
from lambda_emu.sandbox.docker.images import Images
from lambda_emu.sandbox.docker.kept_images import remove_unused
from lambda_emu.sandbox.temporary import remove_left


class Pruned(Struct, frozen=True):
    """What was removed. id: of a container or image, or the path of a folder; only containers have a session."""

    id: str
    session: str
    status: str


def prune(cache: Path, everything: bool = False, other_images: bool = False) -> Iterator[Pruned]:
    """Remove folders and containers whose emulator no longer runs; with `everything`, containers of running ones too.

    Images that we built and nobody has run for two weeks go as well, with `other_images` all that are not by our own
    recipes, and what was pulled from the registry of an emulator that no longer answers. cache: where downloads are
    kept. Yields what was removed. SandboxError if no engine answers; folders need none.
    """
    for path in [*remove_left(), *remove_leftovers(cache, Clock().now_s())]:
        yield Pruned(str(path), "", "folder")
    client = docker.connect()
    try:
        for left in docker.find_left(client, everything):
            docker.remove(client, left["Id"])
            yield Pruned(left["Id"][:12], left["Labels"][docker.SESSION_LABEL], left["Status"])
        for image in volumes.remove_left(client):
            yield Pruned(image, "", "image")
        for image in Images(client).prune(others=other_images):
            yield Pruned(image, "", "image")
        for image in remove_unused(client.api, Clock().now_s(), however_new=other_images):
            yield Pruned(image, "", "image")
    finally:
        client.close()
