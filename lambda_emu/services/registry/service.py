"""The registry as the gateway knows it. What serves it is imported with the first request."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.arn import REGION
from lambda_emu.disk import is_full
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, Service, ServiceClaims
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.registry.errors import DiskFull, RegistryError, error_answer

if TYPE_CHECKING:
    from lambda_emu.services.registry.serving import RegistryServer

SHAPE = re.compile(rf"/v2/?|/v2/\d{{12}}/{REGION}/.+".encode())
"""Of the paths that the registry has on any host."""
HOST = "dkr.ecr"
"""Within the names of hosts that are an account's registry."""
OPERATION = b"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
WORKERS = Workers("requests to the registry of images", 8, 128)


class RegistryService:
    """make: with the first request."""

    claims = ServiceClaims(within=(HOST,), shapes=(SHAPE,))
    answers_pages = False

    def __init__(self, make: Callable[[], RegistryServer]) -> None:
        self._make = make
        self._lock = Lock()  # guards the one below while it is made
        self._server: RegistryServer | None = None

    def server(self) -> RegistryServer:
        with self._lock:
            if self._server is None:
                self._server = self._make()
            return self._server

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        """Who is not let in, and what is for nothing that is here, is told so before a body is taken in."""
        try:
            most_bytes, too_large = self.server().most_of_body(Request(head, path, b"", ""))
        except RegistryError as error:
            most_bytes, too_large = 0, error  # `serve` tells it to one without a body
        return Handling(self._serve, most_bytes, too_large, lambda _: WORKERS, spooled=True)

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        try:
            return self.server().serve(request, call)
        except LambdaError as error:
            return error_answer(error, request)
        except OSError as error:
            if not is_full(error):
                raise
            return error_answer(DiskFull(), request)


class TokenOperation:
    """ECR's service as the gateway knows it, but for the operation that gives passwords out, which `answer` does."""

    def __init__(self, theirs: Service, answer: Callable[[Request], Answer]) -> None:
        self.claims = theirs.claims
        self.answers_pages = theirs.answers_pages
        self._theirs = theirs
        self._answer = answer
        self._kept: dict[int, Handling] = {}

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        theirs = self._theirs.handling(head, path, length)
        if head.first.get(b"x-amz-target") != OPERATION:
            return theirs
        ours = self._kept.get(id(theirs))  # they have two
        if ours is None:
            ours = self._kept[id(theirs)] = replace(theirs, serve=lambda asked, _: self._answer(asked))
        return ours

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return self._theirs.error_answer(error, request)
