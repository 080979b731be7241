"""The ports inside a sandbox at which we listen: its init passed them, and so who calls there is its code."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping

from msgspec import Struct

from lambda_emu.http.branch import End, PassedListener
from lambda_emu.sandbox.base import Program, SandboxError
from lambda_emu.sandbox.init.local import LOOPBACK, LocalLink
from lambda_emu.sandbox.init.orders import Link
from lambda_emu.sandbox.init.peers import holder_of

RUNTIME_API_PORT = 9001
"""As on Lambda."""
LAMBDA_API_PORT = 9027
"""Of ours: assigned to nobody, and no default of what functions or extensions are known to listen on."""
TRIES = 8
NAME = "aws.lambda-emu.internal"
"""Inside, of what listens there, where the engine can give names."""
NAMES = (NAME, f"sync-{NAME}", f"stream-{NAME}")
"""SDKs put these before it for some calls of Step Functions and of CloudWatch Logs."""


class Reach(Struct, frozen=True):
    """How code inside reaches the APIs, and how they know it: see base.Sandbox."""

    token: str
    runtime_api: str
    passed: PassedListener | None = None
    lambda_api: PassedListener | None = None
    services_at: str | None = None
    services_name: str | None = None
    shared: bool = False


class ReachableSandbox:
    """What sandboxes of every engine have in common: base.Sandbox says what each is."""

    def __init__(self, id: str, reach: Reach, init: Link) -> None:
        self.id = id
        self.token = reach.token
        self.runtime_api = reach.runtime_api
        self.passed = reach.passed
        self.lambda_api = reach.lambda_api
        self.services_at = reach.services_at
        self.services_name = reach.services_name
        self.session_token: str | None = None
        self.init = init
        self.early: Program | None = None
        self.shares_loopback = reach.shared

    async def listen(self, port: int) -> PassedListener | None:
        link = self.init
        if not isinstance(link, LocalLink) or self.shares_loopback:
            return None
        return await listen_inside(link, port, seed=self.token, shared=False)


def names_of(token: str, *, shared: bool) -> dict[str, str]:
    """What a sandbox's /etc/hosts says of its Lambda API, before there is one: names with their address."""
    host, _ = next(_own_addresses(token, LAMBDA_API_PORT)) if shared else (LOOPBACK, 0)
    return dict.fromkeys(NAMES, host)


async def reach_of(link: Link, token: str, *, shared: bool, names: Mapping[str, str]) -> Reach | None:
    """That of a sandbox that passes its sockets; None: its init cannot. names: in its /etc/hosts. SandboxError."""
    if not isinstance(link, LocalLink):
        return None
    runtime_api, lambda_api = await asyncio.gather(
        listen_inside(link, RUNTIME_API_PORT, seed=token, shared=shared),
        listen_inside(link, LAMBDA_API_PORT, seed=token, shared=shared),
    )
    name = NAME if names.get(NAME) == lambda_api.address.partition(":")[0] else None
    return Reach(token, runtime_api.address, runtime_api, lambda_api, lambda_api.address, name, shared)


async def listen_inside(link: LocalLink, port: int, *, seed: str, shared: bool) -> PassedListener:
    """Listen at loopback and this port. seed: what no other sandbox has. SandboxError.

    shared: loopback is this machine's. Then it is an address of loopback's that is the sandbox's own, at another port
    where somebody has this one at all addresses; and who calls is believed when the sandbox holds his socket.
    """

    async def is_inside(peer: End, own: End) -> bool:
        holder = holder_of(peer, own)
        try:
            return holder is not None and holder.uid == link.uid and await link.holds(holder.inode)
        except SandboxError:  # it ends
            return False

    listener = await _take(link.listen, port, seed=seed, shared=shared)
    return PassedListener(listener, is_inside) if shared else PassedListener(listener)


async def bind_inside(link: LocalLink, port: int, *, seed: str, shared: bool) -> socket.socket:
    """Take datagrams sent to this port of loopback, or of the sandbox's own address as for `listen_inside`.

    It ends with the link. Where the network is shared, who sends may be any program of this machine. SandboxError.
    """
    return await _take(link.bind, port, seed=seed, shared=shared)


async def _take(
    make: Callable[[str, int], Awaitable[socket.socket]], port: int, *, seed: str, shared: bool
) -> socket.socket:
    for at in _own_addresses(seed, port) if shared else [(LOOPBACK, port)]:
        try:
            return await make(*at)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not shared:
                raise SandboxError(f"init cannot have {at[0]}:{at[1]}: {error.strerror}") from error
    raise SandboxError(f"init cannot have port {port}: somebody has it at {TRIES} addresses of loopback, and others")


def _own_addresses(seed: str, port: int) -> Iterator[End]:
    """Of 127.64.0.0/10, chosen by hexadecimal digits of the seed."""
    for i in range(TRIES):
        number = (int(seed[:16], 16) + i) % (1 << 22)
        host = f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        yield host, port if i < TRIES - 1 else 0
