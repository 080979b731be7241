"""How a container's init calls us."""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.docker.network import ContainerNetwork
from lambda_emu.sandbox.init.ports import NAME, NAMES, Reach, names_of
from lambda_emu.sandbox.init.socket_file import SocketFile

MACHINE = "host.docker.internal"
"""What this machine is called inside, as Docker Desktop has it."""


class SocketNotCalled(SandboxError):
    """An init ended without a call: it shares no kernel with us, or may not use the socket."""

    def __init__(self) -> None:
        super().__init__("its init cannot call a socket of this machine's")


class InitCall(Struct, frozen=True):
    """How a container's init calls us: by the socket in a file, else at a port, by a host name of its own.

    port: 0 where it calls by the socket or not at all.
    """

    token: str
    secret: str
    file: SocketFile
    network: ContainerNetwork
    port: int

    @property
    def host(self) -> str:
        return f"{self.token}.lambda-emu.internal"

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}" if self.port else ":"

    @property
    def ways(self) -> str:
        return f"our socket or {self.network.listen_host}:{self.port}" if self.port else "our socket"

    @property
    def hosts(self) -> dict[str, str]:
        """All names inside: of what is outside too."""
        if not self.network.machine:
            return self.inside
        names = (MACHINE, self.host) if self.port else (MACHINE,)
        return dict.fromkeys(names, self.network.machine) | self.inside

    @property
    def inside(self) -> dict[str, str]:
        """Names inside of where services are."""
        if self.port and self.network.machine:
            return dict.fromkeys(NAMES, self.network.machine)
        return names_of(self.token, shared=self.network.shared)

    @property
    def reach(self) -> Reach:
        """Of a container that passes no sockets. Services have an address, since SDKs put names before names."""
        if not self.network.machine:
            return Reach(self.host, self.address)
        is_known = self.network.machine == self.network.listen_host  # elsewhere the engine alone knows the address
        host = self.network.machine if is_known else NAME
        return Reach(self.host, self.address, services_at=f"{host}:{self.port}", services_name=NAME)
