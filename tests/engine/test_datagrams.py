"""Datagrams that code inside sends to loopback: the emulator takes them at the ports it asks for."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from init_rig import LIMIT_S
from own import own_emulator

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.sandbox.base import RUNTIME_ROLE, Program, Sandbox, StemKind
from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.ports import bind_inside
from lambda_emu.server import Emulator

KIND = StemKind("python3.11", HOST_ARCHITECTURE, tmp_mb=512)
PATH = {"PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin"}
SEND = """
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"a segment", (sys.argv[1], int(sys.argv[2])))
time.sleep(1000)
"""


@contextmanager
def taking(emulator: Emulator, *, shared: bool) -> Iterator[tuple[Sandbox, socket.socket]]:
    """A new sandbox, and what takes the datagrams that are sent inside to port 2000."""

    async def make() -> tuple[Sandbox, socket.socket]:
        await emulator.engine.prepare(KIND.runtime, KIND.architecture)
        sandbox = await emulator.engine.create(KIND)
        assert isinstance(sandbox.init, LocalLink)
        return sandbox, await bind_inside(sandbox.init, 2000, seed=sandbox.token, shared=shared)

    sandbox, taken = emulator.loop.run(make(), 60)
    try:
        yield sandbox, taken
    finally:
        emulator.loop.run(sandbox.destroy(), 60)
    assert taken.fileno() == -1


def sent_to(emulator: Emulator, sandbox: Sandbox, taken: socket.socket) -> bytes:
    """What comes of a program inside that sends to where datagrams are taken."""
    host, port = taken.getsockname()
    program = Program(["python3", "-c", SEND, host, str(port)], PATH, "/")
    emulator.loop.ask(lambda: sandbox.init.start(RUNTIME_ROLE, program), 5)
    assert select.select([taken], [], [], LIMIT_S)[0], "nothing came"
    return taken.recv(65536)


def test_what_code_sends_to_a_port_of_loopback_is_the_emulators(emulator: Emulator) -> None:
    """On a network of its own at 127.0.0.1, else at an address of loopback that is the environment's own."""
    shared = not emulator.engine.abilities.isolates_network

    with taking(emulator, shared=shared) as (first, one), taking(emulator, shared=shared) as (second, other):
        assert (one.getsockname() == ("127.0.0.1", 2000)) is not shared
        assert sent_to(emulator, first, one) == sent_to(emulator, second, other) == b"a segment"


def test_so_it_is_where_each_environment_has_a_network_of_its_own(tmp_path: Path) -> None:
    with (
        own_emulator(tmp_path, "process", network="none") as lam,
        taking(lam.emulator, shared=False) as (first, one),
        taking(lam.emulator, shared=False) as (second, other),
    ):
        assert one.getsockname() == other.getsockname() == ("127.0.0.1", 2000)
        assert sent_to(lam.emulator, first, one) == sent_to(lam.emulator, second, other) == b"a segment"


@pytest.mark.docker
def test_so_it_is_in_containers_that_reach_nothing(tmp_path: Path) -> None:
    with (
        own_emulator(tmp_path, "docker", docker_network="none") as lam,
        taking(lam.emulator, shared=False) as (
            sandbox,
            taken,
        ),
    ):
        assert sent_to(lam.emulator, sandbox, taken) == b"a segment"
