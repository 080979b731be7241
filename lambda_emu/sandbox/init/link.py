"""Speaking to the init inside a sandbox: the acceptor it comes in by, the link it leaves open. Runs on the loop."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import Frame, FrameKind, FrameReader, WrongFrame
from lambda_emu.sandbox.init.orders import PLATFORM_BYTES, Link

WARNED_EVERY_S = 60.0
MOST_STRANGERS = 256
"""Connections that may wait for their HELLO at once; one more ends the oldest. An init says it at once."""

_log = logging.getLogger(__name__)


class InitLink(Link, asyncio.Protocol):
    """base.Init over TCP, output included. Until HELLO the acceptor's, then of whoever expected its secret."""

    def __init__(self, acceptor: InitAcceptor) -> None:
        super().__init__(acceptor)
        self._acceptor: InitAcceptor = acceptor
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._begun = False

    def pause_output(self) -> None:
        if self._transport is not None and not self._is_lost:
            self._transport.pause_reading()

    def resume_output(self) -> None:
        if self._transport is not None and not self._is_lost:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self, order: bytes) -> None:
        if self._transport is not None and not self._is_lost:
            self._transport.write(order)

    # --- asyncio.Protocol ---------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._begin()

    def data_received(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            data = data[1:]  # the 0x00 by which the listener knew us
        try:
            for frame in self._reader.feed(data):
                self._hear(frame)
        except WrongFrame as error:
            if self._acceptor.may_warn(self):
                _log.warning("closed a connection of an init: %s", error)
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    # --- reports ------------------------------------------------------------

    def _hear_report(self, frame: Frame) -> None:
        kind, role, payload = frame
        if kind == FrameKind.OUTPUT:
            self._listener.output(role, payload)
        elif kind == FrameKind.SYNCED:
            self._listener.synced(*frames.decode_synced(payload, PLATFORM_BYTES))
        elif kind == FrameKind.EXITED:
            self._listener.exited(frames.decode_exited(role, payload))
        elif kind == FrameKind.KILLED:
            self._listener.killed()
        else:
            raise WrongFrame(f"kind {kind}")


class InitAcceptor:
    """Where the inits of sandboxes being made come in, each known by its secret."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.Future[Link]] = {}
        self._strangers: dict[Link, None] = {}  # in the order in which they came
        self._warned_s = -WARNED_EVERY_S

    def expect(self, secret: str, timeout_s: float) -> asyncio.Future[Link]:
        """The link of the init that will say this secret; it counts from this call on, awaited or not.

        Fails with SandboxError after timeout_s of real time: a machine's slowness is no part of Lambda's clock.
        Cancel it when the sandbox could not be started.
        """
        loop = asyncio.get_running_loop()
        arrival: asyncio.Future[Link] = loop.create_future()

        def give_up() -> None:
            if not arrival.done():
                arrival.set_exception(SandboxError(f"init of a new sandbox did not connect within {timeout_s:g} s"))

        timer = loop.call_later(timeout_s, give_up)

        def forget(_: asyncio.Future[Link]) -> None:
            timer.cancel()
            self._expected.pop(secret, None)

        arrival.add_done_callback(forget)
        self._expected[secret] = arrival
        return arrival

    def protocol(self) -> asyncio.Protocol:
        """For a connection whose first byte was 0x00; that byte is still to be given to data_received."""
        if len(self._strangers) >= MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            self.forget(oldest)
            oldest.close()
        link = InitLink(self)
        self._strangers[link] = None
        return link

    def may_warn(self, link: Link) -> bool:
        """Of one we know always, of strangers now and then: code in a sandbox can pretend to be one at any rate."""
        now_s = asyncio.get_running_loop().time()
        if link in self._strangers:
            if now_s - self._warned_s < WARNED_EVERY_S:
                return False
            self._warned_s = now_s
        return True

    def forget(self, link: Link) -> None:
        """It has ended, or is known."""
        self._strangers.pop(link, None)

    def refuse(self, secret: str, why: Exception) -> None:
        """Whoever awaits the init of this secret hears at once that it cannot be used."""
        arrival = self._expected.pop(secret, None)
        if arrival is not None and not arrival.done():
            arrival.set_exception(SandboxError(str(why)))

    def admit(self, secret: str, link: Link) -> bool:
        """Whether the link was expected; whoever awaits it has it now."""
        arrival = self._expected.pop(secret, None)
        if arrival is None or arrival.done():
            return False
        self.forget(link)
        arrival.set_result(link)
        return True
