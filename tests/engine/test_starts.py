"""Sandboxes that cannot start, and those of a user who lets nobody read what he makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from botocore.exceptions import ClientError
from lam import Lam

from lambda_emu.clock import Clock
from lambda_emu.config import load_settings
from lambda_emu.server import Emulator

NETWORK = "lambda-emu-test-starts"
HANDLER = "def handler(event, context): return 'here'"


def emulator(folder: Path, engine: str = "docker", network: str | None = None) -> Emulator:
    given = {"project": folder, "port": 0, "engine": engine, "pull_images": False, "stems": 0, "ephemeral": True}
    return Emulator(load_settings(given | {"docker_network": network}, environ={}), Clock())


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.mark.docker
def test_a_container_that_cannot_start_is_removed(tmp_path: Path, engine: docker.DockerClient) -> None:
    network = engine.networks.create(NETWORK)
    try:
        with emulator(tmp_path, network=NETWORK) as running:
            network.remove()
            lam = Lam(running)
            lam.create("never", HANDLER)
            with pytest.raises(ClientError, match=f"network {NETWORK} not found"):
                lam.invoke("never", {})

            there = engine.api.containers(all=True)  # of all tests' emulators, which have stems of their own
            assert [container for container in there if container["HostConfig"]["NetworkMode"] == NETWORK] == []
    finally:
        for left in engine.networks.list(names=[NETWORK]):
            left.remove()


@pytest.mark.parametrize("engine", [pytest.param("docker", marks=pytest.mark.docker), "process"])
def test_code_can_be_read_inside_whatever_the_umask(tmp_path: Path, engine: str) -> None:
    before = os.umask(0o077)
    try:
        with emulator(tmp_path, engine) as running:
            lam = Lam(running)
            lam.create("reads", HANDLER)

            assert lam.invoke("reads", {}).payload == "here"
    finally:
        os.umask(before)
