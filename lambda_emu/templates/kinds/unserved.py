"""Types that nobody serves here: what Ref and Fn::GetAtt give of them, in AWS's forms, so that what refers to them can
be made. Nothing answers at what they give. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from lambda_emu.arn import Scope

IDS: Mapping[str, str] = {
    "AWS::EC2::EIP": "eipalloc",
    "AWS::EC2::Instance": "i",
    "AWS::EC2::InternetGateway": "igw",
    "AWS::EC2::LaunchTemplate": "lt",
    "AWS::EC2::NatGateway": "nat",
    "AWS::EC2::NetworkAcl": "acl",
    "AWS::EC2::NetworkInterface": "eni",
    "AWS::EC2::RouteTable": "rtb",
    "AWS::EC2::SecurityGroup": "sg",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::VPC": "vpc",
    "AWS::EC2::VPCEndpoint": "vpce",
    "AWS::EFS::AccessPoint": "fsap",
    "AWS::EFS::FileSystem": "fs",
}
"""What the identifiers of these begin with."""
HEX_CHARACTERS = 17
KNOWN_BY_ARN = frozenset(
    {"AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::AutoScaling::ScalingPolicy"}
    | {"AWS::ACMPCA::CertificateAuthority", "AWS::AppSync::Api", "AWS::AppSync::GraphQLApi"}
    | {"AWS::Batch::ComputeEnvironment", "AWS::Batch::JobDefinition", "AWS::Batch::JobQueue"}
    | {"AWS::CertificateManager::Certificate", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"}
    | {"AWS::IVS::Channel", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster", "AWS::SSO::PermissionSet"}
)
"""Of which Ref gives the ARN."""
NAMES: Mapping[str, str] = {
    "AWS::AmazonMQ::Broker": "broker:{id}:b-{hex}",
    "AWS::DocDB::DBCluster": "cluster:{id}",
    "AWS::MSK::Cluster": "cluster/{id}/{hex}",
    "AWS::MSK::ServerlessCluster": "cluster/{id}/{hex}",
    "AWS::RDS::DBCluster": "cluster:{id}",
    "AWS::RDS::DBInstance": "db:{id}",
    "AWS::RDS::DBProxy": "db-proxy:prx-{hex}",
}
"""The last part of ARNs that have another form than most."""
SERVICES: Mapping[str, str] = {
    "ACMPCA": "acm-pca",
    "AmazonMQ": "mq",
    "ApplicationAutoScaling": "autoscaling",
    "CertificateManager": "acm",
    "DocDB": "rds",
    "EFS": "elasticfilesystem",
    "MSK": "kafka",
    "Neptune": "rds",
    "OpenSearchService": "es",
}
"""What ARNs call those that they do not call like types, in small letters."""


def identifier_of(type: str, name: str, scope: Scope) -> str:
    """What Ref gives. name: that it has here, another one for each."""
    id = _id(type, name)
    return arn_of(type, id, scope) if type in KNOWN_BY_ARN else id


def property_of(attribute: str) -> str:
    """The property that says the same, where a type has one: of `Endpoint.Port` it is `Port`."""
    return attribute.rpartition(".")[2]


def attribute_of(type: str, one: str, attribute: str, said: Any, scope: Scope) -> Any:
    """What Fn::GetAtt gives: what the template says itself, or what looks like it.

    one: what Ref gives. said: by the property of that name, None where there is none.
    """
    last = property_of(attribute)
    if said is not None:
        return said
    if last.endswith("Arn"):
        return one if one.startswith("arn:") else arn_of(type, one, scope)
    if last.endswith("Id") and type in IDS:
        return one
    return f"{one.rpartition('/')[2]}.{attribute}"


def arn_of(type: str, id: str, scope: Scope) -> str:
    """The last part is `kind/id` but for those that say otherwise."""
    _, service, kind = [*type.split("::"), "", ""][:3]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind).lower()
    named = NAMES.get(type, "{words}/{id}").format(words=words, id=id, hex=_hex(id))
    return scope.arn(named, SERVICES.get(service, service.lower()))


def _id(type: str, name: str) -> str:
    prefix = IDS.get(type)
    return name if prefix is None else f"{prefix}-{_hex(name)}"


def _hex(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:HEX_CHARACTERS]
