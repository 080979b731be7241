"""A server beside us, to which requests for one service are passed on as they came."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.neighbours.errors import NeighbourBusy, NeighbourLeadsBack, NeighbourLost
from lambda_emu.services.passing.forwarder import passed_head
from lambda_emu.services.passing.line import Line
from lambda_emu.services.passing.peer import PeerRequest

CONNECT_LIMIT_S = 5.0
KEPT = 16
PORTS = {"http": 80, "https": 443}
VIA = "1.1 lambda-emu"
MOST_HOPS = 4
"""So many of us may stand one behind the other."""


class Address:
    """Where a server is. host: as a request names it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.is_tls = parts.scheme == "https"
        self.name = parts.hostname or ""
        self.port = parts.port or PORTS[parts.scheme]
        self.host = parts.netloc
        self.path = parts.path.rstrip("/").encode()


class Lines:
    """Connections to one server, those that wait for their next request too. On the loop."""

    def __init__(self, name: str, address: Address) -> None:
        self._name = name
        self._address = address
        self._free: list[Line] = []

    async def line(self) -> Line:
        """NeighbourLost."""
        while self._free:
            line = self._free.pop()
            if line.is_free:
                return line
            line.drop()
        at = self._address
        tls = ssl.create_default_context() if at.is_tls else None
        opening = asyncio.get_running_loop().create_connection(Line, at.name, at.port, ssl=tls)
        try:
            _, line = await asyncio.wait_for(opening, CONNECT_LIMIT_S)
        except TimeoutError as error:
            raise NeighbourLost(self._name, at.url, f"does not answer within {CONNECT_LIMIT_S:g} s") from error
        except OSError as error:
            raise NeighbourLost(self._name, at.url, f"cannot be reached ({error.strerror or error})") from error
        return line

    def give_back(self, line: Line) -> None:
        if line.is_free and len(self._free) < KEPT:
            self._free.append(line)
        else:
            line.drop()


class NeighbourPeer:
    """passing.Peer: a server that speaks AWS's protocol.

    It is told the Host by which we were asked, so that signatures hold and addresses in its answers lead to us; by TLS,
    where names tell servers apart, its own.
    """

    at_once: int = 64
    silence_s: float | None = 120.0

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._address = Address(url)
        self._lines = Lines(name, self._address)

    async def begin(self, request: Request, length: int) -> PeerRequest:
        if request.head.headers.count((b"via", VIA.encode())) >= MOST_HOPS:
            raise NeighbourLeadsBack(self._name, self._address.url)
        bucket = bucket_in(request.head)
        target = request.head.target if bucket is None else b"/" + bucket.encode("latin-1") + request.head.target
        is_renamed = bucket is not None or self._address.is_tls
        told = {"host": self._address.host} if is_renamed else {}
        head = passed_head(request, self._address.path + target, length, told | {"via": VIA}, tuple(told))
        return PeerRequest(await self._lines.line(), head, self._lines.give_back)

    def lost(self, what: str) -> LambdaError:
        return NeighbourLost(self._name, self._address.url, what)

    def busy(self, waiting: int) -> LambdaError:
        return NeighbourBusy(self._address.url, waiting)
