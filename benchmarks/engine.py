"""The engine by its own command line, as the reference `docker run` is one. Every container carries our label."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

CACHE = Path.home() / ".cache" / "lambda-emu" / "bench"
"""What rows fetched or made once."""
LABEL = "lambda-emu.bench"
OWNER_LABEL = "lambda-emu.owner"
"""The server's own, on each of its containers: host:pid:start."""


def docker(*words: str) -> str:
    """What a docker command printed. CalledProcessError if it failed; its complaint is on our stderr."""
    return subprocess.run(["docker", *words], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def started(image: str, options: Sequence[str], argv: Sequence[str]) -> str:
    """Start a container of ours in the background; its id."""
    return docker("run", "--detach", "--rm", "--label", f"{LABEL}={os.getpid()}", *options, image, *argv)


def run_true_ms(image: str) -> float:
    """Milliseconds of `docker run --rm IMAGE true`, the image's own entrypoint left out."""
    begun_s = perf_counter()
    docker("run", "--rm", "--label", f"{LABEL}={os.getpid()}", "--entrypoint", "true", image)
    return (perf_counter() - begun_s) * 1000


def containers_of(pid: int) -> int:
    """How many containers the server with this process id has, from their creation to their removal."""
    owners = docker("ps", "--all", "--format", f'{{{{.Label "{OWNER_LABEL}"}}}}').splitlines()
    return sum(owner.split(":")[1:2] == [str(pid)] for owner in owners)


def remove_containers() -> None:
    """Remove the containers of this run, and of runs that were killed."""
    listed = docker("ps", "--all", "--filter", f"label={LABEL}", "--format", f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}')
    for line in listed.splitlines():
        container, _, pid = line.partition(" ")
        if int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists():
            docker("rm", "--force", container)
