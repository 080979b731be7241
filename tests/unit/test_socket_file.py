"""The socket of a sandbox: called once, wherever its folder is, and no reason to fail where none can be."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_emu.sandbox.init.frames import PROTOCOL
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.socket_file import NAME, SocketFile

CGROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))


@pytest.fixture
def without_sockets() -> Iterator[Path]:
    """A folder to be made on a file system that holds none."""
    found = next((path for path in CGROUPS if os.access(path, os.W_OK) and path.is_mount()), None)
    if found is None:
        pytest.skip("there is no file system without sockets here that we may write to")
    folder = found / f"lambda-emu-test-{os.getpid()}"
    yield folder
    folder.rmdir()


def test_one_is_let_in_and_then_the_socket_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)  # longer than an address holds
    folder.mkdir()

    async def body() -> None:
        file, acceptor = SocketFile(folder / "line"), InitAcceptor()
        assert file.make()
        assert stat.S_IMODE((file.folder / NAME).stat().st_mode) == 0o666
        arriving = acceptor.expect("secret", 5)
        here = os.open(file.folder, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            first.connect(f"/proc/self/fd/{here}/{NAME}")
            first.sendall(b"\0\0\0\0\x08H\0" + bytes((PROTOCOL, 1)) + b"secret")
            file.let_in(acceptor)

            link = await arriving

            assert isinstance(link, LocalLink)
            assert link.uid == os.geteuid()
            assert not (file.folder / NAME).exists()
            with pytest.raises(FileNotFoundError):
                second.connect(f"/proc/self/fd/{here}/{NAME}")
            link.close()
        os.close(here)
        await asyncio.sleep(0)

    asyncio.run(body())


def test_where_no_socket_can_be_it_is_told_and_nobody_is_waited_for(without_sockets: Path) -> None:
    async def body() -> None:
        file = SocketFile(without_sockets)

        assert not file.make()

        file.let_in(InitAcceptor())
        await asyncio.sleep(0.01)
        file.close()

    asyncio.run(body())
