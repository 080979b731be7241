"""What is said between a forwarder and who is at the other end."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
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
