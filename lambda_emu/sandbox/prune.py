"""Ends what emulators that are gone left behind: containers that never started, and those of a lost machine."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_emu.sandbox import docker
from lambda_emu.sandbox.leases import is_alive


@dataclass(frozen=True, slots=True)
class Pruned:
    """A container that was removed."""

    id: str
    session: str
    status: str


def prune(everything: bool = False) -> list[Pruned]:
    """Remove containers whose emulator no longer runs; with `everything`, those of running emulators too.

    Returns what was removed. SandboxError if no engine answers.
    """
    client = docker.connect()
    try:
        removed = []
        with docker.engine_errors("looking for left containers"):
            found = client.api.containers(all=True, filters={"label": docker.SESSION_LABEL})
        for container in found:
            labels = container["Labels"]
            if everything or not is_alive(labels.get(docker.OWNER_LABEL, "")):
                docker.remove(client, container["Id"])
                removed.append(Pruned(container["Id"][:12], labels[docker.SESSION_LABEL], container["Status"]))
        return removed
    finally:
        client.close()
