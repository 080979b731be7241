"""Elastic Load Balancing v2 beyond moto: what of a load balancer serves requests, and the rules that moto has not.

Missing in moto 5.2: names that are taken or none, ports that are taken, the limit of one function a target group, the
permission to invoke it, protection from deletion, health of functions that nobody checks.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from lambda_emu.arn import scope_in
from lambda_emu.model.policies.decision import allows
from lambda_emu.model.policies.policy import Policy
from lambda_emu.services.child.program.front import Front, FrontError
from lambda_emu.services.child.program.load_balancers.checks import (
    actions_problem,
    attributes_problem,
    conditions_problem,
)
from lambda_emu.services.child.program.load_balancers.health import health_of
from lambda_emu.services.child.program.load_balancers.networks import ZONES, Subnet, instead_of_ec2

with instead_of_ec2():
    from moto.elbv2 import urls
    from moto.elbv2.exceptions import (
        DuplicateListenerError,
        DuplicateLoadBalancerName,
        ELBClientError,
    )
    from moto.elbv2.models import (
        ELBv2Backend,
        FakeHealthStatus,
        FakeLoadBalancer,
        FakeRule,
        FakeTargetGroup,
        elbv2_backends,
    )
    from moto.elbv2.responses import ELBV2Response

VERSION = "2015-12-01"
PRINCIPAL = "elasticloadbalancing.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
LAMBDA = "lambda"
INTERNAL = "internal"
MOST_NAME, MOST_RULES = 32, 100

_NAME = re.compile(r"(?!internal-)(?!-)[A-Za-z0-9-]+(?<!-)")
_dispatch = ELBV2Response._dispatch
_create_load_balancer = ELBv2Backend.create_load_balancer
_create_listener = ELBv2Backend.create_listener
_delete_load_balancer = ELBv2Backend.delete_load_balancer
_register_targets = ELBv2Backend.register_targets
_create_rule = ELBv2Backend.create_rule
_validate_conditions = ELBv2Backend._validate_conditions
_validate_actions = ELBv2Backend._validate_actions
_modify_load_balancer_attributes = ELBv2Backend.modify_load_balancer_attributes
_health_for = FakeTargetGroup.health_for
_modify_target_group = ELBV2Response.modify_target_group
_make_rule = FakeRule.__init__


def describe_balancer(name: str) -> dict[str, Any] | None:
    """All that serving it needs, whoever's it is; None: there is none.

    name: of a load balancer, of which the oldest one is meant; or the first label of its DNSName, `_`, and its region.
    """
    label, _, region = name.lower().partition("_")
    for account in list(elbv2_backends):
        for here, backend in list(elbv2_backends[account].items()):
            for balancer in list(backend.load_balancers.values()):
                if region in ("", here) and label in (balancer.name.lower(), _label(balancer).lower()):
                    return _told(account, backend, balancer)
    return None


def serve_this_version() -> None:
    """Before moto makes its app of this service."""
    response: Any = ELBV2Response
    response._dispatch = dispatch
    urls.url_paths = {"{0}/$": response.dispatch}


def replace_balancers(front: Front) -> None:
    """Once it is imported."""

    def register_targets(self: Any, target_group_arn: str, instances: list[Any]) -> None:
        group = self.target_groups.get(target_group_arn)
        if group is not None and group.target_type == LAMBDA:
            _check_function(front, group, instances)
        _register_targets(self, target_group_arn, instances)

    def health_for(self: Any, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:
        if self.target_type != LAMBDA or target["Id"] not in self.targets:
            return _health_for(self, target, ec2_backend)
        return FakeHealthStatus(target["Id"], None, None, *health_of(front, self, target["Id"]))  # type: ignore[arg-type]

    backend: Any = ELBv2Backend
    changed = (create_load_balancer, create_listener, create_rule, delete_load_balancer, register_targets)
    for operation in (*changed, modify_load_balancer_attributes):
        setattr(backend, operation.__name__, operation)
    backend._get_subnet = _get_subnet
    backend._validate_conditions, backend._validate_actions = validate_conditions, validate_actions
    group: Any = FakeTargetGroup
    group.health_for = health_for
    response: Any = ELBV2Response
    response.modify_target_group = modify_target_group
    rule: Any = FakeRule
    rule.__init__ = _make_rule_again


def create_load_balancer(self: Any, name: str, *args: Any, **said: Any) -> FakeLoadBalancer:
    """Its DNSName leads here. One that is there is answered again, if it is the same."""
    _check_name(name)
    made = _create_load_balancer(self, name, *args, **said)
    subnets: list[Any] = made.subnets
    for number, subnet in enumerate(subnets):
        subnet.availability_zone = f"{self.region_name}{ZONES[number % len(ZONES)]}"
    there = next((one for one in self.load_balancers.values() if one.name == name and one is not made), None)
    if there is not None:
        del self.load_balancers[made.arn]
        if _settings(there) != _settings(made):
            raise DuplicateLoadBalancerName(
                f"A load balancer with the same name '{name}' exists, but with different settings"
            )
        return there  # type: ignore[no-any-return]
    made.scheme = made.scheme or "internet-facing"
    number = int(sha256(made.arn.encode()).hexdigest()[:8], 16) % 10**9
    internal = f"{INTERNAL}-" if made.scheme == INTERNAL else ""
    made.dns_name = f"{internal}{name}-{number}.{self.region_name}.elb.localhost"
    made.attrs.setdefault("idle_timeout.timeout_seconds", "60")
    return made


def create_listener(self: Any, load_balancer_arn: str, protocol: str, port: Any, *args: Any, **said: Any) -> Any:
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is not None and any(str(one.port) == str(port) for one in balancer.listeners.values()):
        raise DuplicateListenerError
    return _create_listener(self, load_balancer_arn, protocol, port, *args, **said)


def create_rule(self: Any, listener_arn: str, conditions: Any, *args: Any, **said: Any) -> Any:
    balancer = self.load_balancers.get(listener_arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0])
    listeners = () if balancer is None else balancer.listeners.values()
    if sum(len(one._non_default_rules) for one in listeners) >= MOST_RULES:
        raise ELBClientError("TooManyRules", "You've reached the limit on the number of rules per load balancer")
    _refuse(None if conditions else conditions_problem(conditions))
    return _create_rule(self, listener_arn, conditions, *args, **said)


def validate_conditions(self: Any, conditions: list[dict[str, Any]]) -> None:
    if conditions:
        _validate_conditions(self, conditions)
        _refuse(conditions_problem(conditions))


def validate_actions(self: Any, actions: list[Any]) -> None:
    _refuse(actions_problem([one.data for one in actions]))
    _validate_actions(self, actions)


def modify_load_balancer_attributes(self: Any, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
    _refuse(attributes_problem(attrs))
    changed: dict[str, Any] = _modify_load_balancer_attributes(self, arn, attrs)
    return changed


def dispatch(self: Any, request: Any, *args: Any, **named: Any) -> Any:
    """There are no classic load balancers, which are signed for alike."""
    version = request.values.get("Version")
    if version == VERSION:
        return _dispatch(self, request, *args, **named)
    action = request.values.get("Action")
    text = f"<Message>Could not find operation {escape(str(action))} for version {escape(str(version))}</Message>"
    said = f"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>{text}</Error></ErrorResponse>"
    return 400, {"Content-Type": "text/xml"}, said


def delete_load_balancer(self: Any, arn: str) -> None:
    balancer = self.load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    _delete_load_balancer(self, arn)
    for group in self.target_groups.values():
        group.load_balancer_arns = [one for one in group.load_balancer_arns if one != arn]


def modify_target_group(self: Any) -> Any:
    """Of functions, too, by which statuses they are healthy."""
    told = _modify_target_group(self)
    codes = (self._get_param("Matcher") or {}).get("HttpCode")
    group = self.elbv2_backend.target_groups.get(self._get_param("TargetGroupArn"))
    if codes and group is not None and group.target_type == LAMBDA:
        group.matcher = {"HttpCode": codes}
    return told


def _get_subnet(self: Any, taken: dict[str, str], subnet_id: str) -> Subnet:
    return Subnet(subnet_id, self.region_name, len(taken))


def _make_rule_again(self: Any, listener_arn: str, *args: Any, **said: Any) -> None:
    """Its ARN is the same when it is made once more."""
    _make_rule(self, listener_arn, *args, **said)
    id = sha256(listener_arn.encode()).hexdigest()[:16]
    self.arn = f"{listener_arn.replace(':listener/', ':listener-rule/')}/{id}"


def _check_name(name: str) -> None:
    """The texts are not AWS's own (?)."""
    problem = None
    if len(name) > MOST_NAME:
        problem = f"cannot be longer than '{MOST_NAME}' characters"
    elif name.startswith(f"{INTERNAL}-"):
        problem = f"cannot begin with '{INTERNAL}-'"
    elif _NAME.fullmatch(name) is None:
        problem = "can only contain characters that are alphanumeric characters and hyphens(-)"
    _refuse(problem and f"The load balancer name '{name}' {problem}")


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise ELBClientError("ValidationError", problem)


def _settings(balancer: Any) -> tuple[Any, ...]:
    subnets = sorted(one.id for one in balancer.subnets)
    return balancer.scheme or "internet-facing", balancer.type, balancer.ip_address_type, subnets


def _check_function(front: Front, group: Any, targets: list[Any]) -> None:
    """One function, which lets the load balancer invoke it."""
    named = {one["Id"] for one in targets}
    if len(named | set(group.targets)) > 1:
        raise ELBClientError("TooManyTargets", "You cannot register more than one Lambda function with a target group")
    for arn in named:
        if not front.is_silent and not _lets_in(front, arn, group.arn):
            words = f"does not have permission to invoke {arn} from target group {group.arn}"
            raise ELBClientError("AccessDenied", f"elasticloadbalancing principal {words}")


def _lets_in(front: Front, arn: str, source: str) -> bool:
    context = {"aws:SourceArn": source, "aws:SourceAccount": scope_in(source).account}
    try:
        policy = front.function_policy(arn)
    except FrontError as error:
        raise ELBClientError("InvalidTarget", str(error)) from error
    return bool(policy) and allows(Policy("", policy), PRINCIPAL, INVOKE, arn, context)


def _told(account: str, backend: Any, balancer: Any) -> dict[str, Any]:
    rules = [rule for listener in balancer.listeners.values() for rule in listener.rules.values()]
    arns = {arn for rule in rules for arn in _arns(backend, rule)}
    groups = [backend.target_groups[arn] for arn in sorted(arns) if arn in backend.target_groups]
    return {
        "account": account,
        "balancer": {
            "LoadBalancerName": balancer.name,
            "LoadBalancerArn": balancer.arn,
            "DNSName": balancer.dns_name,
        },
        "attributes": balancer.attrs,
        "listeners": [
            {
                "Port": one.port,
                "Protocol": one.protocol,
                "Rules": [
                    {
                        "Priority": str(rule.priority),
                        "Conditions": rule.conditions,
                        "Actions": [action.data for action in rule.actions],
                    }
                    for rule in one.rules.values()
                ],
            }
            for one in balancer.listeners.values()
        ],
        "target_groups": [
            {
                "TargetGroupArn": one.arn,
                "TargetType": one.target_type,
                "Attributes": one.attributes,
                "Targets": list(one.targets),
            }
            for one in groups
        ],
    }


def _arns(backend: Any, rule: Any) -> list[str]:
    return [arn for action in rule.actions for arn in backend._get_target_group_arns_from(action_data=action.data)]


def _label(balancer: Any) -> str:
    return str(balancer.dns_name).partition(".")[0]
