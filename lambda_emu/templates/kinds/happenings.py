"""Where events come from: buckets and what they tell, rules, schedules, log groups, alarms, state machines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.reach import Reach
from lambda_emu.services.eventbridge.errors import NOT_SERVED
from lambda_emu.templates.kinds.documents import read_document, text_in_s3
from lambda_emu.templates.kinds.kind import (
    OF,
    Kind,
    Made,
    ResourceRequest,
    as_text,
    ask_if_there,
    refuse,
    tags,
    takes,
)

# -- S3


def _create_bucket(asked: ResourceRequest) -> Made:
    name, region = asked.named("BucketName"), asked.reach.context.scope.region
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    asked.call("s3", "CreateBucket", {"Bucket": name, **where})
    made = asked.begin(Made(name, _of_bucket(name, asked.reach)))
    _set_bucket(asked, name)
    return made


def _of_bucket(name: str, reach: Reach) -> dict[str, str]:
    """Its attributes."""
    partition, region = reach.context.scope.partition, reach.context.scope.region
    return {
        "Arn": f"arn:{partition}:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
    }


def _set_bucket(asked: ResourceRequest, name: str) -> None:
    bucket = {"Bucket": name}
    if versioning := asked.get("VersioningConfiguration"):
        asked.call("s3", "PutBucketVersioning", {**bucket, "VersioningConfiguration": versioning})
    elif asked.before.get("VersioningConfiguration"):
        asked.call("s3", "PutBucketVersioning", {**bucket, "VersioningConfiguration": {"Status": "Suspended"}})
    if cors := asked.get("CorsConfiguration"):
        rules = [_cors_rule(rule) for rule in cors.get("CorsRules") or ()]
        asked.call("s3", "PutBucketCors", {**bucket, "CORSConfiguration": {"CORSRules": rules}})
    if asked.get("Tags"):
        asked.call("s3", "PutBucketTagging", {**bucket, "Tagging": {"TagSet": tags(asked)}})
    if encryption := asked.get("BucketEncryption"):
        rules = [_encryption(rule) for rule in encryption.get("ServerSideEncryptionConfiguration") or ()]
        asked.call("s3", "PutBucketEncryption", {**bucket, "ServerSideEncryptionConfiguration": {"Rules": rules}})
    if (block := asked.get("PublicAccessBlockConfiguration")) is not None:
        asked.call("s3", "PutPublicAccessBlock", {**bucket, "PublicAccessBlockConfiguration": block})
    for left_out in asked.left_out(*_TAKEN_AWAY):
        ask_if_there(asked.reach, "s3", _TAKEN_AWAY[left_out], **bucket)
    told = _notifications(asked.get("NotificationConfiguration") or {})
    asked.call("s3", "PutBucketNotificationConfiguration", {**bucket, "NotificationConfiguration": told})


_TAKEN_AWAY = {
    "BucketEncryption": "DeleteBucketEncryption",
    "CorsConfiguration": "DeleteBucketCors",
    "PublicAccessBlockConfiguration": "DeletePublicAccessBlock",
    "Tags": "DeleteBucketTagging",
}
"""By which operation a bucket has nothing of a property any more."""


def _cors_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}
    return {names.get(name, name): value for name, value in rule.items()}


def _encryption(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {names.get(name, name): value for name, value in rule.items()}


def _notifications(said: Mapping[str, Any]) -> dict[str, Any]:
    """As S3 has them: whom they are for by ARN, and what they are told as a list."""
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    told: dict[str, Any] = {"EventBridgeConfiguration": {}} if said.get("EventBridgeConfiguration") else {}
    for kind, (name, whom, arn) in kinds.items():
        told[name] = [
            {arn: one[whom], "Events": [one["Event"]], **_filter(one.get("Filter") or {})}
            for one in said.get(kind) or ()
        ]
    return told


def _filter(said: Mapping[str, Any]) -> dict[str, Any]:
    rules = (said.get("S3Key") or {}).get("Rules")
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}


def _update_bucket(asked: ResourceRequest, made: Made) -> Made:
    _set_bucket(asked, made.identifier)
    return made


def _remove_bucket(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "s3", "DeleteBucket", Bucket=made.identifier)


def _has_bucket(made: Made, reach: Reach) -> bool:
    return reach.find("s3", "GetBucketLocation", Bucket=made.identifier) is not None


def _put_bucket_policy(asked: ResourceRequest, _: Made | None = None) -> Made:
    bucket = str(asked.get("Bucket"))
    asked.call("s3", "PutBucketPolicy", {"Bucket": bucket, "Policy": as_text(asked.get("PolicyDocument"))})
    return Made(bucket, {})


def _remove_bucket_policy(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "s3", "DeleteBucketPolicy", Bucket=made.identifier)


# -- EventBridge


def _create_bus(asked: ResourceRequest) -> Made:
    members = {**asked.given("Description"), "Name": asked.named("Name"), "Tags": tags(asked)}
    arn = asked.call("events", "CreateEventBus", members)["EventBusArn"]
    return Made(asked.named("Name"), {"Arn": arn, "Name": asked.named("Name")})


def _update_bus(asked: ResourceRequest, made: Made) -> Made:
    said = {"Description": str(asked.get("Description") or ""), "Name": made.identifier}
    asked.call("events", "UpdateEventBus", said)
    return made


def _remove_bus(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "events", "DeleteEventBus", Name=made.identifier)


def _put_rule(asked: ResourceRequest) -> Made:
    name = asked.named("Name")
    bus = asked.given("EventBusName")
    said = asked.given("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")
    arn = asked.call("events", "PutRule", {**said, **bus, "Name": name})["RuleArn"]
    attributes = {"Arn": arn, "RuleName": name, OF: str(asked.get("EventBusName") or "default")}
    made = asked.begin(Made(name, attributes))
    targets = asked.get("Targets") or []
    if targets:
        answer = asked.call("events", "PutTargets", {**bus, "Rule": name, "Targets": targets})
        if failed := [one for one in answer.get("FailedEntries") or () if not _is_unserved(one, asked)]:
            raise refuse(f"PutTargets: {json.dumps(failed)}")
    return made


def _is_unserved(failed: Mapping[str, Any], asked: ResourceRequest) -> bool:
    """Whether it is of a service that nothing is brought to here; told, since AWS would take it."""
    if failed.get("ErrorCode") != NOT_SERVED:
        return False
    target, text = failed.get("TargetId"), failed.get("ErrorMessage")
    asked.reach.context.notices.tell(f"{asked.logical_id}: target {target} has no effect: {text}")
    return True


def _update_rule(asked: ResourceRequest, made: Made) -> Made:
    """Its targets are those that it is to have, and no others."""
    wanted = {str(one["Id"]) for one in asked.get("Targets") or ()}
    of = {"Rule": made.identifier, "EventBusName": made.attributes[OF]}
    there = asked.reach.call("events", "ListTargetsByRule", **of).get("Targets", [])
    gone = [one["Id"] for one in there if one["Id"] not in wanted]
    if gone:
        asked.reach.call("events", "RemoveTargets", **of, Ids=gone)
    return _put_rule(asked)


def _remove_rule(made: Made, reach: Reach) -> None:
    of = {"Rule": made.identifier, "EventBusName": made.attributes[OF]}
    targets = (reach.find("events", "ListTargetsByRule", **of) or {}).get("Targets", [])
    if targets:
        ask_if_there(reach, "events", "RemoveTargets", **of, Ids=[one["Id"] for one in targets])
    ask_if_there(reach, "events", "DeleteRule", Name=made.identifier, EventBusName=made.attributes[OF])


# -- Scheduler


def _create_group(asked: ResourceRequest) -> Made:
    arn = asked.call("scheduler", "CreateScheduleGroup", {"Name": asked.named("Name")})["ScheduleGroupArn"]
    return Made(asked.named("Name"), {"Arn": arn})


def _remove_group(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "scheduler", "DeleteScheduleGroup", Name=made.identifier)


def _create_schedule(asked: ResourceRequest) -> Made:
    members = {**asked.properties, "Name": asked.named("Name")}
    arn = asked.call("scheduler", "CreateSchedule", members)["ScheduleArn"]
    return Made(asked.named("Name"), {"Arn": arn, OF: str(asked.get("GroupName") or "default")})


def _update_schedule(asked: ResourceRequest, made: Made) -> Made:
    asked.call("scheduler", "UpdateSchedule", {**asked.properties, "Name": made.identifier})
    return made


def _remove_schedule(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "scheduler", "DeleteSchedule", Name=made.identifier, GroupName=made.attributes[OF])


# -- CloudWatch and its logs


def _create_log_group(asked: ResourceRequest) -> Made:
    name = asked.named("LogGroupName")
    if asked.reach.call("logs", "DescribeLogGroups", logGroupNamePrefix=name, limit=1)["logGroups"][:1] == []:
        asked.call("logs", "CreateLogGroup", {"logGroupName": name})
    _set_retention(asked, name)
    return Made(name, {"Arn": asked.reach.arn("logs", f"log-group:{name}:*")})


def _set_retention(asked: ResourceRequest, name: str) -> None:
    if asked.get("RetentionInDays") is not None:
        asked.call("logs", "PutRetentionPolicy", {"logGroupName": name, **asked.given("RetentionInDays")})


def _update_log_group(asked: ResourceRequest, made: Made) -> Made:
    if asked.get("RetentionInDays") is None:
        ask_if_there(asked.reach, "logs", "DeleteRetentionPolicy", logGroupName=made.identifier)
    _set_retention(asked, made.identifier)
    return made


def _remove_log_group(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "logs", "DeleteLogGroup", logGroupName=made.identifier)


def _put_filter(asked: ResourceRequest, _: Made | None = None) -> Made:
    name = asked.named("FilterName")
    said = asked.given("DestinationArn", "Distribution", "FilterPattern", "LogGroupName", "RoleArn")
    asked.call("logs", "PutSubscriptionFilter", {"FilterPattern": "", **said, "FilterName": name})
    return Made(name, {OF: str(asked.get("LogGroupName"))})


def _remove_filter(made: Made, reach: Reach) -> None:
    of = {"logGroupName": made.attributes[OF]}
    ask_if_there(reach, "logs", "DeleteSubscriptionFilter", **of, filterName=made.identifier)


def _put_alarm(asked: ResourceRequest) -> Made:
    name = asked.named("AlarmName")
    asked.call("cloudwatch", "PutMetricAlarm", {**asked.properties, "AlarmName": name, "Tags": tags(asked)})
    return Made(name, {"Arn": asked.reach.arn("cloudwatch", f"alarm:{name}")})


def _update_alarm(asked: ResourceRequest, made: Made) -> Made:
    return _put_alarm(asked)._replace(identifier=made.identifier)


def _remove_alarm(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "cloudwatch", "DeleteAlarms", AlarmNames=[made.identifier])


# -- Step Functions

REVISION, FIRST = "StateMachineRevisionId", "INITIAL"


def _machine(asked: ResourceRequest) -> dict[str, Any]:
    said = asked.get("DefinitionString") or asked.get("Definition")
    text = text_in_s3(asked, "DefinitionS3Location") if said is None else as_text(said)
    if text is None:
        raise refuse("has none of Definition, DefinitionString and DefinitionS3Location")
    for name, value in (asked.get("DefinitionSubstitutions") or {}).items():
        text = re.sub(rf"\$\{{{re.escape(name)}\}}", lambda _, value=value: json.dumps(str(value))[1:-1], text)  # type: ignore[misc]
    if asked.get("DefinitionString") is None:  # it may be YAML
        text = as_text(read_document(text.encode(), "Definition" if said else "DefinitionS3Location"))
    return {"definition": text, **asked.given("RoleArn", "LoggingConfiguration", "TracingConfiguration")}


def _create_machine(asked: ResourceRequest) -> Made:
    name = asked.named("StateMachineName")
    kind = str(asked.get("StateMachineType") or "STANDARD")
    members = {**_machine(asked), "name": name, "type": kind, "tags": tags(asked, "key", "value")}
    arn = asked.call("stepfunctions", "CreateStateMachine", members)["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name, REVISION: FIRST, OF: kind})


def _update_machine(asked: ResourceRequest, made: Made) -> Made:
    usual = {"LoggingConfiguration": {"Level": "OFF"}, "TracingConfiguration": {"Enabled": False}}
    said = asked.back_to(usual) | _machine(asked)
    asked.call("stepfunctions", "UpdateStateMachine", {**said, "stateMachineArn": made.identifier})
    return made._replace(attributes={**made.attributes, REVISION: asked.reach.context.clock.new_id()})


def _remove_machine(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "stepfunctions", "DeleteStateMachine", stateMachineArn=made.identifier)


def _has_machine(made: Made, reach: Reach) -> bool:
    return reach.find("stepfunctions", "DescribeStateMachine", stateMachineArn=made.identifier) is not None


_OF_ALARMS = (
    "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions "
    "EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName Metrics "
    "Namespace OKActions Period Statistic Tags Threshold TreatMissingData Unit"
)
GROUPS: Mapping[str, Kind] = {
    "AWS::Logs::LogGroup": Kind(
        takes("LogGroupName RetentionInDays"),
        _create_log_group,
        _remove_log_group,
        _update_log_group,
        fixed=takes("LogGroupName"),
        named="LogGroupName",
    ),
    "AWS::Events::EventBus": Kind(
        takes("Description Name Tags"), _create_bus, _remove_bus, _update_bus, fixed=takes("Name"), named="Name"
    ),
    "AWS::Scheduler::ScheduleGroup": Kind(takes("Name"), _create_group, _remove_group, fixed=takes("Name")),
}
HAPPENINGS: Mapping[str, Kind] = {
    "AWS::S3::Bucket": Kind(
        takes(
            "BucketEncryption BucketName CorsConfiguration NotificationConfiguration PublicAccessBlockConfiguration "
            "Tags VersioningConfiguration"
        ),
        _create_bucket,
        _remove_bucket,
        _update_bucket,
        _has_bucket,
        fixed=takes("BucketName"),
        named="BucketName",
    ),
    "AWS::S3::BucketPolicy": Kind(
        takes("Bucket PolicyDocument"),
        _put_bucket_policy,
        _remove_bucket_policy,
        _put_bucket_policy,
        fixed=takes("Bucket"),
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        takes(
            "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions LoggingConfiguration RoleArn "
            "StateMachineName StateMachineType Tags TracingConfiguration"
        ),
        _create_machine,
        _remove_machine,
        _update_machine,
        _has_machine,
        fixed=takes("StateMachineName StateMachineType"),
        named="StateMachineName",
    ),
    "AWS::Events::Rule": Kind(
        takes("Description EventBusName EventPattern Name RoleArn ScheduleExpression State Targets"),
        _put_rule,
        _remove_rule,
        _update_rule,
        fixed=takes("EventBusName Name"),
    ),
    "AWS::Scheduler::Schedule": Kind(
        takes(
            "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression "
            "ScheduleExpressionTimezone StartDate State Target"
        ),
        _create_schedule,
        _remove_schedule,
        _update_schedule,
        fixed=takes("GroupName Name"),
    ),
    "AWS::Logs::SubscriptionFilter": Kind(
        takes("DestinationArn Distribution FilterName FilterPattern LogGroupName RoleArn"),
        _put_filter,
        _remove_filter,
        _put_filter,
        fixed=takes("FilterName LogGroupName"),
    ),
    "AWS::CloudWatch::Alarm": Kind(
        takes(_OF_ALARMS), _put_alarm, _remove_alarm, _update_alarm, fixed=takes("AlarmName"), named="AlarmName"
    ),
}
