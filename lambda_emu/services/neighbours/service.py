"""What the gateway is told of a service that somebody else serves."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES, Handling, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of
from lambda_emu.services.neighbours.neighbour import Neighbour
from lambda_emu.services.wire_errors import wire_error

if TYPE_CHECKING:
    from lambda_emu.services.observers import Observer
    from lambda_emu.services.passing.forwarder import Forwarder

LARGE_REQUESTS = Workers("large requests to neighbours", 8, 128)
REQUEST_BYTES = 16 * 1024 * 1024
OBJECT_BYTES = 5 * 1024**3
"""Of one PutObject or part."""


class NeighbourService:
    """Passes requests for one service on. region: of requests that are signed for none.

    observer: sees what passes; set before the first request.
    """

    answers_pages = False

    def __init__(self, neighbour: Neighbour, region: str, loop: Loop) -> None:
        self.claims = claims_of(neighbour.name)
        self._neighbour = neighbour
        self._region = region
        self._loop = loop
        self._lock = Lock()  # guards _forwarder while it is made
        self._forwarder: Forwarder | None = None
        self.observer: Observer | None = None
        most = OBJECT_BYTES if neighbour.name == "s3" else REQUEST_BYTES
        too_large = RequestTooLarge(most, "requested")
        is_whole = neighbour.url is None and neighbour.name != "s3"  # what is signed for AWS
        self._small = Handling(self._serve, SMALL_BYTES, too_large)
        self._large = Handling(self._serve, most, too_large, lambda _: LARGE_REQUESTS, spooled=not is_whole)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._small if is_small(head, length) else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return wire_error(error, request)

    def _serve(self, request: Request, call: Call) -> None:
        (self._forwarder or self._make()).serve(request, call)

    def _make(self) -> Forwarder:
        from lambda_emu.services.neighbours.aws import AwsPeer  # here: who has no neighbours needs none of it
        from lambda_emu.services.neighbours.peer import NeighbourPeer
        from lambda_emu.services.passing.forwarder import Forwarder

        name, url = self._neighbour.name, self._neighbour.url
        with self._lock:
            if self._forwarder is None:
                peer = AwsPeer(name, self._region, self._loop) if url is None else NeighbourPeer(name, url)
                self._forwarder = Forwarder(peer, self._loop, self.observer)
            return self._forwarder
