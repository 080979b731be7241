"""Who may ask what of CloudFormation, and in whose name a stack is made: the caller's, or that of its role.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from lambda_emu.access.demand import Asking, Demand
from lambda_emu.access.demands.functions import of_call
from lambda_emu.access.demands.stacks import CLOUDFORMATION, stacks
from lambda_emu.access.late import FREE, LateAccess
from lambda_emu.access.refusals import NotAuthorized
from lambda_emu.access.trust import NotAssumable, trusts
from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.credentials import Credentials, Issuer, RoleSession, read_token
from lambda_emu.model.function.function import S3Object
from lambda_emu.services.clients import Clients

FIND_LIMIT_S = 80.0
"""Who knows policies may have to be started for it."""
SESSION = "AWSCloudFormation"
"""The name of a role's session, as AWS has it."""


class StackAccess:
    """Not on the loop. own: clients in the server's own name. clients_as: makes those of credentials."""

    def __init__(
        self,
        access: LateAccess,
        loop: Loop,
        own: Clients,
        clients_as: Callable[[Credentials], Clients],
        issuer: Issuer,
    ) -> None:
        self._access = access
        self._loop = loop
        self._own = own
        self._clients_as = clients_as
        self._issuer = issuer

    def check(self, request: Request, operation: str, members: Mapping[str, Any], scope: Scope, about: str) -> None:
        """NotAuthorized, NotAssumable."""
        caller = self._asked(request)
        if caller is None:
            return
        demands = stacks(Asking("cloudformation", operation, members, scope, request), about)
        request.wanted = demands
        self._ask("cloudformation", caller, request, demands)

    def may_read(self, request: Request, wanted: S3Object, scope: Scope) -> bool:
        caller = self._asked(request)
        if caller is None:
            return True
        action = "s3:GetObject" if wanted.version is None else "s3:GetObjectVersion"
        demand = Demand(action, f"arn:{scope.partition}:s3:::{wanted.bucket}/{wanted.key}")
        try:
            self._ask("s3", caller, request, [demand])
        except NotAuthorized:
            return False
        return True

    def _asked(self, request: Request) -> Caller | None:
        """Who is held to policies; None: nobody is."""
        caller: Caller | None = request.caller
        if caller is None or caller.kind in FREE or (caller.kind is CallerKind.ROOT and not self._access.enforces):
            return None
        return caller

    @contextmanager
    def act_as(
        self, request: Request, role: str | None, context: RequestContext
    ) -> Iterator[tuple[Clients, RequestContext]]:
        """cloudformation.deploying.ActAs, of a request that was let through. Where nothing is enforced, we ask.

        NotAssumable, where the role trusts CloudFormation no more.
        """
        caller: Caller | None = request.caller
        if not self._access.enforces or caller is None or caller.kind in FREE:
            yield self._own, context
            return
        if role is not None:
            self._loop.run(self._check_trust(role, context.scope), FIND_LIMIT_S)
        credentials = self._credentials(caller, role, context)
        session = read_token(credentials.token)
        assert session is not None  # we have just written it
        who = session.caller()

        def permit(operation: str, members: Mapping[str, Any]) -> None:
            demands = of_call(Asking("lambda", operation, members, context.scope, request))
            self._ask("lambda", who, request, demands)

        def permit_action(action: str, resource: str) -> None:
            self._ask(action.partition(":")[0], who, request, [Demand(action, resource)])

        clients = self._clients_as(credentials)
        try:
            yield clients, replace(context, permit=permit, permit_action=permit_action)
        finally:
            clients.close()

    def _credentials(self, caller: Caller, role: str | None, context: RequestContext) -> Credentials:
        nonce = context.clock.new_token()
        if role is None:
            return self._issuer.of_caller(caller, nonce)
        return self._issuer.of_role(context.scope.account, nonce, RoleSession(role, SESSION))

    async def _check_trust(self, role: str, scope: Scope) -> None:
        """Whoever gave it may be gone since. NotAssumable."""
        access = self._access()
        found = await access.sources.resource(role)
        if not trusts(found, role, CLOUDFORMATION, scope.arn("stack/*/*", "cloudformation"), scope, access.now_s()):
            raise NotAssumable(CLOUDFORMATION, role)

    def _ask(self, service: str, caller: Caller, request: Request, demands: Sequence[Demand]) -> None:
        """NotAuthorized, NotAssumable; LambdaError or TimeoutError where nobody answers who knows."""
        self._loop.run(self._decide(service, caller, request, demands), FIND_LIMIT_S)

    async def _decide(self, service: str, caller: Caller, request: Request, demands: Sequence[Demand]) -> None:
        access = self._access()
        principal = await access.sources.principal(caller)
        weighed = []
        for demand in demands:
            resource = await access.sources.resource(demand.resource)
            weighed.append(access.weigh(caller, demand, principal, resource, request))
        access.conclude(service, caller, weighed, request)
