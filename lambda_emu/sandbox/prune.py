"""Ends what emulators that are gone left behind: containers that never started, of a lost machine, and folders."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lambda_emu.sandbox.docker import client as docker
from lambda_emu.sandbox.docker import volumes
from lambda_emu.sandbox.temporary import remove_left


class Pruned(Struct, frozen=True):
    """What was removed. id: of a container or image, or the path of a folder; only containers have a session."""

    id: str
    session: str
    status: str


def prune(everything: bool = False) -> Iterator[Pruned]:
    """Remove folders and containers whose emulator no longer runs; with `everything`, containers of running ones too.

    Yields what was removed. SandboxError if no engine answers; folders need none.
    """
    yield from (Pruned(str(path), "", "folder") for path in remove_left())
    client = docker.connect()
    try:
        for left in docker.find_left(client, everything):
            docker.remove(client, left["Id"])
            yield Pruned(left["Id"][:12], left["Labels"][docker.SESSION_LABEL], left["Status"])
        for image in volumes.remove_left(client):
            yield Pruned(image, "", "image")
    finally:
        client.close()
