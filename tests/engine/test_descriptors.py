"""A server that may open few files, as on many systems: who takes all it can get leaves enough for the others."""

from __future__ import annotations

import http.client
import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from own import served
from waiting import eventually

FILES = 256
HANDLER = "def handler(event, context): return event"


def healthy(host: str, port: int) -> bool:
    """Whether a new client is served."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    with suppress(OSError):
        connection.request("GET", "/_lambda-emu/health")
        return connection.getresponse().status == 200
    return False


@pytest.mark.parametrize("said", [b"", b"GET /_lambda-emu/health HTTP/1.1\r\n"], ids=["nothing", "half a request"])
def test_clients_that_let_us_wait_leave_descriptors_for_functions(tmp_path: Path, said: bytes) -> None:
    with served(tmp_path, "process", files=FILES) as lam, ExitStack() as stack:
        lam.create("f", HANDLER)
        lam.create("g", HANDLER)
        lam.invoke("f", 1)
        where = urlsplit(lam.url)
        address = where.hostname or "", where.port or 0

        for _ in range(2 * FILES):
            client = stack.enter_context(socket.create_connection(address, timeout=10))
            with suppress(ConnectionError):
                client.sendall(said)

        assert (lam.invoke("f", 2).payload, lam.invoke("g", 3).payload) == (2, 3)  # of g it is the first
        assert len(os.listdir(f"/proc/{lam.process.pid}/fd")) < FILES
        stack.close()
        eventually(lambda: healthy(*address), "a new client to be served after the others left")
