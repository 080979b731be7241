"""The networks of containers, a bridge of our own or the user's, and the address at which each finds us."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import docker
import docker.errors
from msgspec import Struct

from lambda_emu.sandbox.base import Listen, SandboxError
from lambda_emu.sandbox.docker.client import engine_errors

Call = Callable[..., Awaitable[Any]]

NETWORK = "lambda-emu"
SHARED_LABEL = "lambda-emu.network"
HOST = "host"
"""The machine's own; Docker has one of its kind, of this name."""


class ContainerNetwork(Struct, frozen=True):
    """A network of containers. machine: the address in there that is this machine's, "" where there is none.

    listen_host: where we listen for those in there that cannot call our socket. shared: it is the machine's own, so the
    loopback in there is not theirs alone.
    """

    name: str
    listen_host: str
    machine: str
    shared: bool = False


class ContainerNetworks:
    """Those that containers are in. We listen where one finds us when the first in it has to call so. On the loop."""

    def __init__(self, client: docker.DockerClient, own: str | None, listen: Listen) -> None:
        """own: the network of those that name none; None: a bridge of our own."""
        self._client = client
        self._own = own
        self._listen = listen
        self._found: dict[str, ContainerNetwork] = {}
        self._ports: dict[str, int] = {}  # by the address we listen on
        self._listening = asyncio.Lock()  # so that nobody listens twice on one address

    async def of(self, network: str, call: Call) -> ContainerNetwork:
        """That of this network, "" being that of all. call: runs what blocks. SandboxError."""
        found = self._found.get(network)
        if found is None:
            name, setting = (network, "`subnet_networks`") if network else (self._own, "--docker-network")
            found = self._found[network] = await call(find_network, self._client, name, setting)
        return found

    async def port(self, network: ContainerNetwork) -> int:
        """Where we listen for those that call by TCP."""
        async with self._listening:
            if network.listen_host not in self._ports:
                self._ports[network.listen_host] = await self._listen(network.listen_host)
        return self._ports[network.listen_host]

    def forget(self, network: str) -> None:
        """A container could not be made there: the user may have made another network of this name."""
        if network:
            self._found.pop(network, None)


def find_network(client: docker.DockerClient, network: str | None, setting: str) -> ContainerNetwork:
    """The network for containers (made if it is our own and missing) and the address they reach this machine at.

    setting: what named the network, for whoever reads that there is none.
    """
    with engine_errors("preparing the container network"):
        name = network or NETWORK
        found = client.networks.list(names=[f"^{name}$"])
        if not found and network is not None:
            raise SandboxError(f"there is no Docker network named {network!r}; create it, or change {setting}")
        bridge = found[0] if found else _make_network(client)
        bridge.reload()
        gateway = _gateway(bridge.attrs)
    driver = bridge.attrs["Driver"]
    if gateway is not None and _can_bind(gateway):
        return ContainerNetwork(name, gateway, gateway)
    return ContainerNetwork(name, "127.0.0.1", "" if driver == "null" else "host-gateway", shared=driver == HOST)


def hides_loopback(own: ContainerNetwork, others: Collection[str]) -> bool:
    """Whether this machine's loopback is out of reach: by a bridge of this machine it is, or without any network.

    own: of functions that name none; others: networks that some join. With Docker Desktop `host.docker.internal` leads
    there.
    """
    return own.listen_host == own.machine or not (own.machine or others)


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
