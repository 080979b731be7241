"""AWS::ElasticLoadBalancingV2: load balancers, their listeners and rules, and groups of targets."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.balancers import SUBNETS
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Asked, Kind, Made, ask_if_there, tags, takes
from lambda_emu.templates.kinds.plain import Plain, plain

ELB = "elbv2"


def _create_balancer(asked: Asked) -> Made:
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


def _name(asked: Asked) -> str:
    """At most 32 characters, without hyphens at its ends."""
    return str(asked.get("Name") or asked.name.replace("--", "-")[-32:].strip("-"))


def _tagged(asked: Asked) -> dict[str, list[dict[str, str]]]:
    return {"Tags": tags(asked)} if asked.get("Tags") else {}


def _set_attributes(asked: Asked, what: str, arn: str) -> None:
    attributes = asked.get(f"{what}Attributes")
    if attributes:
        asked.call(ELB, f"Modify{what}Attributes", {f"{what}Arn": arn, "Attributes": attributes})


def _update_balancer(asked: Asked, made: Made) -> Made:
    _set_attributes(asked, "LoadBalancer", made.identifier)
    return made


def _remove_balancer(made: Made, reach: Reach) -> None:
    ask_if_there(reach, ELB, "DeleteLoadBalancer", LoadBalancerArn=made.identifier)


def _has_balancer(made: Made, reach: Reach) -> bool:
    return reach.find(ELB, "DescribeLoadBalancers", LoadBalancerArns=[made.identifier]) is not None


# -- target groups


def _create_group(asked: Asked) -> Made:
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


def _register(asked: Asked, arn: str) -> None:
    targets = asked.get("Targets") or []
    if targets:
        asked.call(ELB, "RegisterTargets", {"TargetGroupArn": arn, "Targets": targets})


def _update_group(asked: Asked, made: Made) -> Made:
    group = {"TargetGroupArn": made.identifier}
    asked.call(ELB, "ModifyTargetGroup", {**asked.given(*_OF_HEALTH), **group})
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
