"""How containers reach this machine, and that nothing of ours listens there for them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from inside import probe
from own import own_emulator, served
from server_rig import http_server, send

pytestmark = pytest.mark.docker

ADDRESS = """
    import socket
    try:
        result = socket.gethostbyname("host.docker.internal")
    except OSError:
        result = None
"""


def test_a_container_reaches_what_listens_on_this_machine_by_its_name(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "docker", stems=0, pull_images=False) as lam:
        inside = probe(lam)
        address = inside.run(ADDRESS)

        with http_server(lambda exchange: send(exchange, b"found"), address) as url:
            found = inside.run(f"""
            import urllib.request
            url = "{url.replace(address, "host.docker.internal")}/"
            result = urllib.request.urlopen(url, timeout=5).read().decode()
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
