"""What happens by itself is held to what it may: as a service that a resource lets in, or as the role it was given.

One piece for all: rules, schedules, alarms, log subscriptions, functions' results, pollers, delivery streams.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lambda_emu.access.context import caller_context, own_context
from lambda_emu.access.demand import Demand
from lambda_emu.access.explaining import Weighed
from lambda_emu.access.guard import Access
from lambda_emu.access.refusals import refusal_of
from lambda_emu.access.sources import NO_RESOURCE, Principal, Resource
from lambda_emu.access.trust import distrust_text, tell_distrust, trusts
from lambda_emu.arn import Scope, Target, parse_function_name, scope_in, service_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.invoke.rules import permission_command
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.credentials import role_id, session_arn
from lambda_emu.model.iam.evaluation import Decision, Question, decide
from lambda_emu.store import Store

KEPT_S = 1.0
"""So long what was decided holds while no policy changes: a condition may ask for the time."""
MOST_KEPT = 1024
ALARMS = "cloudwatch.amazonaws.com"


class Kept(NamedTuple):
    """version, knows_any: of PolicySources, as it was decided, and looked: what `look` said. refusal: None: it may."""

    until_s: float
    version: int
    look: Callable[[], object]
    looked: object
    knows_any: bool
    refusal: str | None


class Acting:
    """On the loop."""

    def __init__(self, access: Access, store: Store, clock: Clock) -> None:
        self._access = access
        self._store = store
        self._clock = clock
        self._kept: dict[tuple[str, str, str, str, str], Kept] = {}

    @property
    def enforces(self) -> bool:
        return self._access.enforces

    def known(self, actor: Actor, action: str, resource: str) -> tuple[bool, str | None]:
        """Whether it is known, and AWS's text why it may not; None: it may."""
        sources, now_s = self._access.sources, self._clock.monotonic_s()
        key = actor.service, actor.source, actor.role, action, resource
        kept = self._kept.get(key)
        if (
            kept is not None
            and kept.until_s >= now_s
            and kept.version == sources.version
            and kept.look() is kept.looked
            and (not actor.role or kept.knows_any == sources.knows_any)
        ):
            return True, kept.refusal
        caller, look = _caller(actor), sources.look_at(resource)
        version, looked, knows_any = sources.version, look(), sources.knows_any
        found, principal = sources.known_resource(resource), sources.known_principal(caller)
        if found is None or principal is None:
            return False, None
        role = sources.known_resource(actor.role) if actor.role else NO_RESOURCE
        if role is None:
            return False, None
        refusal = self._weigh(actor, caller, Demand(action, resource), principal, found, role)
        kept = Kept(now_s + KEPT_S, version, look, looked, knows_any, refusal)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = kept
        return True, kept.refusal

    async def refusal(self, actor: Actor, action: str, resource: str) -> str | None:
        """AWS's text why it may not; None: it may. LambdaError where nobody answers who knows."""
        is_known, refusal = self.known(actor, action, resource)
        if is_known:
            return refusal
        sources, caller = self._access.sources, _caller(actor)
        principal, found = await sources.principal(caller), await sources.resource(resource)
        role = await sources.resource(actor.role) if actor.role else NO_RESOURCE
        return self._weigh(actor, caller, Demand(action, resource), principal, found, role)

    def _weigh(
        self, actor: Actor, caller: Caller, demand: Demand, principal: Principal, resource: Resource, role: Resource
    ) -> str | None:
        """role: with its trust policy, where one is acted as."""
        source = actor.source
        if not trusts(role, actor.role, actor.service, source, scope_in(source), self._clock.now_s()):
            tell_distrust(self._access.notices, actor.service, actor.role, is_refused=self.enforces)
            if self.enforces:
                return distrust_text(actor.service, actor.role)
        decision = self._decide(actor, caller, demand, principal, resource)
        if decision.allowed:
            return None
        if self.enforces:
            return refusal_of(caller, demand, decision)
        if principal.exists:
            self._tell(actor, caller, demand, decision)
        return None

    def _decide(
        self, actor: Actor, caller: Caller, demand: Demand, principal: Principal, resource: Resource
    ) -> Decision:
        account = scope_in(actor.source).account
        owner = resource.owner or demand.owner or account
        source = {"aws:sourcearn": actor.source, "aws:sourceaccount": account, "aws:principalisawsservice": "true"}
        context = {
            **own_context(scope_in(actor.source).region, owner, self._clock.now_s()),
            **(source if caller.kind is CallerKind.SERVICE else caller_context(caller, principal.tags)),
        }
        asked = Question(caller, demand.action, demand.resource, owner, context)
        decision = decide(asked, principal.held, resource.policy)
        if decision.allowed or decision.denied or actor.service != ALARMS:
            return decision
        everybody = Caller(CallerKind.ANONYMOUS, "", "", "", "")  # whom topics let in unless told otherwise
        asked = Question(everybody, demand.action, demand.resource, owner, {**context, "aws:sourceowner": account})
        return decide(asked, principal.held, resource.policy)

    def _tell(self, actor: Actor, caller: Caller, demand: Demand, decision: Decision) -> None:
        """Once, of what AWS would refuse; of functions that are there, by the command that lets them run."""
        if actor.role or service_in(demand.resource) != "lambda":
            told = demand if actor.role else Demand(demand.action, demand.resource, {"aws:sourcearn": actor.source})
            self._access.tell(caller, Weighed(told, decision, is_refused=False))
            return
        written = parse_function_name(demand.resource)
        target = Target(Scope(written.account or "", written.region or "").function(written.name), written.qualifier)
        if self._store.function(target.id) is not None:
            command = permission_command(target, actor.service, actor.source)
            self._access.notices.tell(
                f"{demand.resource} runs for {actor.source}, which it would not on AWS: its policy does not let "
                f"{actor.service} run it; this lets it: {command}"
            )


def _caller(actor: Actor) -> Caller:
    role, service = actor.role, actor.service
    if not role:
        return Caller(CallerKind.SERVICE, service, "", service, service)
    name = actor.source.rpartition(":")[2].rpartition("/")[2][:64]
    account = scope_in(role).account
    return Caller(CallerKind.SESSION, role, account, session_arn(role, name), f"{role_id(role)}:{name}", role)
