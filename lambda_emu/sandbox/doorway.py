"""Who is calling the environments' port: an init, whose first byte is 0x00, or a runtime, which speaks HTTP."""

from __future__ import annotations

import asyncio
from typing import cast

from lambda_emu.sandbox.init import InitDoor
from lambda_emu.sandbox.peers import may_call


class Doorway(asyncio.Protocol):
    """Looks at who has the other end, and at the first byte, and hands the connection over, for good."""

    def __init__(self, http: asyncio.Protocol, door: InitDoor) -> None:
        self._http = http
        self._door = door
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if not may_call(self._transport):
            self._transport.abort()
            return
        speaker = self._door.protocol() if data[0] == 0 else self._http
        self._transport.set_protocol(speaker)
        speaker.connection_made(self._transport)
        speaker.data_received(data)
