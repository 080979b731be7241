"""Says whether a caller may do what he asks for, by all policies that have a say in it. docs/security.md#iam."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from lambda_emu.access.context import caller_context, request_context
from lambda_emu.access.cures import cure_of
from lambda_emu.access.demand import PASS_ROLE, Demand
from lambda_emu.access.evaluated import OF_THEMSELVES
from lambda_emu.access.explaining import Explained, Weighed
from lambda_emu.access.reading import demands_of, service_of
from lambda_emu.access.refusals import NotAuthorized
from lambda_emu.access.services import in_its_name
from lambda_emu.access.sources import PolicySources, Principal, Resource
from lambda_emu.access.trust import NotAssumable, tell_distrust, trusts
from lambda_emu.access.watching import PolicyWatch
from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller
from lambda_emu.model.iam.evaluation import ASSUME_ROLE, OF_TRUST, Decision, Kind, Policy, Question, decide
from lambda_emu.notices import Notices
from lambda_emu.services.callers import signed_with

MOST_KEPT = 4096
MOST_TARGET_BYTES = 512
TURN_DEMANDS = 16
"""So many are weighed before others have their turn."""


class Access:
    """What holds for all services. On any thread, but for what is awaited.

    enforces: else only other accounts are refused, and of what AWS would refuse it is told once.
    own: of callers whose requests say no region.
    """

    def __init__(
        self,
        sources: PolicySources,
        clock: Clock,
        own: Scope,
        explained: Explained,
        *,
        enforces: bool,
    ) -> None:
        self.sources = sources
        self.enforces = enforces
        self.watch = PolicyWatch(sources)
        self.now_s = clock.now_s
        self._own = own
        self.explained = explained
        self.notices = Notices()
        self._kept: dict[tuple[str, str, str], tuple[Caller, int, Resource, Decision]] = {}

    def region_of(self, request: Request) -> str:
        credential = signed_with(request)
        return self._own.region if credential is None else credential.region

    async def check(self, caller: Caller, asked: Request, demand: Demand, policy: str | None) -> None:
        """NotAuthorized. policy: of the resource, where it is not found by its ARN."""
        principal = await self.sources.principal(caller)
        if policy is None:
            resource = await self.sources.resource(demand.resource)
        else:
            resource = Resource(policy=Policy(demand.resource, policy))
        weighed = self.weigh(caller, demand, principal, resource, asked)
        self.conclude(demand.action.partition(":")[0], caller, [weighed], asked)

    def weigh(
        self, caller: Caller, demand: Demand, principal: Principal, resource: Resource, request: Request
    ) -> Weighed:
        if resource.arn is not None and demand.shown is not None:  # it was named, and its ARN says more than that
            demand = Demand(demand.action, resource.arn, demand.context, demand.shown, demand.items)
        key = caller.access_key, demand.action, demand.resource
        kept = self._kept.get(key)
        if (
            kept is not None
            and (kept[0] is caller or kept[0] == caller)
            and kept[1] == self.sources.version
            and kept[2] == resource
        ):
            decision = kept[3]
        else:
            decision = self._decide(caller, demand, principal, resource, request)
            if not decision.is_open:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = caller, self.sources.version, resource, decision
        if decision.allowed:
            if demand.action == PASS_ROLE:
                self._check_trust(caller, demand, decision, resource, request)
            return Weighed(demand, decision, False, principal.exists)
        is_refused = self.enforces or _is_of_others(caller, demand, resource, decision)
        weighed = Weighed(demand, decision, is_refused, principal.exists)
        if self.enforces or (principal.exists and not is_refused and _is_there(demand, resource)):
            self.tell(caller, weighed)
        return weighed

    def _check_trust(
        self, caller: Caller, demand: Demand, decision: Decision, role: Resource, request: Request
    ) -> None:
        """NotAssumable."""
        service = str(demand.context["iam:passedtoservice"])
        source = request.wanted[0].resource if request.wanted else ""
        scope = Scope(caller.account, self.region_of(request))
        if trusts(role, demand.resource, service, source, scope, self.now_s()):
            return
        tell_distrust(self.notices, service, demand.resource, is_refused=self.enforces)
        if self.enforces:
            weighed = Weighed(Demand(ASSUME_ROLE, demand.resource), Decision(False, Kind.RESOURCE), True)
            self.explained.add((request.request_id, caller, [Weighed(demand, decision, False), weighed]))
            raise NotAssumable(service, demand.resource)

    def conclude(self, service: str, caller: Caller, weighed: Sequence[Weighed], request: Request) -> None:
        """NotAuthorized."""
        self.explained.add((request.request_id, caller, weighed))
        for demand, decision, is_refused, _ in weighed:
            if is_refused:
                raise NotAuthorized(service, caller, demand, decision)
        self.watch.let(request.head, [each.demand.action for each in weighed])

    def _decide(
        self, caller: Caller, demand: Demand, principal: Principal, resource: Resource, request: Request
    ) -> Decision:
        owner = resource.owner or demand.owner or caller.account
        context = {
            **request_context(request, self.region_of(request), owner, self.now_s()),
            **caller_context(caller, principal.tags),
            **demand.context,
        }
        if demand.items:
            from lambda_emu.access.demands.items import item_context  # here: DynamoDB's alone have any

            index = demand.resource.partition("/index/")[2]
            context |= item_context(demand.items, resource.keys.get(index))
        return decide(Question(caller, demand.action, demand.resource, owner, context), principal.held, resource.policy)

    def tell(self, caller: Caller, weighed: Weighed) -> None:
        """Once, with what to add."""
        demand, decision, is_refused, is_anybody = weighed
        who, reason = caller.principal_arn, decision.reason(demand.action)
        cure = cure_of(caller, demand, decision, is_anybody=is_anybody)
        where = "" if is_refused else "on AWS "
        self.notices.tell(
            f"{where}{who} may not {demand.action} on {demand.resource}, {reason}: {cure}",
            about=f"{who} {demand.action} {demand.resource}",
        )


class Let(NamedTuple):
    """What somebody was let do. version, functions: of what was known then. begin: of the header that said so."""

    caller: Caller
    begin: bytes
    version: int
    functions: object
    weighed: Sequence[Weighed]


class Authorizer:
    """Decides of one service, or of several that share a form. names: as their actions begin.

    is_shared: others than these have the form, too, or there are several: by what a request is signed for.
    """

    def __init__(self, access: Access, names: Sequence[str], *, is_shared: bool) -> None:
        self._access = access
        self._names = names
        self._is_shared = is_shared
        self._sources, self._add = access.sources, access.explained.add
        self._let: dict[tuple[str, bytes], Let] = {}  # by access key and target

    def is_let(self, caller: Caller, asked: Request) -> bool:
        """Whether he was let do the same, and all is as it was then. False: that is not said."""
        head = asked.head
        let = self._let.get((caller.access_key, head.target))
        if (
            let is None
            or let.caller is not caller
            or let.version != self._sources.version
            or let.functions is not self._sources.functions.as_committed
            or head.method != b"POST"
            or not head.first.get(b"authorization", b"").startswith(let.begin)
        ):
            return False
        self._add((asked.request_id, caller, let.weighed))
        return True

    def at_once(self, caller: Caller, asked: Request) -> bool:
        """Whether that is known: he may. False: only `find` finds out. NotAuthorized."""
        service = self._service(asked)
        if service is None:
            return True
        sources = self._sources
        version, functions, weighed = sources.version, sources.functions.as_committed, []
        caller, demands = in_its_name(caller, asked, self._demands(service, caller, asked))
        principal = sources.known_principal(caller)
        asked.wanted = demands
        for demand in demands:
            resource = sources.known_resource(demand.resource)
            if principal is None or resource is None:
                return False
            weighed.append(self._access.weigh(caller, demand, principal, resource, asked))
        self._access.conclude(service, caller, weighed, asked)
        if len(weighed) == 1 and weighed[0].decision.allowed and not weighed[0].decision.is_open:
            self._keep(Let(caller, _credential_text(asked), version, functions, weighed), asked)
        return True

    def _keep(self, let: Let, asked: Request) -> None:
        """Of invocations, which ask for the same whatever their event is."""
        target = asked.head.target
        if not asked.path.endswith(b"/invocations") or asked.method != "POST" or len(target) > MOST_TARGET_BYTES:
            return
        if credential_of(let.begin) is None:  # it stands elsewhere
            return
        if len(self._let) >= MOST_KEPT:
            self._let.clear()
        self._let[let.caller.access_key, target] = let

    async def find(self, caller: Caller, asked: Request) -> None:
        """NotAuthorized; LambdaError where nobody answers who knows."""
        service = self._service(asked)
        if service is None:
            return
        wanted = self._demands(service, caller, asked) if asked.wanted is None else asked.wanted
        caller, demands = in_its_name(caller, asked, wanted)
        sources, weighed = self._sources, []
        principal = await sources.principal(caller)
        for number, demand in enumerate(demands, 1):
            resource = await sources.resource(demand.resource)
            weighed.append(self._access.weigh(caller, demand, principal, resource, asked))
            if number % TURN_DEMANDS == 0:
                await asyncio.sleep(0)
        self._access.conclude(service, caller, weighed, asked)

    def _service(self, asked: Request) -> str | None:
        return service_of(self._names, asked) if self._is_shared else self._names[0]

    def _demands(self, service: str, caller: Caller, asked: Request) -> Sequence[Demand]:
        return demands_of(service, asked, Scope(caller.account, self._access.region_of(asked)))


def _credential_text(asked: Request) -> bytes:
    """As every library writes it first."""
    return asked.head.first.get(b"authorization", b"").partition(b",")[0] + b","


def _is_there(demand: Demand, resource: Resource) -> bool:
    """Of a role that nobody made here nothing is known."""
    return resource.owner is not None or demand.action not in (*OF_TRUST, PASS_ROLE)


def _is_of_others(caller: Caller, demand: Demand, resource: Resource, decision: Decision) -> bool:
    """Whether the resource is of another account, and its own policy does not let the caller in."""
    owner = resource.owner or demand.owner or caller.account
    if owner == caller.account or demand.action.partition(":")[0] in (*OF_THEMSELVES, "iam", "sts"):
        return False
    return decision.kind is Kind.RESOURCE
