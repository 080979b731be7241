"""Whose request it is: each service says which ones are its own, and how each of these is to be taken in and served."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head


class Handling(Struct, frozen=True):
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


class ServiceClaims(Struct, frozen=True):
    """Which requests are a service's own: any of these is enough. The router says which is asked before which.

    hosts: a name, or `*.` and what all names below one end with. within: a label that stands inside of a host. is_host:
    whether any other name is its own. paths: what they begin with. signed_for: services as SigV4 names them in a
    credential's scope, or one of them and how the path begins: `s3/v20180820/`. targets: what X-Amz-Target begins with.
    versions: of query APIs, as unsigned forms name them; actions: how such forms' Action begins. shapes: what a whole
    path looks like that nothing else of a request gives to anybody. forms: unsigned ones that say in their body whose
    they are. rest: requests that name a service which nobody claims.
    """

    hosts: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    is_host: Callable[[str], bool] | None = None
    paths: tuple[bytes, ...] = ()
    signed_for: tuple[str, ...] = ()
    targets: tuple[bytes, ...] = ()
    versions: tuple[bytes, ...] = ()
    actions: tuple[bytes, ...] = ()
    shapes: tuple[re.Pattern[bytes], ...] = ()
    forms: bool = False
    rest: bool = False


SMALL_BYTES = 64 * 1024
"""Of a body that may be worked on on the loop."""


def is_small(head: Head, length: int | None) -> bool:
    """Whether the body is, as far as its head says: one of unknown length may be any. length: as in `handling`."""
    return (length or 0) <= SMALL_BYTES and b"transfer-encoding" not in head.first


class Service(Protocol):
    """Serves some of the requests. answers_pages: whether the web pages of others may ask is for itself to decide."""

    claims: ServiceClaims
    answers_pages: bool

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        """By its head alone, on the loop. length: of its body in bytes, if that is announced."""

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        """An error in the form that who sent the request reads."""
