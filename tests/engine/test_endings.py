"""How the runtime ends where no extension has something to do at the end: at once, and untold.

docs/contract/runtime.md#lifecycle.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from inside import probe
from lam import Lam

LIMIT_S = 20.0
TELL = """
    import signal, socket, time
    connection = socket.create_connection(("{host}", {port}), 5)
    signal.signal(signal.SIGTERM, lambda *_: connection.sendall(b", told to end"))
    connection.sendall(b"up")
    result = time.sleep({sleep_s})
"""
MACHINE = "import socket; result = socket.gethostbyname('host.docker.internal')"


@pytest.fixture
def host(lam: Lam) -> str:
    """This machine, as functions reach it."""
    return probe(lam, "asking").run(MACHINE) if lam.emulator.engine.abilities.isolates_network else "127.0.0.1"


@pytest.fixture
def listener(host: str) -> Iterator[socket.socket]:
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(LIMIT_S)
        yield listener


def heard(listener: socket.socket, meanwhile: Callable[[], object]) -> bytes:
    """All that the runtime said until its end."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(LIMIT_S)
        words = connection.recv(2)
        meanwhile()
        while more := connection.recv(100):
            words += more
    return words


def test_a_runtime_hears_nothing_of_its_environments_end(lam: Lam, listener: socket.socket) -> None:
    host, port = listener.getsockname()
    inside = probe(lam, "ending")
    inside.run(TELL.format(host=host, port=port, sleep_s=0))

    said = heard(listener, lambda: lam.client.delete_function(FunctionName="ending"))

    assert said == b"up"


def test_a_runtime_hears_nothing_of_its_environments_end_in_the_midst_of_work(
    lam: Lam, listener: socket.socket
) -> None:
    """Which is not paused then, and would hear a signal."""
    host, port = listener.getsockname()
    inside = probe(lam, "working", Timeout=1)

    answer = inside.invoke(TELL.format(host=host, port=port, sleep_s=60))

    assert "timed out" in answer.payload["errorMessage"]
    assert heard(listener, lambda: None) == b"up"
