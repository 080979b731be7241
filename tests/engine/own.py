"""Emulators of a test's own: in this process with a clock to move, or as `lambda-emu serve` to be killed."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import gethostname
from typing import Any
from urllib.request import Request, urlopen

import pytest
from lam import ROLE, Lam, client

from lambda_emu.clock import SteppingClock
from lambda_emu.config import load_settings
from lambda_emu.runtimes import Catalogue
from lambda_emu.server import Emulator

ENGINES = (pytest.param("docker", marks=pytest.mark.docker), "process")
QUICKER = (pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.slow]), "process")
"""For what knows nothing of the engine that runs the function: `make test` takes one, `make test-slow` the other."""
EITHER_ENGINE = pytest.mark.parametrize("emulator", QUICKER, indirect=True, scope="session")
"""The same where the emulator is everybody's."""
NETWORKS = (
    pytest.param(("docker", {}), id="docker", marks=pytest.mark.docker),
    pytest.param(("docker", {"docker_network": "none"}), id="docker-none", marks=pytest.mark.docker),
    pytest.param(("process", {}), id="process"),
    pytest.param(("process", {"network": "none"}), id="process-none"),
)
"""Each engine, and what settings have it in a network and without."""
IN_A_NETWORK = (
    NETWORKS[0],
    pytest.param(("docker", {"docker_network": "none"}), id="docker-none", marks=QUICKER[0].marks),
    NETWORKS[2],
    pytest.param(("process", {"network": "none"}), id="process-none", marks=pytest.mark.slow),
)
"""The same for what the network hardly matters to: `make test` takes one, `make test-slow` the other."""
SLEEPER = """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    return "done"
"""


class OwnLam(Lam):
    """boto3 against an emulator that nobody else uses."""

    clock: SteppingClock

    def describe(self) -> list[Any]:
        """All that its pool holds, stems included."""
        return self.emulator.loop.ask(self.emulator.pool.describe, 5)


@contextmanager
def own_emulator(
    folder: Path,
    engine: str,
    environ: Mapping[str, str] | None = None,
    *,
    runtimes: Catalogue | None = None,
    later_s: float = 0.0,
    **settings: Any,
) -> Iterator[OwnLam]:
    """Runs until the block ends; its data stays in the folder for the next one.

    runtimes: that images are made by. later_s: it shows so much more than the machine's time from its start on.
    """
    told = {"project": folder, "port": 0, "engine": engine, "grace_s": 0} | settings
    clock = SteppingClock()
    clock.set_wall(later_s)
    with Emulator(load_settings(told, environ or {}), clock, runtimes=runtimes) as emulator:
        lam = OwnLam(emulator)
        lam.clock = clock
        if "account" in settings:
            lam.role = f"arn:aws:iam::{settings['account']}:role/test"
        try:
            yield lam
        finally:
            lam.client.close()


class Served(Lam):
    """`lambda-emu serve` in a process of its own, and boto3 against it. Paths are relative to its project's folder."""

    def __init__(self, process: subprocess.Popen[str], url: str, folder: Path, heard_before: str = "") -> None:
        """heard_before: what it printed until it said that it serves."""
        self.heard_before = heard_before
        self.process = process
        self.url = url
        self.folder = folder
        self.client = client(url)
        self.role = ROLE
        self._names = []

    def environments(self, name: str) -> list[Any]:
        """What `lambda-emu ps` shows of a function; of stems for the empty name."""
        return [one for one in json.loads(self.page("environments")) if one["function"] == name]

    def page(self, name: str) -> bytes:
        """What one of the server's own pages says to who has its token."""
        token = (self.folder / ".lambda-emu" / "token").read_text().strip()
        asked = Request(f"{self.url}/_lambda-emu/{name}", headers={"X-Lambda-Emu-Token": token})
        with urlopen(asked, timeout=30) as answer:
            return bytes(answer.read())

    def said_more(self, word: str) -> str:
        """The next line of what it prints that has this word."""
        assert self.process.stdout is not None
        return next(line for line in self.process.stdout if word in line)

    def tree(self) -> set[tuple[int, str]]:
        """All processes that descend from it, by number and time of start."""
        parents = {number: (parent, start) for number, parent, start in processes()}
        found, look = set(), [self.process.pid]
        while look:
            above = look.pop()
            below = [number for number, (parent, _) in parents.items() if parent == above]
            found |= {(number, parents[number][1]) for number in below}
            look += below
        return found

    def containers(self) -> list[str]:
        """The containers that are its own, running or not."""
        owner = f"{gethostname()}:{self.process.pid}:"
        listed = subprocess.run(
            ["docker", "ps", "--all", "--format", '{{.ID}} {{.Label "lambda-emu.owner"}}'],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return [line.split()[0] for line in listed.stdout.splitlines() if owner in line]

    def end(self, number: int) -> int:
        """Send it a signal; its exit code, for which it has 10 s. What it said is printed if that is not 0."""
        self.process.send_signal(number)
        try:
            return self.process.wait(10)
        finally:
            if self.process.returncode != 0 and self.process.stdout is not None:
                os.set_blocking(self.process.stdout.fileno(), False)
                print(os.read(self.process.stdout.fileno(), 1 << 16).decode(errors="replace"))


def free_port() -> int:
    """One that nobody listens at, and that no connection of anybody's is given as its own end meanwhile."""
    for port in random.sample(range(20_000, 32_000), 100):  # below what Linux gives to those
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def processes() -> Iterator[tuple[int, int, str]]:
    """Number, parent and time of start of every process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            members = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if members[0] != "Z":
            yield int(folder.name), int(members[1]), members[19]


def serve(
    folder: Path, engine: str, *options: str, files: int | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Start the command on a free port; its output can be read. files: it may open no more."""
    line = [sys.executable, "-m", "lambda_emu", "serve", "--port", "0", "--engine", engine, *options]
    if files is not None:
        line = ["prlimit", f"--nofile={files}:{files}", *line]  # which becomes the command, with the same number
    return subprocess.Popen(
        line, cwd=folder, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@contextmanager
def served(folder: Path, engine: str, *options: str, files: int | None = None, **variables: str) -> Iterator[Served]:
    """The command, from its one line on until the block ends; then it is killed if it still runs."""
    process = serve(folder, engine, *options, files=files, **variables)
    assert process.stdout is not None
    said = ""
    try:
        while not (found := re.search(r"^lambda-emu serves .* on (http://\S+) ", said, re.MULTILINE)):
            line = process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        lam = Served(process, found[1], folder, said)
        try:
            yield lam
        finally:
            lam.client.close()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
