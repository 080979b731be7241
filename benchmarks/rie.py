"""AWS's Runtime Interface Emulator in a container of the same image, with the same runtime client and handlers.

Or on the host, beside the process sandbox.

Its port is called at the container's own address: that is a bridge hop, as between our server and its containers, and
leaves out the proxy of a published port. No limits are set on it. Measured: the host's network, fewer log lines and no
log driver make no difference beyond the noise.
"""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.client import EVENT, Address, BadAnswer, Connection, check, invocation
from benchmarks.engine import CACHE, docker, started
from benchmarks.functions import CODE
from benchmarks.waiting import wait_for

PORT = 8080
FUNCTION = "function"  # the only name it knows
_BINARY = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}[platform.machine()]


def binary() -> Path:
    """The program, taken once out of the aws-sam-cli wheel. CalledProcessError if PyPI does not have it for us."""
    kept = CACHE / _BINARY
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE), "aws-sam-cli"]
        subprocess.run(pip, check=True)
        wheel = next(CACHE.glob("aws_sam_cli-*.whl"))
        unpacked = kept.with_suffix(".part")
        with zipfile.ZipFile(wheel) as archive:
            unpacked.write_bytes(archive.read(f"samcli/local/rapid/{_BINARY}"))
        unpacked.chmod(0o755)
        unpacked.rename(kept)
    return kept


class Rie:
    """One RIE with one handler. It serves one invocation at a time."""

    def __init__(self, address: Address, event: bytes = EVENT) -> None:
        """Returns when it answers. event: what it is asked with."""
        self.address = address
        self.request = invocation(self.address, FUNCTION, event)
        wait_for(self._answers, "RIE's first answer")

    def _answers(self) -> bool:
        try:
            with Connection(self.address) as connection:
                check(connection.call(self.request))
        except (ConnectionError, BadAnswer):
            return False
        return True


def rie_in_container(
    image: str, handler: str, code: Path = CODE, event: bytes = EVENT, program: str = "/var/runtime/bootstrap"
) -> Rie:
    """It ends with the containers of this run. program: what it starts."""
    mounts = ["--volume", f"{binary()}:/aws-lambda-rie:ro", "--volume", f"{code}:/var/task:ro"]
    options = [*mounts, "--entrypoint", "/aws-lambda-rie"]
    container = started(image, options, [program, handler])
    return Rie(Address(docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", container), PORT), event)


@contextmanager
def rie_on_host(handler: str) -> Iterator[Rie]:
    """With the Python that this runs on, whose awslambdaric the process sandbox uses too."""
    address, api = free_address(), free_address()
    listens = ["--runtime-interface-emulator-address", f"{address.host}:{address.port}"]
    listens += ["--runtime-api-address", f"{api.host}:{api.port}"]
    argv = [str(binary()), *listens, sys.executable, "-m", "awslambdaric", handler]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(argv, cwd=CODE, stdout=quiet, stderr=quiet) as process:
        try:
            yield Rie(address)
        finally:
            process.terminate()


def free_address() -> Address:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return Address(*found.getsockname())
