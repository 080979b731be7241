"""How containers reach this machine, and that nothing of ours listens there for them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from inside import probe
from own import own_emulator, served

pytestmark = pytest.mark.docker

ADDRESS = """
    import socket
    try:
        result = socket.gethostbyname("host.docker.internal")
    except OSError:
        result = None
"""


class Says(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"found")


@contextmanager
def service_at(host: str) -> Iterator[int]:
    """What a developer runs beside the emulator. Its port."""
    with ThreadingHTTPServer((host, 0), Says) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_container_reaches_what_listens_on_this_machine_by_its_name(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", stems=0, pull_images=False) as lam:
        inside = probe(lam)
        address = inside.run(ADDRESS)

        with service_at(address) as port:
            found = inside.run(f"""
            import urllib.request
            result = urllib.request.urlopen("http://host.docker.internal:{port}/", timeout=5).read().decode()
            """)

    assert found == "found"


def test_without_a_network_there_is_no_such_name(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", stems=0, pull_images=False, docker_network="none") as lam:
        assert probe(lam).run(ADDRESS) is None


def test_the_emulator_listens_at_the_address_of_its_api_alone(tmp_path: Path) -> None:
    with served(tmp_path, "docker", "--no-pull-images") as lam:
        inside = probe(lam)
        listed = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, timeout=60, check=True).stdout
        called = inside.run("import os; result = os.environ['AWS_ENDPOINT_URL']")

    own = [line.split()[3] for line in listed.splitlines() if re.search(rf"\bpid={lam.process.pid}\b", line)]
    assert own == [lam.url.removeprefix("http://")]
    assert called == "http://127.0.0.1:9027"
