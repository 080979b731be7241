"""Whose request it is: each service says which ones are its own, and how each of these is to be taken in and served."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head


@dataclass(frozen=True, slots=True)
class Handling:
    """How requests of one kind are taken in and served.

    serve: returns the answer, or None after it has seen to it that the call is answered later.
    most_bytes: of a body. too_large: what is said to one that has more.
    workers: where `serve` runs, by the whole request; None: on the loop, so that it must neither block nor take long.
    spooled: a large body goes into a file. On the loop there is none of unknown length, and none that is spooled.
    """

    serve: Callable[[Request, Call], Answer | None]
    most_bytes: int
    too_large: LambdaError
    workers: Callable[[Request], Workers] | None = None
    spooled: bool = False


@dataclass(frozen=True, slots=True)
class ServiceClaims:
    """Which requests are a service's own: any of these is enough.

    hosts: a name, or `*.` and what all names below one end with. within: a label that stands inside of a host. paths:
    what they begin with. targets: what X-Amz-Target begins with. signed_for: services as SigV4 names them in a
    credential's scope. shapes: what a whole path looks like that nothing else of a request gives to anybody.
    """

    hosts: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    paths: tuple[bytes, ...] = ()
    targets: tuple[bytes, ...] = ()
    signed_for: tuple[str, ...] = ()
    shapes: tuple[re.Pattern[bytes], ...] = ()


class Service(Protocol):
    """Serves some of the requests. answers_pages: whether the web pages of others may ask is for itself to decide."""

    claims: ServiceClaims
    answers_pages: bool

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        """By its head alone, on the loop. length: of its body in bytes, if that is announced."""

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        """An error in the form that who sent the request reads."""


class Router:
    """Finds whose a request is.

    By its host, the beginning of its path, its target, the service it is signed for, the shape of its path, in this
    order. What nobody claims is the last service's.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._default = services[-1]
        self._hosts = {host: one for one in services for host in one.claims.hosts if not host.startswith("*")}
        self._above = {host[1:]: one for one in services for host in one.claims.hosts if host.startswith("*")}
        self._within = {f".{label}.": one for one in services for label in one.claims.within}
        self._paths = {path: one for one in services for path in one.claims.paths}
        self._targets = {target: one for one in services for target in one.claims.targets}
        self._signed_for = {name: one for one in services for name in one.claims.signed_for}
        self._shapes = [(shape, one) for one in services for shape in one.claims.shapes]
        self._beginnings = tuple(self._paths)

    def service(self, head: Head, path: bytes) -> Service:
        """On the loop; one service without hosts, targets or signatures costs nearly nothing."""
        if (self._hosts or self._above or self._within) and (found := self._of_host(head)) is not None:
            return found
        if b"%" in path:  # it is the same path however it is written
            path = unquote_to_bytes(path)
        if path.startswith(self._beginnings):
            return next(one for beginning, one in self._paths.items() if path.startswith(beginning))
        if self._targets and (found := self._of_target(head)) is not None:
            return found
        if self._signed_for and (found := self._of_signature(head)) is not None:
            return found
        return next((one for shape, one in self._shapes if shape.fullmatch(path)), self._default)

    def _of_host(self, head: Head) -> Service | None:
        name = (head.first.get(b"host") or b"").decode("latin-1").lower().rpartition("]")[2].partition(":")[0]
        name = name.removesuffix(".")
        found = self._hosts.get(name) or next((one for label, one in self._within.items() if label in name), None)
        return found or next((one for above, one in self._above.items() if name.endswith(above)), None)

    def _of_target(self, head: Head) -> Service | None:
        target = head.first.get(b"x-amz-target")
        if target is None:
            return None
        return next((one for beginning, one in self._targets.items() if target.startswith(beginning)), None)

    def _of_signature(self, head: Head) -> Service | None:
        credential = credential_of(head.first.get(b"authorization"))
        return None if credential is None else self._signed_for.get(credential.service)
