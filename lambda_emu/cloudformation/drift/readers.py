"""What a resource is by now, in the properties of its type: a row for each type that is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.project.services.reach import ABSENT, Reach
from lambda_emu.templates.kinds.kind import OF

Properties = Mapping[str, Any]
Reader = Callable[[StackResource, Reach], Properties | None]
"""None: it is not there any more. CannotChange, LambdaError: it cannot be looked at."""


def _function(one: StackResource, reach: Reach) -> Properties | None:
    try:
        return reach.ask_lambda("GetFunctionConfiguration", FunctionName=one.identifier)
    except LambdaError as error:
        if error.code in ABSENT:
            return None
        raise


def _queue(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("sqs", "GetQueueAttributes", QueueUrl=one.identifier, AttributeNames=["All"])
    return None if found is None else _with_documents(found["Attributes"], "RedrivePolicy")


def _topic(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("sns", "GetTopicAttributes", TopicArn=one.identifier)
    return None if found is None else found["Attributes"]


def _table(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("dynamodb", "DescribeTable", TableName=one.identifier)
    if found is None:
        return None
    table = found["Table"]
    return {"BillingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"), **table}


def _bucket(one: StackResource, reach: Reach) -> Properties | None:
    """Versioning alone is compared."""
    found = reach.find("s3", "GetBucketVersioning", Bucket=one.identifier)
    return None if found is None else {"VersioningConfiguration": {"Status": found.get("Status", "Suspended")}}


def _parameter(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("ssm", "GetParameter", Name=one.identifier)
    return None if found is None else found["Parameter"]


def _log_group(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.call("logs", "DescribeLogGroups", logGroupNamePrefix=one.identifier)["logGroups"]
    group = next((group for group in found if group["logGroupName"] == one.identifier), None)
    return None if group is None else {"RetentionInDays": group.get("retentionInDays")}


def _role(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("iam", "GetRole", RoleName=one.identifier)
    return None if found is None else found["Role"]


def _rule(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("events", "DescribeRule", Name=one.identifier, EventBusName=one.attributes[OF])
    return None if found is None else _with_documents(found, "EventPattern")


def _machine(one: StackResource, reach: Reach) -> Properties | None:
    found = reach.find("stepfunctions", "DescribeStateMachine", stateMachineArn=one.identifier)
    return None if found is None else {"DefinitionString": found["definition"], "RoleArn": found["roleArn"]}


def _with_documents(found: Properties, *names: str) -> Properties:
    """Those that a service keeps as text."""
    return {**found, **{name: json.loads(found[name]) for name in names if name in found}}


READERS: Mapping[str, Reader] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SSM::Parameter": _parameter,
    "AWS::StepFunctions::StateMachine": _machine,
}
COMPARED: Mapping[str, frozenset[str]] = {
    "AWS::DynamoDB::Table": frozenset(("BillingMode",)),
    "AWS::Events::Rule": frozenset(("Description", "EventPattern", "ScheduleExpression", "State")),
    "AWS::IAM::Role": frozenset(("Description", "MaxSessionDuration", "Path")),
    "AWS::Lambda::Function": frozenset(
        ("Description", "Environment", "EphemeralStorage", "Handler", "MemorySize", "Role", "Runtime", "Timeout")
    ),
    "AWS::Logs::LogGroup": frozenset(("RetentionInDays",)),
    "AWS::S3::Bucket": frozenset(("VersioningConfiguration",)),
    "AWS::SNS::Topic": frozenset(("DisplayName",)),
    "AWS::SQS::Queue": frozenset(
        (
            *("DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds"),
            *("RedrivePolicy", "VisibilityTimeout"),
        )
    ),
    "AWS::SSM::Parameter": frozenset(("Type", "Value")),
    "AWS::StepFunctions::StateMachine": frozenset(("DefinitionString", "RoleArn")),
}
"""The properties of each that a service tells as a template says them."""
