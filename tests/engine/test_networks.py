"""Functions in a VPC join the Docker network that stands for their subnet, and reach what is reachable only there."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from image_rig import ImageRig
from inside import probe
from own import OwnLam, own_emulator

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.docker.client import connect

pytestmark = pytest.mark.docker

LABEL = "lambda-emu-test.networks"
ASKS = """
import urllib.request
def handler(event, context):
    try:
        return urllib.request.urlopen("http://db:8000/", timeout=5).read().decode()
    except OSError as error:
        return f"no way: {error}"
"""
SERVES = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"found")
http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""
IN_VPC: dict[str, Any] = {"VpcConfig": {"SubnetIds": ["subnet-0", "subnet-1"], "SecurityGroupIds": ["sg-1"]}}


@pytest.fixture(scope="module")
def image() -> str:
    """One with Python: that of python3.11, which is built if it is not there."""
    return ImageRig().image("python3.11")


@pytest.fixture(params=[False, True], ids=["bridge", "internal"])
def network(request: pytest.FixtureRequest, image: str) -> Iterator[str]:
    """A network of the user's on which `db` answers, and from which, if internal, nothing else can be reached."""
    client, name = connect(), f"lambda-emu-test-{secrets.token_hex(4)}"
    made = client.networks.create(name, driver="bridge", internal=request.param, labels={LABEL: "1"})
    peer = client.containers.create(image, ["-c", SERVES], entrypoint="python3.11", labels=[LABEL])
    try:
        client.networks.get("bridge").disconnect(peer)
        made.connect(peer, aliases=["db"])
        peer.start()
        yield name
    finally:
        peer.remove(force=True)
        made.remove()
        client.close()


@pytest.fixture
def vpc(tmp_path: Path, network: str) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, "docker", subnet_networks=f"subnet-1={network}", pull_images=False) as lam:
        yield lam
        lam.close()


def test_a_function_reaches_what_is_in_the_network_of_its_subnet(vpc: OwnLam) -> None:
    vpc.create("inside", ASKS, **IN_VPC)
    vpc.create("outside", ASKS)

    assert vpc.invoke("inside").payload == "found"
    assert vpc.invoke("inside").payload == "found"
    assert vpc.invoke("outside").payload.startswith("no way")


def test_functions_call_each_other_in_a_network_of_the_users(tmp_path: Path, network: str) -> None:
    """All of them are in it, and find what is there by its name; no way out of it is needed."""
    with own_emulator(tmp_path, "docker", docker_network=network, stems=0, pull_images=False) as lam:
        lam.create("asks", ASKS)
        inside = probe(lam, MemorySize=1769, Timeout=60)

        found = inside.run("""
        import boto3, json
        result = json.load(boto3.client("lambda").invoke(FunctionName="asks")["Payload"])
        """)

    assert found == "found"


def test_a_function_moves_in_and_out(vpc: OwnLam) -> None:
    vpc.create("f", ASKS)
    vpc.update("f", **IN_VPC)

    assert vpc.invoke("f").payload == "found"
    vpc.update("f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert vpc.invoke("f").payload.startswith("no way")


def test_a_crash_in_the_network_is_no_end(vpc: OwnLam) -> None:
    vpc.create("f", "import os\n" + ASKS.replace("    try:", "    event or os._exit(3)\n    try:"), **IN_VPC)

    assert vpc.invoke("f", {}).error == "Unhandled"
    assert vpc.invoke("f", {"go": 1}).payload == "found"


@pytest.mark.usefixtures("image")
def test_a_network_that_is_not_there_is_named_and_may_come_later(tmp_path: Path) -> None:
    name = f"lambda-emu-test-{secrets.token_hex(4)}"
    with ExitStack() as after:
        lam = after.enter_context(own_emulator(tmp_path, "docker", subnet_networks=f"*={name}", pull_images=False))
        lam.create("f", ASKS, **IN_VPC)

        with pytest.raises(lam.client.exceptions.ServiceException, match=f"no Docker network named '{name}'"):
            lam.invoke("f")

        made = connect().networks.create(name, labels={LABEL: "1"})
        emulator = after.pop_all()
        after.callback(made.remove)
        after.push(emulator)
        assert lam.invoke("f").payload.startswith("no way")


def test_a_subnet_without_a_network_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING, "lambda_emu"),
        own_emulator(tmp_path, "process", subnet_networks="subnet-1=any") as lam,
    ):
        lam.create("f", ASKS, **IN_VPC)

    assert [line for line in caplog.messages if line.startswith("f: VpcConfig without effect here: ")]


@pytest.mark.parametrize("engine", ["auto", "docker"])
def test_a_docker_that_answers_and_cannot_be_used_is_no_reason_for_less_isolation(tmp_path: Path, engine: str) -> None:
    missing = f"lambda-emu-test-{secrets.token_hex(4)}"

    with pytest.raises(SandboxError, match=f"no Docker network named '{missing}'"):  # noqa: SIM117
        with own_emulator(tmp_path, engine, docker_network=missing):
            pass
