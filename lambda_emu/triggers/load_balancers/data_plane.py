"""A request's way to the function behind a load balancer, and back. On the loop.

All that a head decides is found once: the next request with the same head on its connection has it.
docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import quote

from lambda_emu.arn import FunctionId, Target, parse_function_name, partition_of
from lambda_emu.clock import Clock
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import Invoke, InvokeRequest, trace_header
from lambda_emu.invoke.rules import INVOKE, authorize
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store
from lambda_emu.triggers import cors
from lambda_emu.triggers.http_event import forwarded, source_of
from lambda_emu.triggers.known import Known, Told, Unclear, understood
from lambda_emu.triggers.load_balancers.addresses import BalancerAddress, address_in
from lambda_emu.triggers.load_balancers.balancer import (
    LAMBDA,
    Action,
    Balancer,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    TargetGroup,
    Unserved,
    read_balancer,
)
from lambda_emu.triggers.load_balancers.events import EventTemplate, make_template, traced
from lambda_emu.triggers.load_balancers.refusals import (
    SERVER,
    ActionUnserved,
    BadTarget,
    BalancerFailure,
    BalancerNotFound,
    MethodNotAllowed,
    NoTarget,
    TargetTooLong,
    UnfitForTarget,
    page,
)
from lambda_emu.triggers.load_balancers.reply import LARGE, BalancerReply
from lambda_emu.triggers.load_balancers.rules import BalancerRequest, location, rule_of
from lambda_emu.triggers.load_balancers.stickiness import cookies, group_of
from lambda_emu.triggers.load_balancers.turns import Turns

PRINCIPAL = "elasticloadbalancing.amazonaws.com"
MOST_TARGET = 16 * 1024
"""Bytes of a path and its query."""
URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"
"""They stay as they are; what HTTP forbids in a header is escaped."""
MOVED = {301: "Moved Permanently", 302: "Found"}


Read = Callable[[str], Awaitable[Told | None]]
"""What the control plane says of a balancer, as read_balancer takes it; None: there is none of this name."""


class Lead(NamedTuple):
    """To a function, as long as it is this one."""

    function: Function
    target: Target
    template: EventTemplate
    group: TargetGroup

    @property
    def multi_value(self) -> bool:
        return self.group.has_multi_value


class BalancerMeaning(NamedTuple):
    """What the head of a request decides about it, while the balancer is this one. leads: those that were taken."""

    name: str
    balancer: Balancer
    address: BalancerAddress
    action: Forward
    leads: dict[TargetGroup, Lead]


class DataPlane:
    """Serves the load balancers of all accounts."""

    def __init__(self, store: Store, invoke: Invoke, loop: Loop, clock: Clock, read: Read) -> None:
        self._store = store
        self._invoke = invoke
        self._loop = loop
        self._clock = clock
        self._read = read
        self._balancers = Known(self._read_balancer, clock)
        self._turns = Turns()

    def forget(self) -> None:
        """No balancer is as it was."""
        self._balancers.forget()

    async def _read_balancer(self, name: str) -> Balancer | None:
        """BalancerFailure: it is told in a way that nobody understands."""
        told = await self._read(name)
        try:
            return None if told is None else understood(told, read_balancer)
        except Unclear as error:
            raise BalancerFailure(f"The load balancer's configuration makes no sense: {error}") from error

    def serve(self, asked: Request, call: Call) -> None:
        call.detach(self._begin, asked, call)

    def _begin(self, asked: Request, call: Call) -> None:
        meaning: BalancerMeaning | None = asked.head.meaning
        if meaning is not None and self._balancers.known(meaning.name) is meaning.balancer:
            self._forward(meaning, asked, call)
            return
        address = address_in(asked)
        balancer = self._balancers.known(_name(address))
        if balancer is None:
            self._loop.spawn(self._find(address, asked, call), "a request to a load balancer")
        else:
            self._enter(balancer, address, asked, call)

    async def _find(self, address: BalancerAddress, asked: Request, call: Call) -> None:
        with call.guard("a request to a load balancer"):
            balancer = await self._balancers.get(_name(address))
            if balancer is None:
                raise BalancerNotFound(f"There is no load balancer {address.label} here.")
            self._enter(balancer, address, asked, call)

    def _enter(self, balancer: Balancer, address: BalancerAddress, asked: Request, call: Call) -> None:
        """BalancerRefusal."""
        listener = _listener(balancer, address)
        if len(asked.head.target) > MOST_TARGET:
            raise TargetTooLong
        if asked.head.method == b"TRACE":
            raise MethodNotAllowed
        if asked.header(b"sec-websocket-key") is not None:
            raise UnfitForTarget("A function cannot be reached by a WebSocket.")
        seen = _seen(address, asked)
        rule = rule_of(listener, seen)
        if rule is None:
            raise NoTarget("The listener has no rule for it.")
        if isinstance(rule.action, Forward):
            meaning = BalancerMeaning(_name(address), balancer, address, rule.action, {})
            asked.head.meaning = meaning
            self._forward(meaning, asked, call)
        else:
            _say_where(address, call)
            call.answer(_answer(rule.action, listener, seen))

    def _forward(self, meaning: BalancerMeaning, asked: Request, call: Call) -> None:
        """BalancerRefusal."""
        _say_where(meaning.address, call)
        group = group_of(meaning.action, asked.head) or self._turns.choose(meaning.action)
        if group is None:
            raise NoTarget("No target group is to have requests of this rule.")
        lead = meaning.leads.get(group)
        if lead is None or self._store.function(lead.target.id) is not lead.function:
            lead = meaning.leads[group] = self._lead(meaning, group, asked)
        if len(asked.body) > SMALL_BYTES:
            self._loop.spawn(self._run_large(meaning, lead, asked, call), "a large request to a load balancer")
        else:
            self._run(meaning, lead, asked, call, *self._payload(lead, asked))

    async def _run_large(self, meaning: BalancerMeaning, lead: Lead, asked: Request, call: Call) -> None:
        with call.guard("a large request to a load balancer"):
            self._run(meaning, lead, asked, call, *await self._loop.work(LARGE, self._payload, lead, asked))

    def _payload(self, lead: Lead, asked: Request) -> tuple[str, bytes]:
        """The trace of the invocation, and the event."""
        root = f"1-{int(self._clock.now_s()):08x}-{(self._clock.new_token() + self._clock.new_token())[:24]}"
        trace = traced(asked.header(b"x-amzn-trace-id"), root)
        event = lead.template.event(trace, asked.body)
        return trace_header(asked.header(b"x-amzn-trace-id"), self._clock, lead.target), event

    def _run(
        self, meaning: BalancerMeaning, lead: Lead, asked: Request, call: Call, trace: str, payload: bytes
    ) -> None:
        reply = BalancerReply(call, self._loop, self._clock, meaning.balancer.idle_s, multi_value=lead.multi_value)
        reply.cookies = cookies(meaning.action, lead.group, self._clock.now_s())
        self._invoke(InvokeRequest(asked.request_id, lead.target, payload, trace_id=trace), reply)

    def _lead(self, meaning: BalancerMeaning, group: TargetGroup, asked: Request) -> Lead:
        """BalancerRefusal."""
        if not group.targets:
            raise NoTarget("The target group has no registered target.")
        if group.kind != LAMBDA:
            raise ActionUnserved(f"Target groups of type {group.kind} are not built into lambda-emu.")
        target = _target(group.targets[0])
        function = self._store.function(target.id)
        if function is None:
            raise BadTarget(f"There is no function {target.arn}.")
        try:
            authorize(
                function,
                PRINCIPAL,
                INVOKE,
                target,
                {"aws:SourceArn": group.arn, "aws:SourceAccount": meaning.balancer.account},
            )
        except AccessDenied as error:
            words = f"The function's policy does not allow {INVOKE} to {PRINCIPAL} with aws:SourceArn {group.arn}."
            raise BadTarget(words) from error
        path, query = meaning.address.path, asked.query.decode("latin-1")
        told = asked.head, path, query, group.arn, meaning.balancer.forwarded_for
        return Lead(function, target, make_template(*told, multi_value=group.has_multi_value), group)


def _name(address: BalancerAddress) -> str:
    """By which the control plane is asked."""
    return address.label if address.region is None else f"{address.label}_{address.region}"


def _listener(balancer: Balancer, address: BalancerAddress) -> Listener:
    """By the port that the host or the path names; a host may have our own port, too. BalancerNotFound."""
    named = balancer.listeners.get(address.port) if address.port is not None else None
    if named is None and (address.port is None or address.domain is not None):
        named = balancer.first_listener()
    if named is None:
        where = "" if address.port is None else f" at port {address.port}"
        raise BalancerNotFound(f"The load balancer has no listener{where}.")
    return named


def _seen(address: BalancerAddress, asked: Request) -> BalancerRequest:
    host = address.domain or (asked.header(b"host") or "").lower().partition(":")[0]
    return BalancerRequest(asked.head, host, address.path, asked.query.decode("latin-1"), source_of(asked.head))


def _answer(action: Action, listener: Listener, seen: BalancerRequest) -> Answer:
    """Of what needs no target. ActionUnserved."""
    if isinstance(action, FixedResponse):
        headers = [SERVER, ("Content-Type", f"{action.content_type}; charset=utf-8")]
        return Answer(action.status, headers, action.body.encode("utf-8", "replace"))
    if isinstance(action, Redirect):
        port = forwarded(seen.head)["x-forwarded-port"]
        to = quote(location(action, seen, listener.protocol, port), safe=URL_CHARACTERS)
        return page(action.status, MOVED[action.status], [("Location", to)])
    assert isinstance(action, Unserved), "the only one that is left"
    raise ActionUnserved(f"Actions of type {action.kind} are not built into lambda-emu.")


def _say_where(address: BalancerAddress, call: Call) -> None:
    """A page by the path form would have the origin of the Lambda API."""
    if address.domain is None:
        call.for_page = (cors.SANDBOX,)


def _target(arn: str) -> Target:
    """BadTarget."""
    try:
        named = parse_function_name(arn)
    except ValueError as error:
        raise BadTarget(f"The target {arn} is no function.") from error
    if named.account is None or named.region is None:
        raise BadTarget(f"The target {arn} is no function's ARN.")
    id = FunctionId(named.account, named.region, named.name, partition_of(named.region))
    return Target(id, named.qualifier)
