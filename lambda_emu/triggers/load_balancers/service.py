"""What the gateway is told of load balancers: which requests are theirs. What serves them comes with the first one."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_in, credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims, is_small
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.invoke.request import Invoke
from lambda_emu.store import Store
from lambda_emu.triggers.load_balancers.refusals import (
    LABEL,
    PATH,
    BalancerRefusal,
    RequestTooLargeForTarget,
    refusal_answer,
)

if TYPE_CHECKING:
    from lambda_emu.triggers.load_balancers.data_plane import DataPlane

ABOVE = (f".{LABEL}.localhost", f".{LABEL}.localhost.localstack.cloud", f".{LABEL}.amazonaws.com")
"""What hosts of load balancers end with."""
SIGNED_FOR = "elasticloadbalancing"
REQUEST_BYTES = 1024 * 1024
SMALL_TARGET_BYTES = 4096
"""A longer query takes a moment to be looked at."""
LARGE = Workers("large requests to load balancers", 4, 64)


class FactSource(Protocol):
    async def ask(self, fact: str, about: str) -> Any:
        """`load-balancer`; None: there is none of this name."""


class LoadBalancers:
    """Serves those of all accounts, and is told of the requests to their control plane."""

    claims = ServiceClaims(is_host=lambda host: host.endswith(ABOVE), paths=(PATH.encode(),))
    answers_pages = True

    def __init__(self, store: Store, invoke: Invoke, loop: Loop, clock: Clock, facts: FactSource) -> None:
        self._store = store
        self._invoke = invoke
        self._loop = loop
        self._clock = clock
        self._facts = facts
        self._lock = Lock()  # guards _data_plane while it is made
        self._data_plane: DataPlane | None = None
        self._small = Handling(self._serve, REQUEST_BYTES, RequestTooLargeForTarget())
        self._large = Handling(self._serve, REQUEST_BYTES, RequestTooLargeForTarget(), lambda _: LARGE)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        on_loop = is_small(head, length) and len(head.target) <= SMALL_TARGET_BYTES
        return self._small if on_loop else self._large

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        if isinstance(error, BalancerRefusal):
            return refusal_answer(error)
        return error_answer(error, request.request_id)

    def forget(self) -> None:
        """The control plane has lost all that it knew. On the loop."""
        if self._data_plane is not None:
            self._data_plane.forget()

    def _serve(self, asked: Request, call: Call) -> None:
        (self._data_plane or self._make()).serve(asked, call)

    def _make(self) -> DataPlane:
        from lambda_emu.triggers.load_balancers.data_plane import DataPlane

        with self._lock:
            if self._data_plane is None:
                read = partial(self._facts.ask, "load-balancer")
                self._data_plane = DataPlane(self._store, self._invoke, self._loop, self._clock, read)
            return self._data_plane

    # -- of requests to other services ------------------------------------------------------------

    async def passes(self, head: Head) -> None:
        self._look(head)

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        self._look(head)
        return body

    def _look(self, head: Head) -> None:
        """A form without a signature says in its body alone what it is for."""
        if self._data_plane is None:
            return
        query = head.target.partition(b"?")[2]
        signed = credential_of(head.get(b"authorization")) or credential_in(query)
        is_form = signed is None and head.method == b"POST" and head.target.partition(b"?")[0] == b"/"
        if is_form or (signed is not None and signed.service == SIGNED_FOR):
            self._data_plane.forget()
