"""A service of ours as the gateway knows it: which requests are its own, and where they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.catalogue import claims_of
from lambda_emu.services.wire_errors import wire_error


class Server(Protocol):
    """What serves it."""

    def serve(self, request: Request, call: Call) -> Answer | None:
        """As gateway.services.Handling has it."""


class OwnService:
    """gateway.services.Service. Most servers are never asked: what serves is made, and imported, when somebody does.

    name: as the catalogue has it. workers: for all that does not run on the loop. most_bytes: of a body.
    """

    name: str
    workers: Workers
    most_bytes: int
    answers_pages = False

    def __init__(self, make: Callable[[], Server]) -> None:
        """make: what serves. On a worker."""
        self.claims = claims_of(self.name)
        self._make = make
        self._server: Server | None = None
        too_large = RequestTooLarge(self.most_bytes, "requested")
        self._on_loop = Handling(self._serve, self.most_bytes, too_large)
        self._on_worker = Handling(self._serve, self.most_bytes, too_large, self.workers_for)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        if self._server is not None and is_small(head, length) and self.is_quick(head):
            return self._on_loop
        return self._on_worker

    def is_quick(self, head: Head) -> bool:
        """Whether small requests of this kind are served on the loop."""
        return False

    def workers_for(self, request: Request) -> Workers:
        return self.workers

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        """Of errors of the gateway: in the form that the request has."""
        return wire_error(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        if self._server is None:
            self._server = self._make()
        return self._server.serve(request, call)
