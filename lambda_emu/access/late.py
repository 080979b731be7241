"""Who may do what, imported when it is first asked: where nothing is enforced most servers never ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from lambda_emu.access.evaluated import OF_THEMSELVES
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.model.caller import Caller, CallerKind

if TYPE_CHECKING:
    from lambda_emu.access.guard import Access, Authorizer

FREE = (CallerKind.ANONYMOUS, CallerKind.SERVICE)
"""Who signs nothing is let in or not by whoever serves it; what we do in a service's name was decided before."""


class LateAccess:
    """services.observers.Observer as well. make: with which policies. enforces: what IAM would refuse is so.

    knows_roles: whether there may be any at all.
    """

    def __init__(self, make: Callable[[], Access], *, enforces: bool, knows_roles: Callable[[], bool]) -> None:
        self.enforces = enforces
        self.knows_roles = knows_roles
        self._make = make
        self._access: Access | None = None
        self._lock = Lock()  # guards _access while it is made

    def __call__(self) -> Access:
        with self._lock:
            if self._access is None:
                self._access = self._make()
            return self._access

    def told(self, request_id: str) -> dict[str, Any] | None:
        """Why it was let through or refused; None: nothing was decided of it, or that is long ago."""
        return None if self._access is None else self._access.explained.told(request_id)

    async def check(
        self,
        caller: Caller,
        asked: Request,
        action: str,
        resource: str,
        policy: str | None = None,
        context: Mapping[str, str] = {},
    ) -> None:
        """signatures.signers.Check. NotAuthorized; LambdaError where nobody answers who knows."""
        if caller.kind in FREE or (caller.kind is CallerKind.ROOT and not self.enforces):
            return
        from lambda_emu.access.demand import Demand  # here: most servers are never asked

        await self().check(caller, asked, Demand(action, resource, context), policy)

    async def passes(self, head: Head) -> None: ...

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        if self._access is not None:
            self._access.watch.passed(head)
        return body

    def forget(self) -> None:
        """All accounts were emptied. On the loop."""
        if self._access is not None:
            self._access.watch.forget()


class LateAuthorizer:
    """signatures.guard.Authorize, of one service or of those that share a form: see Authorizer."""

    def __init__(self, access: LateAccess, names: Sequence[str], *, is_shared: bool) -> None:
        self._late = access
        self._names = names
        self._is_shared = is_shared
        self._is_own = all(name in OF_THEMSELVES for name in names)
        self._authorizer: Authorizer | None = None
        self.is_let: Callable[[Caller, Request], bool] = self._may_again

    def at_once(self, caller: Caller, asked: Request) -> bool:
        """Whether that is known: he may. False: only `find` finds out. NotAuthorized."""
        return self._is_free(caller, asked) or (self._authorizer or self._make()).at_once(caller, asked)

    async def find(self, caller: Caller, asked: Request) -> None:
        """NotAuthorized; LambdaError where nobody answers who knows."""
        if not self._is_free(caller, asked):
            await (self._authorizer or self._make()).find(caller, asked)

    def _is_free(self, caller: Caller, asked: Request) -> bool:
        if caller.kind in FREE:  # of queues' policies the services' process says itself what they lack
            is_asked = self._is_own or (self._late.enforces and "sqs" in self._names)
            return not (is_asked and caller.kind is CallerKind.SERVICE and _is_in_a_name(caller, asked))
        if not self._is_own or self._late.enforces or caller.kind is not CallerKind.ROOT:
            return False
        return not (_gives_role(asked) and self._late.knows_roles())

    def _may_again(self, caller: Caller, asked: Request) -> bool:
        authorizer = self._authorizer
        return self._is_free(caller, asked) or (authorizer is not None and authorizer.is_let(caller, asked))

    def _make(self) -> Authorizer:
        from lambda_emu.access.guard import Authorizer

        self._authorizer = Authorizer(self._late(), self._names, is_shared=self._is_shared)
        if self._late.enforces:  # then nearly nobody is free
            self.is_let = self._authorizer.is_let
        return self._authorizer


def _is_in_a_name(caller: Caller, asked: Request) -> bool:
    from lambda_emu.access.services import is_in_a_name  # here: most servers are never asked

    return is_in_a_name(caller, asked)


def _gives_role(asked: Request) -> bool:
    """Whether it may be one by which Lambda or EventBridge is given a role, which has to trust it."""
    target = asked.head.target
    if target == b"/":
        return asked.head.first.get(b"x-amz-target", b"").endswith(b".PutTargets")
    return target.endswith((b"/functions", b"/functions/", b"/configuration"))
