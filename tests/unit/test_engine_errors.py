"""What is said of an engine that does not answer: the address, and the system's reason in plain words."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docker.types import Mount

from lambda_emu.sandbox.base import NoEngine, SandboxError
from lambda_emu.sandbox.docker.client import NO_ACCESS, SAME_PATH, connect, engine_errors

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where every user gets to, which pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="for-everybody-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def said_to(user: int) -> str:
    """What a user who asks the engine is told; in a process of his own, whose modules are ours."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setuid(user)
            connect()
        except NoEngine as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize(("there", "reason"), [(False, "No such file or directory"), (True, NO_ACCESS)])
def test_an_engine_that_cannot_be_asked_is_named_with_why(
    monkeypatch: pytest.MonkeyPatch, open_folder: Path, there: bool, reason: str
) -> None:
    path = open_folder / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    with socket.socket(socket.AF_UNIX) as engine:
        if there:
            engine.bind(str(path))
            path.chmod(0o600)
            engine.listen()
        said = said_to(NOBODY)

    assert said == f"connecting to Docker at unix://{path}: the Docker engine does not answer: {reason}"


@pytest.mark.docker
def test_a_folder_that_the_engine_does_not_see_is_told_as_one() -> None:
    client = connect()
    mounts = client.api.create_host_config(mounts=[Mount("/data", "/nowhere/at/all", "bind")])

    with closing(client), pytest.raises(SandboxError) as raised, engine_errors("starting a container"):
        client.api.create_container("no-matter", host_config=mounts)

    assert str(raised.value).startswith("starting a container: ")
    assert str(raised.value).endswith(f"/nowhere/at/all. {SAME_PATH}")
