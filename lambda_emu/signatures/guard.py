"""Stands before services: who asks is found out, and whether he may, before anything of the request is worked on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, Service
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.model.caller import ANONYMOUS, Caller
from lambda_emu.signatures.refusals import Family, Reason, family_of, refused

if TYPE_CHECKING:  # most servers are never asked by whom
    from lambda_emu.signatures.signers import Signers

KEPT = 64
FIND_LIMIT_S = 80.0
"""Who knows keys and policies may have to be started for it."""


class Authorize(Protocol):
    """Says whether a caller may do what he asks for. Who signs nothing may, as far as it is asked."""

    @property
    def is_let(self) -> Callable[[Caller, Request], bool]:
        """Says whether he was let do the same, and all is as it was then. False: it is not known. On any thread."""

    def at_once(self, caller: Caller, asked: Request) -> bool:
        """Whether that is known: he may. False: only `find` finds out. LambdaError: he may not. On any thread."""

    async def find(self, caller: Caller, asked: Request) -> None:
        """LambdaError: he may not. On the loop."""


class Guard:
    """signers: made when somebody first asks. authorize: None: whoever signs may do anything.

    is_strict: signatures are checked, and what has to have one is refused without.
    """

    def __init__(
        self, signers: Callable[[], Signers], loop: Loop, authorize: Authorize | None = None, *, is_strict: bool
    ) -> None:
        self.is_strict = is_strict
        self._signers = signers
        self._loop = loop
        self._authorize = authorize

    def has_let(self, asked: Request) -> bool:
        """Whether who asks is known by what he says alike in all his requests, and was let do the same before.

        False: `decided` finds out. It is the way of nearly all requests where anybody is asked, so it is short.
        """
        caller = self._signers().quick_caller(asked)
        if caller is None:
            return False
        asked.caller = caller
        return self._authorize is None or self._authorize.is_let(caller, asked)

    def decided(self, asked: Request, service: GuardedService) -> bool:
        """Whether that is known: it may be served. False: only `find` finds out. LambdaError: it may not."""
        caller = asked.caller or self._signers().caller_at_once(asked, service.family)
        if caller is None:
            return False
        if caller is ANONYMOUS:
            self._check_unsigned(asked, service)
        asked.caller = caller
        return self._authorize is None or self._authorize.at_once(caller, asked)

    async def find(self, asked: Request, service: GuardedService) -> None:
        """The same. LambdaError."""
        caller = asked.caller or await self._signers().caller(asked, service.family)
        if caller is ANONYMOUS:
            self._check_unsigned(asked, service)
        asked.caller = caller
        if self._authorize is not None:
            await self._authorize.find(caller, asked)

    def find_on_worker(self, asked: Request, service: GuardedService) -> None:
        """The body may be large: it is hashed and read here, and on the loop is asked who knows keys and policies."""
        if asked.caller is None:
            signers = self._signers()
            self._loop.run(signers.find_key(signers.key_of(asked, service.family)), FIND_LIMIT_S)
            if self.decided(asked, service):
                return
        self._loop.run(self.find(asked, service), FIND_LIMIT_S)

    def find_on_loop(self, finding: GuardedHandling, asked: Request, call: Call) -> None:
        self._loop.spawn(finding.later(asked, call), "a request of a caller who is not known yet")

    def _check_unsigned(self, asked: Request, service: GuardedService) -> None:
        if self.is_strict and not service.may_be_unsigned(asked):
            raise refused(Reason.MISSING, service.family or family_of(asked, None))


class GuardedService:
    """gateway.services.Service: another one, behind a guard."""

    def __init__(
        self,
        inner: Service,
        guard: Guard,
        may_be_unsigned: Callable[[Request], bool],
        family: Family | None = None,
    ) -> None:
        """family: of its errors; None: by each request's form."""
        self.claims = inner.claims
        self.answers_pages = inner.answers_pages
        self.inner = inner
        self.guard = guard
        self.may_be_unsigned = may_be_unsigned
        self.family = family
        self._kept: dict[int, GuardedHandling] = {}

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        inner = self.inner.handling(head, path, length)
        found = self._kept.get(id(inner))
        if found is None or found.inner is not inner:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = self._kept[id(inner)] = GuardedHandling(self, inner)
        return found.handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return self.inner.error_answer(error, request)


class GuardedHandling:
    """How a service serves one kind of requests, once the guard lets them pass."""

    def __init__(self, service: GuardedService, inner: Handling) -> None:
        self.inner = inner
        self.handling = replace(inner, serve=self.serve)
        self._service = service
        self._serve = inner.serve
        self._guard = service.guard
        self._is_open = not service.guard.is_strict and service.family is not Family.S3  # which has other signatures

    def serve(self, asked: Request, call: Call) -> Answer | None:
        if self._is_open and b"authorization" not in asked.head.first and not asked.query:
            asked.caller = ANONYMOUS
            return self._serve(asked, call)
        service, guard = self._service, self._guard
        if guard.has_let(asked):
            return self._serve(asked, call)
        try:
            if not guard.decided(asked, service):
                if call.on_loop:
                    guard.find_on_loop(self, asked, call)
                    return None
                guard.find_on_worker(asked, service)
        except LambdaError as error:
            return service.error_answer(error, asked)
        return self._serve(asked, call)

    async def later(self, asked: Request, call: Call) -> None:
        """The same for one on the loop whose caller has to be found first."""
        service = self._service
        with call.guard("a request whose caller was found"):
            await service.guard.find(asked, service)
            answer = self._serve(asked, call)
            if answer is not None:
                call.answer(answer)
