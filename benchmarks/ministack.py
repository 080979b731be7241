"""MiniStack, another emulator of AWS's services in Python, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import Address
from benchmarks.engine import CACHE
from benchmarks.rie import free_address
from benchmarks.waiting import answers, wait_for

VERSION = "1.5.33"
STOP_LIMIT_S = 15.0


def command() -> Path:
    """The program, installed once from its wheel. CalledProcessError if PyPI does not have it for us."""
    folder = CACHE / f"ministack-{VERSION}"
    program = folder / "bin" / "ministack"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"ministack=={VERSION}"], check=True)
    return program


@contextmanager
def ministack() -> Iterator[tuple[Address, int]]:
    """Where it answers, and its process. As its users start it, but quiet and for this machine alone."""
    address = free_address()
    theirs = ("AWS_", "GATEWAY_", "MINISTACK_", "LAMBDA_", "PERSIST", "LOCALSTACK_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    settings = {
        "GATEWAY_PORT": str(address.port),
        "BIND_HOST": address.host,
        "LOG_LEVEL": "ERROR",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    with subprocess.Popen([str(command())], env=plain | settings, stdout=sys.stderr, start_new_session=True) as process:
        try:
            wait_for(lambda: answers(address.host, address.port), "MiniStack's port")
            yield address, process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
