"""Ends what emulators that are gone left behind: containers that never started, and those of a lost machine."""

from __future__ import annotations

from dataclasses import dataclass

from lambda_emu.sandbox import docker


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
        left = docker.remove_left(client, everything)
        return [Pruned(c["Id"][:12], c["Labels"][docker.SESSION_LABEL], c["Status"]) for c in left]
    finally:
        client.close()
