"""Types of several services that take a row each: archives, connections, streams of deliveries, activities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, as_text, ask_if_there, takes
from lambda_emu.templates.kinds.plain import Plain, plain

EVENTS, LOGS, STATES, FIREHOSE = "events", "logs", "stepfunctions", "firehose"

# -- EventBridge


def _permit(asked: ResourceRequest, _: Made | None = None) -> Made:
    """A statement of a bus's policy, whole or of its parts."""
    bus, statement = str(asked.get("EventBusName") or "default"), str(asked.get("StatementId"))
    said = asked.get("Statement")
    of = {"EventBusName": bus, "StatementId": statement}
    if not isinstance(said, Mapping):
        members = {**asked.given("Action", "Principal", "Condition"), **of}
        asked.call(EVENTS, "PutPermission", members)
    else:
        _put_statement(asked, bus, {**said, "Sid": statement})
    return Made(f"{bus}|{statement}", {OF: of})


def _put_statement(asked: ResourceRequest, bus: str, statement: Mapping[str, Any]) -> None:
    found = asked.call(EVENTS, "DescribeEventBus", {"Name": bus}).get("Policy")
    policy: dict[str, Any] = json.loads(found) if found else {"Version": "2012-10-17", "Statement": []}
    others = [one for one in policy["Statement"] if one.get("Sid") != statement["Sid"]]
    told = as_text({**policy, "Statement": [*others, statement]})
    asked.call(EVENTS, "PutPermission", {"EventBusName": bus, "Policy": told})


def _forbid(made: Made, reach: Reach) -> None:
    ask_if_there(reach, EVENTS, "RemovePermission", **made.attributes[OF])


# -- Firehose


def _create_deliveries(asked: ResourceRequest) -> Made:
    name = asked.named("DeliveryStreamName")
    members = {**asked.properties, "DeliveryStreamName": name}
    arn = asked.call(FIREHOSE, "CreateDeliveryStream", members)["DeliveryStreamARN"]
    return Made(name, {"Arn": arn})


def _update_deliveries(asked: ResourceRequest, made: Made) -> Made:
    """What it delivers to and how; CloudFormation too changes that in place."""
    of = {"DeliveryStreamName": made.identifier}
    found = asked.call(FIREHOSE, "DescribeDeliveryStream", of)["DeliveryStreamDescription"]
    where = {
        "CurrentDeliveryStreamVersionId": found["VersionId"],
        "DestinationId": found["Destinations"][0]["DestinationId"],
    }
    told = {
        name.replace("Configuration", "Update"): _updated(name, asked.before.get(name) or {}, value)
        for name, value in asked.properties.items()
        if name.endswith("DestinationConfiguration")
    }
    asked.call(FIREHOSE, "UpdateDestination", {**of, **where, **told})
    return made


def _updated(name: str, had: Mapping[str, Any], has: Mapping[str, Any]) -> dict[str, Any]:
    """What was there and is there no more is told as it is for those that never said it: else it would stay."""
    usual = _USUAL_OF_ENDPOINTS if name.startswith("HttpEndpoint") else _USUAL_OF_S3
    told = {member: usual[member] for member in had.keys() & usual.keys() - has.keys()}
    for member, value in has.items():
        if member in _S3_WITHIN:
            told[_S3_WITHIN[member]] = _updated(member, had.get(member) or {}, value)
        else:
            told[member] = {**usual[member], **value} if member in _MERGED else value
    return told


_HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 300}
_UNLOGGED = {"Enabled": False, "LogGroupName": "", "LogStreamName": ""}
_MERGED = ("BufferingHints", "CloudWatchLoggingOptions")
"""Of which an update leaves what it does not say."""
_S3_WITHIN = {"S3BackupConfiguration": "S3BackupUpdate", "S3Configuration": "S3Update"}
_USUAL_OF_S3: Mapping[str, Any] = {
    **{"BufferingHints": _HINTS, "CloudWatchLoggingOptions": _UNLOGGED, "CompressionFormat": "UNCOMPRESSED"},
    **{"CustomTimeZone": "", "DynamicPartitioningConfiguration": {"Enabled": False}, "ErrorOutputPrefix": ""},
    **{"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"}, "FileExtension": "", "Prefix": ""},
    "ProcessingConfiguration": {"Enabled": False, "Processors": []},
}
_USUAL_OF_ENDPOINTS: Mapping[str, Any] = {
    **{"BufferingHints": _HINTS, "CloudWatchLoggingOptions": _UNLOGGED, "RetryOptions": {"DurationInSeconds": 300}},
    **{"RequestConfiguration": {"ContentEncoding": "NONE", "CommonAttributes": []}, "S3BackupMode": "FailedDataOnly"},
    "ProcessingConfiguration": {"Enabled": False, "Processors": []},
}


def _remove_deliveries(made: Made, reach: Reach) -> None:
    ask_if_there(reach, FIREHOSE, "DeleteDeliveryStream", DeliveryStreamName=made.identifier)


_OF_DELIVERIES = (
    "DeliveryStreamName DeliveryStreamType ExtendedS3DestinationConfiguration HttpEndpointDestinationConfiguration "
    "KinesisStreamSourceConfiguration S3DestinationConfiguration Tags"
)
KEPT: Mapping[str, Kind] = {
    "AWS::Events::Connection": plain(
        Plain(
            EVENTS,
            "AuthParameters AuthorizationType Description Name",
            "CreateConnection",
            "DeleteConnection",
            id="Name",
            member="Name",
            update="UpdateConnection",
            named="Name",
            fixed="Name",
            attributes={"Arn": "ConnectionArn", "SecretArn": "SecretArn"},
            usual={"Description": ""},
        )
    ),
    "AWS::Events::EventBusPolicy": Kind(
        takes("Action Condition EventBusName Principal Statement StatementId"),
        _permit,
        _forbid,
        _permit,
        fixed=takes("EventBusName StatementId"),
    ),
    "AWS::Events::Archive": plain(
        Plain(
            EVENTS,
            "ArchiveName Description EventPattern RetentionDays SourceArn",
            "CreateArchive",
            "DeleteArchive",
            id="ArchiveName",
            member="ArchiveName",
            update="UpdateArchive",
            named="ArchiveName",
            fixed="ArchiveName SourceArn",
            attributes={"Arn": "ArchiveArn"},
            more=lambda asked: {"EventSourceArn": asked.get("SourceArn")},
            usual={"Description": "", "EventPattern": "", "RetentionDays": 0},
        )
    ),
    "AWS::Logs::LogStream": plain(
        Plain(
            LOGS,
            "LogGroupName LogStreamName",
            "CreateLogStream",
            "DeleteLogStream",
            id="LogStreamName",
            member="logStreamName",
            keys={"LogGroupName": "logGroupName"},
            named="LogStreamName",
            fixed="LogGroupName LogStreamName",
        )
    ),
    "AWS::Logs::MetricFilter": plain(
        Plain(
            LOGS,
            "FilterName FilterPattern LogGroupName MetricTransformations",
            "PutMetricFilter",
            "DeleteMetricFilter",
            id="FilterName",
            member="filterName",
            update="PutMetricFilter",
            keys={"LogGroupName": "logGroupName"},
            named="FilterName",
            fixed="FilterName LogGroupName",
        )
    ),
    "AWS::StepFunctions::Activity": plain(
        Plain(
            STATES,
            "Name",
            "CreateActivity",
            "DeleteActivity",
            id="activityArn",
            member="activityArn",
            named="Name",
            fixed="Name",
            attributes={"Arn": "activityArn", "Name": "Name"},
        )
    ),
    "AWS::SES::EmailIdentity": plain(
        Plain(
            "sesv2",
            "EmailIdentity",
            "CreateEmailIdentity",
            "DeleteEmailIdentity",
            id="EmailIdentity",
            member="EmailIdentity",
            fixed="EmailIdentity",
        )
    ),
}
ON_KEPT: Mapping[str, Kind] = {
    "AWS::Events::ApiDestination": plain(
        Plain(
            EVENTS,
            "ConnectionArn Description HttpMethod InvocationEndpoint InvocationRateLimitPerSecond Name",
            "CreateApiDestination",
            "DeleteApiDestination",
            id="Name",
            member="Name",
            update="UpdateApiDestination",
            named="Name",
            fixed="Name",
            attributes={"Arn": "ApiDestinationArn"},
            usual={"Description": "", "InvocationRateLimitPerSecond": 300},
        )
    ),
    "AWS::KinesisFirehose::DeliveryStream": Kind(
        takes(_OF_DELIVERIES),
        _create_deliveries,
        _remove_deliveries,
        _update_deliveries,
        fixed=takes("DeliveryStreamName DeliveryStreamType KinesisStreamSourceConfiguration"),
        named="DeliveryStreamName",
    ),
}
