"""The container network: a bridge of our own, and the address at which containers on it find us."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.engine_errors import engine_errors

NETWORK = "lambda-emu"
SHARED_LABEL = "lambda-emu.network"


@dataclass(frozen=True, slots=True)
class Place:
    """Where containers find us: the address their host name means, and where we listen."""

    network: str
    listen_host: str
    extra_host: str


def find_place(client: docker.DockerClient, network: str | None) -> Place:
    """The network for containers (made if it is our own and missing) and the address they reach us at."""
    with engine_errors("preparing the container network"):
        name = network or NETWORK
        found = client.networks.list(names=[f"^{name}$"])
        if not found and network is not None:
            raise SandboxError(f"there is no Docker network named {network!r}; create it or leave --docker-network out")
        bridge = found[0] if found else _make_network(client)
        bridge.reload()
        gateway = _gateway(bridge.attrs)
    if gateway is not None and _can_bind(gateway):
        return Place(name, gateway, gateway)
    return Place(name, "127.0.0.1", "host-gateway")


def _make_network(client: docker.DockerClient) -> Any:
    """Our own bridge, on which containers reach us and the world but not each other."""
    try:
        return client.networks.create(
            NETWORK,
            driver="bridge",
            check_duplicate=True,
            options={"com.docker.network.bridge.enable_icc": "false"},
            labels={SHARED_LABEL: "shared"},
        )
    except docker.errors.APIError as error:
        if error.status_code == 409:  # another emulator was faster
            return client.networks.list(names=[f"^{NETWORK}$"])[0]
        raise


def _gateway(attrs: dict[str, Any]) -> str | None:
    for config in attrs["IPAM"]["Config"] or ():
        gateway: str | None = config.get("Gateway")
        if gateway:
            return gateway.partition("/")[0]
        subnet = str(config.get("Subnet", ""))
        if subnet.count(".") == 3:
            return subnet.partition("/")[0].rpartition(".")[0] + ".1"
    return None


def _can_bind(address: str) -> bool:
    """Whether the address is this machine's: on Docker Desktop the gateway is inside a virtual machine."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True
