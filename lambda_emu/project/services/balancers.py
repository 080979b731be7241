"""`events: alb`: load balancers with a rule for each event, known by their tag. Each has one listener, of port 80.

A balancer's identifier is the ARN of its listener.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.keys.load_balancers import DEFAULT_BALANCER
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG
from lambda_emu.project.services.own import PERMISSION
from lambda_emu.project.services.reach import Reach

BALANCER, TARGET_GROUP, TARGET, LISTENER_RULE = "load balancer", "target group", "target", "listener rule"
PRINCIPAL = "elasticloadbalancing.amazonaws.com"
SERVICE, SIGNED_FOR = "elbv2", "elasticloadbalancing"
SUBNETS = ["subnet-00000001", "subnet-00000002"]
PORT = 80
FIRST_PRIORITY = 10_000
"""Of the first rule that declares none."""
MULTI_VALUE = "lambda.multi_value_headers.enabled"
CONDITIONS = ("host-header", "http-request-method", "http-header", "query-string", "source-ip")
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}
TAGS = [{"Key": TAG, "Value": ORIGIN}]


def attach_alb(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach. Keys of rules: `BALANCER PRIORITY`; of target groups: `FUNCTION [multi]`."""
    name = event.fields.get("balancer", DEFAULT_BALANCER)
    balancer = ResourceKey(BALANCER, name)
    if balancer not in building.wanted:
        building.add(BALANCER, name, {}, {}, event.place())
    is_multi = bool(event.fields.get("multi_value"))
    attributes = {MULTI_VALUE: str(is_multi).lower()}
    group = ResourceKey(TARGET_GROUP, f"{function.name} multi" if is_multi else function.name)
    building.add(TARGET_GROUP, group.name, attributes, attributes, event.place())
    building.permit(function, event, PRINCIPAL, group)
    allowed = ResourceKey(PERMISSION, f"{function.name} {PREFIX}{event.kind}-{hash_of([group.name])}")
    shown = {"Group": Reference(group), "Id": building.arn(function)}
    target = building.add(TARGET, group.name, {**shown, "Permission": Reference(allowed)}, shown, event.place())
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": [event.name]}}
    shown_rule = {
        "Conditions": [path, *(event.fields[field] for field in CONDITIONS if field in event.fields)],
        "Group": Reference(group),
    }
    members = {**shown_rule, "Listener": Reference(balancer), "Target": Reference(target)}
    priority = event.fields.get("priority") or _free_priority(building, name)
    building.add(LISTENER_RULE, f"{name} {priority}", members, shown_rule, event.place())


def path_of(balancer: str) -> str:
    """Where it is asked, below the address of the server."""
    return f"/_lambda-emu/elb/{balancer}/"


def _free_priority(building: Building, balancer: str) -> int:
    priority = FIRST_PRIORITY
    while ResourceKey(LISTENER_RULE, f"{balancer} {priority}") in building.wanted:
        priority += 1
    return priority


# -- load balancers


def _find_balancers(reach: Reach) -> Iterator[Present]:
    """Those whose tag says that they are ours."""
    if not any(reach.of(BALANCER)) and not any(reach.left.of(SIGNED_FOR)):
        return
    for balancer in _all(reach, "DescribeLoadBalancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        tags = reach.call(SERVICE, "DescribeTags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        if {"Key": TAG, "Value": ORIGIN} in tags:
            listeners = reach.call(SERVICE, "DescribeListeners", LoadBalancerArn=arn)["Listeners"]
            listener = listeners[0]["ListenerArn"] if listeners else _listen(arn, reach)
            yield Present(ResourceKey(BALANCER, balancer["LoadBalancerName"]), {}, listener, ORIGIN)


def _create_balancer(name: str, _: Members, reach: Reach) -> str:
    made = reach.call(SERVICE, "CreateLoadBalancer", Name=name, Subnets=SUBNETS, Tags=TAGS)
    return _listen(made["LoadBalancers"][0]["LoadBalancerArn"], reach)


def _listen(arn: str, reach: Reach) -> str:
    said = {"Protocol": "HTTP", "Port": PORT, "DefaultActions": [NOT_FOUND]}
    made = reach.call(SERVICE, "CreateListener", LoadBalancerArn=arn, **said)
    return str(made["Listeners"][0]["ListenerArn"])


def _leave(present: Present, _: Members, __: Reach) -> str:
    return present.identifier


def _delete_balancer(present: Present, reach: Reach) -> None:
    arn = present.identifier.replace(":listener/", ":loadbalancer/").rpartition("/")[0]
    reach.find(SERVICE, "DeleteLoadBalancer", LoadBalancerArn=arn)


# -- target groups and their function


def _name_of(key: str) -> str:
    return f"{PREFIX}{hash_of(key)}"


def _find_groups(reach: Reach) -> Iterator[Present]:
    """By the permissions that name them, and by name where there is none yet."""
    if not any(reach.of(TARGET_GROUP)) and not any(reach.left.of(SIGNED_FOR)):
        return
    keys = {_name_of(one.key.name): one.key.name for one in reach.of(TARGET_GROUP)}
    for group in _all(reach, "DescribeTargetGroups", "TargetGroups"):
        name, arn = group["TargetGroupName"], group["TargetGroupArn"]
        if name.startswith(PREFIX):
            told = reach.call(SERVICE, "DescribeTargetGroupAttributes", TargetGroupArn=arn)["Attributes"]
            shown = {one["Key"]: one["Value"] for one in told if one["Key"] == MULTI_VALUE}
            yield Present(ResourceKey(TARGET_GROUP, keys.get(name, name)), shown, arn, ORIGIN)


def _create_group(name: str, members: Members, reach: Reach) -> str:
    made = reach.call(SERVICE, "CreateTargetGroup", Name=_name_of(name), TargetType="lambda", Tags=TAGS)
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    _set_attributes(arn, members, reach)
    return arn


def _update_group(present: Present, members: Members, reach: Reach) -> str:
    _set_attributes(present.identifier, members, reach)
    return present.identifier


def _set_attributes(arn: str, members: Members, reach: Reach) -> None:
    attributes = [{"Key": key, "Value": value} for key, value in members.items()]
    reach.call(SERVICE, "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)


def _delete_group(present: Present, reach: Reach) -> None:
    reach.find(SERVICE, "DeleteTargetGroup", TargetGroupArn=present.identifier)


def _find_targets(reach: Reach) -> Iterator[Present]:
    for group in _find_groups(reach):
        told = reach.call(SERVICE, "DescribeTargetHealth", TargetGroupArn=group.identifier)
        for one in told["TargetHealthDescriptions"]:
            shown = {"Group": group.identifier, "Id": one["Target"]["Id"]}
            identifier = f"{group.identifier} {one['Target']['Id']}"
            yield Present(ResourceKey(TARGET, group.key.name), shown, identifier, ORIGIN)


def _register(_: str, members: Members, reach: Reach) -> str:
    reach.call(SERVICE, "RegisterTargets", TargetGroupArn=members["Group"], Targets=[{"Id": members["Id"]}])
    return f"{members['Group']} {members['Id']}"


def _register_again(present: Present, members: Members, reach: Reach) -> str:
    _deregister(present, reach)
    return _register(present.key.name, members, reach)


def _deregister(present: Present, reach: Reach) -> None:
    group, target = present.identifier.split(" ")
    reach.find(SERVICE, "DeregisterTargets", TargetGroupArn=group, Targets=[{"Id": target}])


# -- rules


def _find_rules(reach: Reach) -> Iterator[Present]:
    for balancer in _find_balancers(reach):
        for rule in _all(reach, "DescribeRules", "Rules", ListenerArn=balancer.identifier):
            if rule["Priority"] != "default":
                shown = {
                    "Conditions": [_said(one) for one in rule["Conditions"]],
                    "Group": rule["Actions"][-1].get("TargetGroupArn"),
                }
                key = ResourceKey(LISTENER_RULE, f"{balancer.key.name} {rule['Priority']}")
                yield Present(key, shown, rule["RuleArn"], ORIGIN)


def _said(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what was not said."""
    return {name: value for name, value in condition.items() if value and name != "Values"}


def _create_rule(name: str, members: Members, reach: Reach) -> str:
    said = {"ListenerArn": members["Listener"], "Priority": int(name.partition(" ")[2])}
    made = reach.call(SERVICE, "CreateRule", **said, **_rule(members))
    return str(made["Rules"][0]["RuleArn"])


def _update_rule(present: Present, members: Members, reach: Reach) -> str:
    reach.call(SERVICE, "ModifyRule", RuleArn=present.identifier, **_rule(members))
    return present.identifier


def _rule(members: Members) -> Mapping[str, Any]:
    forward = {"Type": "forward", "TargetGroupArn": members["Group"]}
    return {"Conditions": members["Conditions"], "Actions": [forward]}


def _delete_rule(present: Present, reach: Reach) -> None:
    reach.find(SERVICE, "DeleteRule", RuleArn=present.identifier)


def _all(reach: Reach, operation: str, member: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        page = reach.call(SERVICE, operation, **asked, **marker)
        yield from page.get(member, [])
        if not page.get("NextMarker"):
            return
        marker = {"Marker": page["NextMarker"]}


BALANCERS: Mapping[str, ResourceKind[Reach]] = {
    BALANCER: ResourceKind("", _find_balancers, _create_balancer, _leave, _delete_balancer),
    TARGET_GROUP: ResourceKind("", _find_groups, _create_group, _update_group, _delete_group),
}
RULES_OF_BALANCERS: Mapping[str, ResourceKind[Reach]] = {
    TARGET: ResourceKind("", _find_targets, _register, _register_again, _deregister),
    LISTENER_RULE: ResourceKind("", _find_rules, _create_rule, _update_rule, _delete_rule),
}
"""They need the permission."""
