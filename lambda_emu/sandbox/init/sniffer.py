"""Who is calling the environments' port: an init, whose first byte is 0x00, or a runtime, which speaks HTTP."""

from __future__ import annotations

import asyncio
from typing import cast

from lambda_emu.sandbox.init.link import InitAcceptor


class ProtocolSniffer(asyncio.Protocol):
    """Looks at the first byte and hands the connection over, for good."""

    def __init__(self, http: asyncio.Protocol, acceptor: InitAcceptor) -> None:
        self._http = http
        self._acceptor = acceptor
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It counts as one of HTTP until it says otherwise: who says nothing is ended there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._http.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if data[0] != 0:
            self._transport.set_protocol(self._http)
            self._http.data_received(data)
            return
        init = self._acceptor.protocol()
        self._transport.set_protocol(init)
        self._http.connection_lost(None)
        init.connection_made(self._transport)
        init.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._http.connection_lost(exc)
