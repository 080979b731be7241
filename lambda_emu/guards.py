"""Who is asked before services answer: signatures, and what policies say of whoever signed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.access.apis import ApiAccess, allow_all
from lambda_emu.access.evaluated import ASKED_INSIDE, EVALUATED
from lambda_emu.access.late import LateAccess, LateAuthorizer
from lambda_emu.arn import FunctionId, Scope
from lambda_emu.around import Around
from lambda_emu.clock import Clock
from lambda_emu.config import ENFORCE, OFF, Settings
from lambda_emu.destinations.leave import LateLeave
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Service
from lambda_emu.http.loop import Loop
from lambda_emu.services.catalogue import KNOWN
from lambda_emu.services.signers import LateSigners
from lambda_emu.signatures.guard import Guard, GuardedService
from lambda_emu.signatures.refusals import Family
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.access.acting import Acting
    from lambda_emu.access.deliveries import DeliveryAccess
    from lambda_emu.access.guard import Access
    from lambda_emu.access.polling import PollingAccess

log = logging.getLogger(__name__)


class Guards:
    """Of one server. signers: who signed. access: what they may. may_invoke: whether they may invoke an API."""

    def __init__(
        self, settings: Settings, scope: Scope, clock: Clock, loop: Loop, store: Store, around: Around
    ) -> None:
        """clock: the machine's, by which signatures expire. scope: of callers who name no other."""
        self._is_off, self._is_strict = settings.iam == OFF, settings.iam == ENFORCE
        self._scope = scope
        self._clock = clock
        self._loop = loop
        self._store = store
        self._around = around
        self.signers = self._make_signers(settings.root_secret)
        self.access = LateAccess(self._make_access, enforces=self._is_strict, knows_roles=self._knows_roles)
        self.may_invoke = allow_all if self._is_off else ApiAccess(self.access).reason
        if not self._is_off:
            self.signers.check = self.access.check

    def before(
        self,
        service: Service,
        may_be_unsigned: Callable[[Request], bool],
        *names: str,
        is_shared: bool = False,
        family: Family | None = None,
    ) -> Service:
        """The service behind a guard, where one is wanted. names, is_shared: as access.guard.Authorizer has them."""
        is_evaluated = set(names) & set(EVALUATED)
        is_asked = is_evaluated or set(names) & set(ASKED_INSIDE)
        if self._is_off or not (is_asked or self._is_strict):
            return service
        authorizer = LateAuthorizer(self.access, names, is_shared=is_shared) if is_evaluated else None
        guard = Guard(self.signers, self._loop, authorizer, is_strict=self._is_strict)
        return GuardedService(service, guard, may_be_unsigned, family)

    async def may_take(self, repository: str, owner: str, function: FunctionId) -> bool:
        """access.images.may_take."""
        from lambda_emu.access.images import may_take  # here: most servers are never asked

        return await may_take(self.access(), repository, owner, function)

    def hold_to_policies(self) -> None:
        """What happens by itself. Most servers have nothing that does, so what knows is imported with the first."""
        if self._is_off:
            return
        made: list[Acting] = []  # on the loop

        def acting() -> Acting:
            from lambda_emu.access.acting import Acting

            if not made:
                made.append(Acting(self.access(), self._store, self._clock))
            return made[0]

        def of_deliveries() -> DeliveryAccess:
            from lambda_emu.access.deliveries import DeliveryAccess

            return DeliveryAccess(acting(), self._store)

        def of_pollers() -> PollingAccess:
            from lambda_emu.access.polling import PollingAccess

            return PollingAccess(acting(), self._store)

        self._around.outbox.leave = LateLeave(of_deliveries)
        self._around.sources.ask_for_leave(of_pollers)
        self._around.delivery_streams.find_refusal = lambda *asked: acting().refusal(*asked)

    def _knows_roles(self) -> bool:
        return self._around.child.knows_any

    def _make_access(self) -> Access:
        from lambda_emu.access.explaining import Explained  # here: where all may all they ask nobody asks
        from lambda_emu.access.guard import Access
        from lambda_emu.access.own_policies import own_policies
        from lambda_emu.access.sources import PolicySources

        around = self._around
        own = own_policies(self._store, around.queues, around.streams, around.buses, around.log_groups)
        sources = PolicySources(around.child, own, self._store.functions)
        return Access(sources, self._clock, self._scope, Explained(), enforces=self._is_strict)

    def _make_signers(self, secret: str) -> LateSigners:
        child = self._around.child
        child.checks_signatures = self._is_strict
        if self._is_strict:
            asked = (*EVALUATED, *ASKED_INSIDE)
            others = sorted(name for name, known in KNOWN.items() if known.signing_name not in asked)
            log.warning("IAM is enforced, but whoever signs may ask for anything of these: %s", ", ".join(others))
        account, issuer = self._scope.account, self._around.issuer
        return LateSigners(self._clock, account, secret, issuer, child, is_strict=self._is_strict)
