"""What a template said and says no more is as if it had never said it, in place. docs/sam.md#types."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

CODE = {"ZipFile": "def handler(event, context): return 1"}
ROLE = "arn:aws:iam::000000000000:role/any"
POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
BLOCK = {f"{what}Public{whose}": True for what, whose in (("Block", "Acls"), ("Ignore", "Acls"), ("Block", "Policy"))}
ENCRYPTED = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOGS = {"Fn::GetAtt": ["Logs", "Arn"]}
ALWAYS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Bucket": ("AWS::S3::Bucket", {}),
    "Table": (
        "AWS::DynamoDB::Table",
        {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    "User": ("AWS::IAM::User", {}),
    "Group": ("AWS::IAM::Group", {}),
    "Role": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST}),
    "Logs": ("AWS::Logs::LogGroup", {}),
    "Machine": ("AWS::StepFunctions::StateMachine", {"DefinitionString": MACHINE, "RoleArn": ROLE}),
    "Targets": ("AWS::ElasticLoadBalancingV2::TargetGroup", {"TargetType": "lambda"}),
    "Balancer": ("AWS::ElasticLoadBalancingV2::LoadBalancer", {"Subnets": ["a", "b"]}),
    "Function": (
        "AWS::Lambda::Function",
        {"Code": CODE, "Role": ROLE, "Runtime": "python3.11", "Handler": "index.handler"},
    ),
    "Queue": ("AWS::SQS::Queue", {}),
    "Topic": ("AWS::SNS::Topic", {}),
    "Rule": ("AWS::Events::Rule", {"EventPattern": {"source": ["a"]}}),
}
AT_FIRST: Mapping[str, Mapping[str, Any]] = {
    "Bucket": {
        "Tags": [{"Key": "a", "Value": "b"}],
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [ENCRYPTED]},
        "PublicAccessBlockConfiguration": BLOCK,
        "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
    },
    "Table": {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
        "DeletionProtectionEnabled": True,
        "TimeToLiveSpecification": {"AttributeName": "ends", "Enabled": True},
        "Tags": [{"Key": "a", "Value": "b"}],
    },
    "User": {
        "PermissionsBoundary": POLICY,
        "LoginProfile": {"Password": "Secret-123!"},
        "Groups": [{"Ref": "Group"}],
        "ManagedPolicyArns": [POLICY],
        "Path": "/a/",
    },
    "Group": {"ManagedPolicyArns": [POLICY]},
    "Role": {"PermissionsBoundary": POLICY, "Description": "d", "MaxSessionDuration": 7200},
    "Logs": {"RetentionInDays": 7},
    "Machine": {
        "LoggingConfiguration": {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": LOGS}}]},
        "TracingConfiguration": {"Enabled": True},
    },
    "Targets": {
        "HealthCheckEnabled": True,
        "HealthCheckPath": "/well",
        "TargetGroupAttributes": [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}],
    },
    "Balancer": {"LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "70"}]},
    "Function": {
        "Environment": {"Variables": {"AB": "1"}},
        "Description": "d",
        "MemorySize": 512,
        "ReservedConcurrentExecutions": 3,
        "TracingConfig": {"Mode": "Active"},
        "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        "Tags": [{"Key": "a", "Value": "b"}],
        "EphemeralStorage": {"Size": 1024},
    },
    "Queue": {"DelaySeconds": 4, "KmsMasterKeyId": "alias/aws/sqs"},
    "Topic": {"DisplayName": "Told"},
    "Rule": {"Description": "d", "State": "DISABLED"},
}


def template(*more: Mapping[str, Mapping[str, Any]]) -> str:
    said = more[0] if more else {}
    resources = {
        name: {"Type": type, "Properties": {**always, **said.get(name, {})}} for name, (type, always) in ALWAYS.items()
    }
    return json.dumps({"Resources": resources})


class Seen:
    """What users see of each, beside what is another one's name."""

    def __init__(self, stacks: Stacks, name: str) -> None:
        self._sdk = stacks.sdk
        self._ids = {one: found["PhysicalResourceId"] for one, found in stacks.resources(name).items()}

    def all(self) -> dict[str, Any]:
        return {name: self._of(name) for name in ALWAYS}

    def _of(self, what: str) -> Any:
        looks: dict[str, Callable[[str], Any]] = {
            "Bucket": self._bucket,
            "Table": self._table,
            "User": self._user,
            "Group": lambda name: self._identity("Group", name),
            "Role": lambda name: self._identity("Role", name),
            "Logs": lambda name: self._sdk("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"],
            "Machine": lambda arn: self._sdk("stepfunctions").describe_state_machine(stateMachineArn=arn),
            "Targets": self._targets,
            "Balancer": lambda arn: self._sdk("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn),
            "Function": lambda name: self._sdk("lambda").get_function(FunctionName=name),
            "Queue": lambda url: self._sdk("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
            "Topic": lambda arn: self._sdk("sns").get_topic_attributes(TopicArn=arn),
            "Rule": lambda name: self._sdk("events").describe_rule(Name=name),
        }
        return bare(looks[what](self._ids[what]), self._ids[what])

    def _bucket(self, name: str) -> Any:
        s3 = self._sdk("s3")
        asked = (s3.get_bucket_tagging, s3.get_bucket_encryption, s3.get_public_access_block, s3.get_bucket_cors)
        return [answer(ask, Bucket=name) for ask in asked]

    def _table(self, name: str) -> Any:
        found = self._sdk("dynamodb").describe_table(TableName=name)["Table"]
        lives = self._sdk("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        tags = self._sdk("dynamodb").list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
        billing = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        return [found["DeletionProtectionEnabled"], lives["TimeToLiveStatus"], tags, billing]

    def _user(self, name: str) -> Any:
        iam = self._sdk("iam")
        groups = iam.list_groups_for_user(UserName=name)["Groups"]
        return [self._identity("User", name), answer(iam.get_login_profile, UserName=name), len(groups)]

    def _identity(self, what: str, name: str) -> Any:
        iam = self._sdk("iam")
        found = getattr(iam, f"get_{what.lower()}")(**{f"{what}Name": name})[what]
        found.pop("RoleLastUsed", None)
        return [
            found,
            getattr(iam, f"list_attached_{what.lower()}_policies")(**{f"{what}Name": name})["AttachedPolicies"],
        ]

    def _targets(self, arn: str) -> Any:
        elb = self._sdk("elbv2")
        attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return [elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"], attributes]


def answer(ask: Callable[..., Any], **members: str) -> Any:
    """None: there is none."""
    try:
        return ask(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]


OWN = (
    "Arn",
    "arn",
    "Id",
    "Date",
    "date",
    "Time",
    "Name",
    "name",
    "Timestamp",
    "Metadata",
    "Location",
    "Sha256",
    "Modified",
)
"""How members end that are of one alone."""


SHOWN = ("DisplayName", "KmsMasterKeyId")


def bare(told: Any, id: str) -> Any:
    """Without what tells one from another."""
    if isinstance(told, list):
        return [bare(one, id) for one in told]
    if isinstance(told, dict):
        return {
            name: bare(one, id) for name, one in told.items() if one != "" and (name in SHOWN or not name.endswith(OWN))
        }
    return str(told).replace(id.rpartition("/")[2], "ITSELF")


@pytest.fixture(scope="module")
def looks(stacks: Stacks) -> list[dict[str, Any]]:
    """What is seen of a stack that says little, of one that says more, and of the latter when it says that no more."""
    stacks.create("little", template(), Capabilities=["CAPABILITY_IAM"])
    stacks.create("more", template(AT_FIRST), Capabilities=["CAPABILITY_IAM"])
    little, more = (Seen(stacks, name).all() for name in ("little", "more"))
    stacks.update("more", template(), Capabilities=["CAPABILITY_IAM"])
    return [little, more, Seen(stacks, "more").all()]


@pytest.mark.parametrize("name", ALWAYS)
def test_what_is_left_out_again_is_as_if_it_had_never_been_said(looks: list[dict[str, Any]], name: str) -> None:
    little, more, again = (look[name] for look in looks)

    assert more != little
    assert again == little
