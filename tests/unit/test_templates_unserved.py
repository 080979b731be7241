"""What Ref and Fn::GetAtt give of types that nobody serves: of the forms that AWS's have. docs/sam.md#types."""

from __future__ import annotations

import re

import pytest

from lambda_emu.arn import Scope
from lambda_emu.templates.kinds.unserved import attribute_of, identifier_of

SCOPE = Scope("000000000000", "us-east-1")
EC2 = "AWS::EC2::"
EFS = "arn:aws:elasticfilesystem:us-east-1:000000000000"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/app-it-1"


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        (f"{EC2}VPC", r"vpc-[0-9a-f]{17}"),
        (f"{EC2}SecurityGroup", r"sg-[0-9a-f]{17}"),
        ("AWS::EFS::AccessPoint", r"fsap-[0-9a-f]{17}"),
        ("AWS::CertificateManager::Certificate", CERTIFICATE),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "arn:aws:autoscaling:.*"),  # what alarms refer to
        ("AWS::ECS::Cluster", "app-it-1"),
    ],
)
def test_ref_gives_an_identifier_of_the_type(type: str, expected: str) -> None:
    assert re.fullmatch(expected, identifier_of(type, "app-it-1", SCOPE))


def test_two_of_a_type_have_two_identifiers() -> None:
    assert identifier_of(f"{EC2}Subnet", "one", SCOPE) != identifier_of(f"{EC2}Subnet", "other", SCOPE)


@pytest.mark.parametrize(
    ("type", "one", "attribute", "said", "expected"),
    [
        ("AWS::WAFv2::WebACL", "wall", "Arn", None, "arn:aws:wafv2:us-east-1:000000000000:web-acl/wall"),
        ("AWS::MSK::Cluster", "arn:aws:kafka:::cluster/x", "Arn", None, "arn:aws:kafka:::cluster/x"),
        ("AWS::EFS::AccessPoint", "fsap-1", "Arn", None, f"{EFS}:access-point/fsap-1"),
        ("AWS::RDS::DBCluster", "data", "DBClusterArn", None, "arn:aws:rds:us-east-1:000000000000:cluster:data"),
        (f"{EC2}SecurityGroup", "sg-1", "GroupId", None, "sg-1"),
        (f"{EC2}VPC", "vpc-1", "CidrBlock", "10.0.0.0/16", "10.0.0.0/16"),
        ("AWS::RDS::DBInstance", "db", "Endpoint.Port", 5432, 5432),
        ("AWS::RDS::DBInstance", "db", "Endpoint.Address", None, "db.Endpoint.Address"),
        ("AWS::CloudFront::Distribution", "site", "DomainName", None, "site.DomainName"),
        ("Odd", "odd", "Arn", None, "arn:aws::us-east-1:000000000000:/odd"),
    ],
)  # fmt: skip
def test_get_att_gives_what_the_template_says_or_what_looks_like_it(
    type: str, one: str, attribute: str, said: object, expected: object
) -> None:
    assert attribute_of(type, one, attribute, said, SCOPE) == expected
