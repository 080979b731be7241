"""AWS::ElasticLoadBalancingV2: load balancers, their listeners and rules, and groups of targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.balancers import SUBNETS
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, ask_if_there, tags, takes
from lambda_emu.templates.kinds.plain import Plain, plain

ELB = "elbv2"


def _create_balancer(asked: ResourceRequest) -> Made:
    """Subnets and security groups are not served here, so what stands for them is as good as any."""
    said = asked.given("IpAddressType", "Scheme", "Type")
    members = {**said, "Name": _name(asked), "Subnets": SUBNETS, **_tagged(asked)}
    told = asked.call(ELB, "CreateLoadBalancer", members)["LoadBalancers"][0]
    arn, name = told["LoadBalancerArn"], told["LoadBalancerName"]
    full = arn.partition(":loadbalancer/")[2]
    made = asked.begin(
        Made(
            arn,
            {
                "CanonicalHostedZoneID": told.get("CanonicalHostedZoneId", ""),
                "DNSName": told["DNSName"],
                "LoadBalancerArn": arn,
                "LoadBalancerFullName": full,
                "LoadBalancerName": name,
                "SecurityGroups": told.get("SecurityGroups", []),
            },
        )
    )
    _set_attributes(asked, "LoadBalancer", arn)
    return made


def _name(asked: ResourceRequest) -> str:
    """At most 32 characters, without hyphens at its ends."""
    return str(asked.get("Name") or asked.name.replace("--", "-")[-32:].strip("-"))


def _tagged(asked: ResourceRequest) -> dict[str, list[dict[str, str]]]:
    return {"Tags": tags(asked)} if asked.get("Tags") else {}


def _set_attributes(asked: ResourceRequest, what: str, arn: str) -> None:
    """What it had and says no more is as it is for those that never said it."""
    property = f"{what}Attributes"
    had, has = ({str(one["Key"]) for one in said.get(property) or ()} for said in (asked.before, asked.properties))
    usual = [{"Key": key, "Value": _USUAL[key]} for key in sorted((had - has) & _USUAL.keys())]
    attributes = [*usual, *(asked.get(property) or ())]
    if attributes:
        asked.call(ELB, f"Modify{what}Attributes", {f"{what}Arn": arn, "Attributes": attributes})


_USUAL: Mapping[str, str] = {
    "access_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "deregistration_delay.timeout_seconds": "300",
    "idle_timeout.timeout_seconds": "60",
    "lambda.multi_value_headers.enabled": "false",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "false",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http2.enabled": "true",
    "slow_start.duration_seconds": "0",
    "stickiness.enabled": "false",
}
"""Attributes of load balancers and target groups, as the guide of Elastic Load Balancing has them."""


def _update_balancer(asked: ResourceRequest, made: Made) -> Made:
    _set_attributes(asked, "LoadBalancer", made.identifier)
    return made


def _remove_balancer(made: Made, reach: Reach) -> None:
    ask_if_there(reach, ELB, "DeleteLoadBalancer", LoadBalancerArn=made.identifier)


def _has_balancer(made: Made, reach: Reach) -> bool:
    return reach.find(ELB, "DescribeLoadBalancers", LoadBalancerArns=[made.identifier]) is not None


# -- target groups


def _create_group(asked: ResourceRequest) -> Made:
    members = {**asked.given(*_OF_GROUPS), "Name": _name(asked), **_tagged(asked)}
    told = asked.call(ELB, "CreateTargetGroup", members)["TargetGroups"][0]
    arn, name = told["TargetGroupArn"], told["TargetGroupName"]
    full = arn.rpartition(":")[2]
    made = asked.begin(
        Made(
            arn,
            {"LoadBalancerArns": [], "TargetGroupArn": arn, "TargetGroupFullName": full, "TargetGroupName": name},
        )
    )
    _set_attributes(asked, "TargetGroup", arn)
    _register(asked, arn)
    return made


def _register(asked: ResourceRequest, arn: str) -> None:
    targets = asked.get("Targets") or []
    if targets:
        asked.call(ELB, "RegisterTargets", {"TargetGroupArn": arn, "Targets": targets})


def _update_group(asked: ResourceRequest, made: Made) -> Made:
    group = {"TargetGroupArn": made.identifier}
    usual = _USUAL_OF_LAMBDA if asked.get("TargetType") == "lambda" else _USUAL_OF_HEALTH
    said = asked.back_to(usual) | asked.given(*_OF_HEALTH)
    asked.call(ELB, "ModifyTargetGroup", {**said, **group})
    _set_attributes(asked, "TargetGroup", made.identifier)
    wanted = {str(one["Id"]) for one in asked.get("Targets") or ()}
    there = asked.call(ELB, "DescribeTargetHealth", group)["TargetHealthDescriptions"]
    gone = [one["Target"] for one in there if one["Target"]["Id"] not in wanted]
    if gone:
        asked.reach.call(ELB, "DeregisterTargets", **group, Targets=[{"Id": one["Id"]} for one in gone])
    _register(asked, made.identifier)
    return made


def _remove_group(made: Made, reach: Reach) -> None:
    ask_if_there(reach, ELB, "DeleteTargetGroup", TargetGroupArn=made.identifier)


_OF_HEALTH = (
    *("HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol"),
    *("HealthCheckTimeoutSeconds", "HealthyThresholdCount", "Matcher", "UnhealthyThresholdCount"),
)
_USUAL_OF_HEALTH: Mapping[str, Any] = {
    **{"HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30, "HealthCheckPath": "/"},
    **{"HealthCheckPort": "traffic-port", "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5},
    **{"Matcher": {"HttpCode": "200"}, "UnhealthyThresholdCount": 2},
}
_USUAL_OF_LAMBDA: Mapping[str, Any] = {
    **{name: value for name, value in _USUAL_OF_HEALTH.items() if name != "HealthCheckPort"},
    **{"HealthCheckEnabled": False, "HealthCheckIntervalSeconds": 35, "HealthCheckTimeoutSeconds": 30},
}
_OF_GROUPS = (*_OF_HEALTH, "IpAddressType", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId")
BALANCERS: Mapping[str, Kind] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Kind(
        takes("IpAddressType LoadBalancerAttributes Name Scheme SecurityGroups SubnetMappings Subnets Tags Type"),
        _create_balancer,
        _remove_balancer,
        _update_balancer,
        _has_balancer,
        fixed=takes("Name Scheme Type"),
        named="Name",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Kind(
        takes(f"{' '.join(_OF_GROUPS)} Name Tags TargetGroupAttributes Targets"),
        _create_group,
        _remove_group,
        _update_group,
        fixed=takes("IpAddressType Name Port Protocol ProtocolVersion TargetType VpcId"),
        named="Name",
    ),
}
ON_BALANCERS: Mapping[str, Kind] = {
    "AWS::ElasticLoadBalancingV2::Listener": plain(
        Plain(
            ELB,
            "Certificates DefaultActions LoadBalancerArn Port Protocol SslPolicy Tags",
            "CreateListener",
            "DeleteListener",
            id="Listeners.0.ListenerArn",
            member="ListenerArn",
            update="ModifyListener",
            fixed="LoadBalancerArn",
            attributes={"ListenerArn": "Listeners.0.ListenerArn"},
            tags="list",
        )
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": plain(
        Plain(
            ELB,
            "Actions Conditions ListenerArn Priority Tags",
            "CreateRule",
            "DeleteRule",
            id="Rules.0.RuleArn",
            member="RuleArn",
            update="ModifyRule",
            fixed="ListenerArn",
            attributes={"RuleArn": "Rules.0.RuleArn"},
            tags="list",
        )
    ),
}
