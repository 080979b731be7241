"""What a load balancer is: listeners, their rules, what these do, as its control plane tells them. No I/O.

Values are taken as they are told; what makes no sense serves nobody, and disturbs nothing else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.triggers.known import Told
from lambda_emu.triggers.load_balancers.patterns import glob

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LAMBDA = "lambda"
IDLE_S = 60.0
HTTP_PORT = 80
DEFAULT = "default"
"""Priority of the rule that a listener has from its beginning, and asks last."""


class TargetGroup(Struct, frozen=True):
    """kind: lambda, instance, ip, alb. targets: for lambda the one function's ARN, if it is registered."""

    arn: str
    kind: str
    targets: tuple[str, ...]
    has_multi_value: bool


class Forward(Struct, frozen=True):
    """To one of the groups, each as often as its weight says. sticky_s: so long one stays with a group; or 0."""

    groups: tuple[tuple[TargetGroup, int], ...]
    sticky_s: int = 0


class Redirect(Struct, frozen=True):
    """Each part may name `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}` of the request."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    status: int


class FixedResponse(Struct, frozen=True):
    status: int
    content_type: str
    body: str


class Unserved(Struct, frozen=True):
    """An action that is not built here. kind: as AWS names it."""

    kind: str


Action = Forward | Redirect | FixedResponse | Unserved


class Conditions(Struct, frozen=True):
    """All that is told has to hold, of each kind one value. Headers and parameters: for each condition of the kind.

    parameters: pairs of a key, None for any, and a value.
    """

    hosts: tuple[tuple[re.Pattern[str], ...], ...] = ()
    paths: tuple[tuple[re.Pattern[str], ...], ...] = ()
    methods: tuple[frozenset[str], ...] = ()
    headers: tuple[tuple[bytes, tuple[re.Pattern[str], ...]], ...] = ()
    parameters: tuple[tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...], ...] = ()
    sources: tuple[tuple[Network, ...], ...] = ()


class Rule(Struct, frozen=True):
    conditions: Conditions
    action: Action


class Listener(Struct, frozen=True):
    """rules: in the order in which they are asked; the last one has no conditions."""

    port: int
    protocol: str
    rules: tuple[Rule, ...]


class Balancer(Struct, frozen=True):
    """forwarded_for: what becomes of X-Forwarded-For: append, preserve, remove. idle_s: how long a target may take."""

    name: str
    arn: str
    account: str
    dns_name: str
    listeners: Mapping[int, Listener]
    idle_s: float
    forwarded_for: str

    def first_listener(self) -> Listener | None:
        """That of HTTP's port, else the one of the lowest port."""
        return self.listeners.get(HTTP_PORT) or next((self.listeners[one] for one in sorted(self.listeners)), None)


def read_balancer(told: Told) -> Balancer:
    """account, balancer, attributes, listeners (with rules) and target groups, with members as AWS's operations."""
    balancer, attributes = told["balancer"], told["attributes"]
    groups = {one["TargetGroupArn"]: _group(one) for one in told["target_groups"]}
    listeners = [_listener(one, groups) for one in told["listeners"]]
    return Balancer(
        balancer["LoadBalancerName"],
        balancer["LoadBalancerArn"],
        told["account"],
        balancer["DNSName"],
        {listener.port: listener for listener in listeners},
        float(attributes.get("idle_timeout.timeout_seconds") or IDLE_S),
        str(attributes.get("routing.http.xff_header_processing.mode") or "append"),
    )


def _group(told: Told) -> TargetGroup:
    attributes = told["Attributes"]
    has_multi_value = str(attributes.get("lambda.multi_value_headers.enabled")).lower() == "true"
    return TargetGroup(told["TargetGroupArn"], told["TargetType"], tuple(told["Targets"]), has_multi_value)


def _listener(told: Told, groups: Mapping[str, TargetGroup]) -> Listener:
    rules = [_rule(one, groups) for one in sorted(told["Rules"], key=_priority)]
    return Listener(int(told["Port"]), str(told["Protocol"]), tuple(one for one in rules if one is not None))


def _rule(told: Told, groups: Mapping[str, TargetGroup]) -> Rule | None:
    try:
        return Rule(read_conditions(told["Conditions"]), _action(told["Actions"], groups))
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def _priority(told: Told) -> float:
    return float("inf") if told["Priority"] == DEFAULT else int(told["Priority"])


def read_conditions(told: Sequence[Told]) -> Conditions:
    """As CreateRule takes them."""
    found: dict[str, list[Any]] = {name: [] for name in Conditions.__struct_fields__}
    for one in told:
        member, read = _KINDS[one["Field"]]
        found[member].append(read(one))
    return Conditions(**{name: tuple(values) for name, values in found.items()})


def _hosts(told: Told) -> tuple[re.Pattern[str], ...]:
    return tuple(glob(one, any_case=True) for one in _values(told, "HostHeaderConfig"))


def _paths(told: Told) -> tuple[re.Pattern[str], ...]:
    return tuple(glob(one, any_case=False) for one in _values(told, "PathPatternConfig"))


def _methods(told: Told) -> frozenset[str]:
    return frozenset(_values(told, "HttpRequestMethodConfig"))


def _header(told: Told) -> tuple[bytes, tuple[re.Pattern[str], ...]]:
    name = told["HttpHeaderConfig"]["HttpHeaderName"].lower().encode("latin-1", "replace")
    return name, tuple(glob(one, any_case=True) for one in _values(told, "HttpHeaderConfig"))


def _parameters(told: Told) -> tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...]:
    found = []
    for pair in told["QueryStringConfig"]["Values"]:
        key, value = pair.get("Key"), glob(pair["Value"], any_case=True, escapes=True)
        found.append((glob(key, any_case=True, escapes=True) if key else None, value))
    return tuple(found)


def _sources(told: Told) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one, strict=False) for one in _values(told, "SourceIpConfig"))


def _values(told: Told, member: str) -> Sequence[str]:
    """In a member of their own, or as they were written before there was one."""
    config = told.get(member)
    return [str(one) for one in (told.get("Values") if config is None else config.get("Values")) or ()]


_KINDS: Mapping[str, tuple[str, Callable[[Told], Any]]] = {
    "host-header": ("hosts", _hosts),
    "http-header": ("headers", _header),
    "http-request-method": ("methods", _methods),
    "path-pattern": ("paths", _paths),
    "query-string": ("parameters", _parameters),
    "source-ip": ("sources", _sources),
}


def _action(told: Sequence[Told], groups: Mapping[str, TargetGroup]) -> Action:
    """The last one in their order; who has to be authenticated before is served by nobody here."""
    before = next((one for one in told if str(one["Type"]).startswith("authenticate-")), None)
    if before is not None:
        return Unserved(before["Type"])
    last = max(told, key=lambda one: int(one.get("Order") or 0))
    if last["Type"] == "forward":
        return _forward(last, groups)
    if last["Type"] == "redirect":
        return _redirect(last["RedirectConfig"])
    if last["Type"] == "fixed-response":
        said = last["FixedResponseConfig"]
        body = str(said.get("MessageBody") or "")
        return FixedResponse(int(said["StatusCode"]), str(said.get("ContentType") or "text/plain"), body)
    return Unserved(last["Type"])


def _forward(told: Told, groups: Mapping[str, TargetGroup]) -> Forward:
    config = told.get("ForwardConfig") or {}
    named = config.get("TargetGroups") or [{"TargetGroupArn": told.get("TargetGroupArn")}]
    weighed = [(groups.get(one["TargetGroupArn"]), int(one.get("Weight", 1))) for one in named]
    sticky = config.get("TargetGroupStickinessConfig") or {}
    is_sticky = str(sticky.get("Enabled")).lower() == "true"
    sticky_s = int(sticky.get("DurationSeconds") or 0) if is_sticky else 0
    return Forward(tuple((group, weight) for group, weight in weighed if group is not None), sticky_s)


def _redirect(told: Told) -> Redirect:
    return Redirect(
        str(told.get("Protocol") or "#{protocol}"),
        str(told.get("Host") or "#{host}"),
        str(told.get("Port") or "#{port}"),
        str(told.get("Path") or "/#{path}"),
        str(told.get("Query") if told.get("Query") is not None else "#{query}"),
        302 if told.get("StatusCode") == "HTTP_302" else 301,
    )
