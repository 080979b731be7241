"""What is said between a forwarder and who is at the other end, and who is told of what passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.services.passing.line import Line


class PeerRequest(NamedTuple):
    """A request about to be sent: by this line, which is given back after a whole answer. head: before its body.

    decode: makes of each piece of the body what is sent.
    """

    line: Line
    head: bytes
    give_back: Callable[[Line], None]
    decode: Callable[[bytes], bytes] | None = None


class Peer(Protocol):
    """The other server. at_once: requests that it works on. silence_s: how long nothing may move; None: for ever."""

    at_once: int
    silence_s: float | None

    async def begin(self, request: Request, length: int) -> PeerRequest:
        """length: of the body. LambdaError where it cannot be reached."""

    def lost(self, what: str) -> LambdaError:
        """It did not answer; what: it did instead."""

    def busy(self, waiting: int) -> LambdaError:
        """So many wait for it already."""


class Observer(Protocol):
    """Who is told of requests that pass. On the loop."""

    async def passes(self, head: Head) -> None:
        """It is about to be sent."""

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        """It has been answered, of which its caller does not know yet. body: what he is told; None: it comes later."""


class All:
    """Several, told one after the other; each is given what the one before made of a body."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def passes(self, head: Head) -> None:
        for one in self._observers:
            await one.passes(head)

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        for one in self._observers:
            body = one.passed(head, body)
        return body


class Nobody:
    """Observes nothing."""

    async def passes(self, head: Head) -> None: ...

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        return body
