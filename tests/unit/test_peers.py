"""Who has the other end of a connection within this machine: real sockets, the real kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lambda_emu.sandbox.init.peers import End, SocketHolder, holder_of, search_list

WAYS = [holder_of, search_list]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection; the second was accepted."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        yield client, stack.enter_context(server.accept()[0])


@pytest.mark.parametrize("way", WAYS)
def test_the_holder_of_the_other_end_is_told(
    pair: tuple[socket.socket, socket.socket], way: Callable[[End, End], SocketHolder | None]
) -> None:
    client, accepted = pair

    found = way(accepted.getpeername(), accepted.getsockname())

    assert found == SocketHolder(os.geteuid(), os.fstat(client.fileno()).st_ino)


@pytest.mark.parametrize("way", WAYS)
def test_of_no_connection_there_is_no_holder(
    pair: tuple[socket.socket, socket.socket], way: Callable[[End, End], SocketHolder | None]
) -> None:
    client, accepted = pair
    host, port = accepted.getpeername()

    assert way((host, port), ("127.0.0.2", 1)) is None
    client.close()
    left = way((host, port), accepted.getsockname())
    assert left is None or left.inode == 0
