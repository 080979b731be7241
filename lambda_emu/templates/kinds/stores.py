"""What holds data: queues, tables, buckets, streams, parameters and secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import (
    OF,
    Kind,
    Made,
    ResourceRequest,
    as_text,
    ask_if_there,
    tag_map,
    tags,
    takes,
)

# -- SQS

_QUEUE_ATTRIBUTES = (
    *("ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoThroughputLimit", "MaximumMessageSize"),
    *("MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "KmsMasterKeyId"),
    *("RedrivePolicy", "RedriveAllowPolicy", "SqsManagedSseEnabled", "KmsDataKeyReusePeriodSeconds"),
)


_USUAL: Mapping[str, Any] = {
    **{"DelaySeconds": 0, "MaximumMessageSize": 262_144, "MessageRetentionPeriod": 345_600, "RedriveAllowPolicy": ""},
    **{"ReceiveMessageWaitTimeSeconds": 0, "RedrivePolicy": "", "VisibilityTimeout": 30, "KmsMasterKeyId": ""},
    **{"KmsDataKeyReusePeriodSeconds": 300, "SqsManagedSseEnabled": True, "ContentBasedDeduplication": False},
    **{"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"},
}
"""What a queue has that is told nothing: for what a template leaves out again."""


def _queue_attributes(asked: ResourceRequest) -> dict[str, Any]:
    return asked.given(*_QUEUE_ATTRIBUTES)


def _create_queue(asked: ResourceRequest) -> Made:
    is_fifo = str(asked.get("FifoQueue", False)).lower() == "true"
    name = str(asked.get("QueueName") or f"{asked.name}{'.fifo' if is_fifo else ''}")
    attributes = {**_queue_attributes(asked), **({"FifoQueue": "true"} if is_fifo else {})}
    members = {"QueueName": name, "Attributes": attributes, "tags": tag_map(asked)}
    url = asked.call("sqs", "CreateQueue", members)["QueueUrl"]
    found = asked.call("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["QueueArn"]})
    return Made(url, {"Arn": found["Attributes"]["QueueArn"], "QueueName": name, "QueueUrl": url})


def _update_queue(asked: ResourceRequest, made: Made) -> Made:
    said = asked.back_to(_USUAL) | _queue_attributes(asked)
    if said:
        asked.call("sqs", "SetQueueAttributes", {"QueueUrl": made.identifier, "Attributes": said})
    return made


def _remove_queue(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sqs", "DeleteQueue", QueueUrl=made.identifier)


def _has_queue(made: Made, reach: Reach) -> bool:
    return reach.find("sqs", "GetQueueUrl", QueueName=made.attributes["QueueName"]) is not None


def _put_queue_policy(asked: ResourceRequest) -> Made:
    for url in asked.get("Queues") or ():
        policy = {"Policy": as_text(asked.get("PolicyDocument"))}
        asked.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": policy})
    return Made(asked.name, {"Id": asked.name, OF: " ".join(map(str, asked.get("Queues") or ()))})


def _update_queue_policy(asked: ResourceRequest, made: Made) -> Made:
    """The same one, of other queues perhaps."""
    there = {*map(str, asked.get("Queues") or ())}
    gone = [url for url in made.attributes[OF].split() if url not in there]
    _remove_queue_policy(Made("", {OF: " ".join(gone)}), asked.reach)
    return _put_queue_policy(asked)._replace(identifier=made.identifier)


def _remove_queue_policy(made: Made, reach: Reach) -> None:
    for url in made.attributes[OF].split():
        ask_if_there(reach, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


# -- DynamoDB


def _table(asked: ResourceRequest) -> dict[str, Any]:
    said = dict(asked.given(*_OF_CREATED_TABLES))
    stream = asked.get("StreamSpecification")
    said |= {"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}
    return {**said, "BillingMode": _billing(asked), "TableName": asked.named("TableName"), "Tags": tags(asked)}


def _billing(asked: ResourceRequest) -> str:
    return str(asked.get("BillingMode") or ("PROVISIONED" if asked.get("ProvisionedThroughput") else "PAY_PER_REQUEST"))


def _create_table(asked: ResourceRequest) -> Made:
    found = asked.call("dynamodb", "CreateTable", _table(asked))["TableDescription"]
    asked.begin(_made_table(found))
    _set_ttl(asked, found["TableName"])
    return _made_table(found)


def _made_table(found: Mapping[str, Any]) -> Made:
    stream = {"StreamArn": found["LatestStreamArn"]} if "LatestStreamArn" in found else {}
    return Made(found["TableName"], {"Arn": found["TableArn"], **stream})


def _set_ttl(asked: ResourceRequest, table: str) -> None:
    before, said = asked.before.get("TimeToLiveSpecification"), asked.get("TimeToLiveSpecification")
    if before and not said:
        said = {**before, "Enabled": False}
    if said != before:
        asked.call("dynamodb", "UpdateTimeToLive", {"TableName": table, "TimeToLiveSpecification": said})


_SET_AT_ANY_TIME = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput")


def _set_capacity(asked: ResourceRequest, table: str) -> None:
    if asked.given(*_SET_AT_ANY_TIME) == {
        name: asked.before[name] for name in _SET_AT_ANY_TIME if name in asked.before
    }:
        return
    members = {
        "BillingMode": _billing(asked),
        "DeletionProtectionEnabled": asked.get("DeletionProtectionEnabled", False),
        **asked.given("ProvisionedThroughput"),
    }
    asked.call("dynamodb", "UpdateTable", {"TableName": table, **members})


def _set_indexes(asked: ResourceRequest, table: str, found: Mapping[str, Any]) -> None:
    """One after the other, as CloudFormation does."""
    wanted = {one["IndexName"]: one for one in asked.get("GlobalSecondaryIndexes") or ()}
    there = {one["IndexName"] for one in found.get("GlobalSecondaryIndexes", ())}
    changes = [{"Delete": {"IndexName": name}} for name in sorted(there - wanted.keys())]
    changes += [{"Create": wanted[name]} for name in sorted(wanted.keys() - there)]
    for change in changes:
        members = {**asked.given("AttributeDefinitions"), "GlobalSecondaryIndexUpdates": [change]}
        asked.call("dynamodb", "UpdateTable", {"TableName": table, **members})


def _update_table(asked: ResourceRequest, made: Made) -> Made:
    found = asked.call("dynamodb", "DescribeTable", {"TableName": made.identifier})["Table"]
    _set_capacity(asked, made.identifier)
    _set_indexes(asked, made.identifier, found)
    stream = asked.get("StreamSpecification")
    view = found.get("StreamSpecification", {}).get("StreamViewType")
    if (stream or {}).get("StreamViewType") != view:
        for said in ([{"StreamEnabled": False}] if view else []) + (
            [{"StreamEnabled": True, **stream}] if stream else []
        ):
            members = {"TableName": made.identifier, "StreamSpecification": said}
            found = asked.call("dynamodb", "UpdateTable", members)["TableDescription"]
    _set_ttl(asked, made.identifier)
    return _made_table(found)


def _as_table(asked: ResourceRequest) -> ResourceRequest:
    """A global table as that of this region: of its replicas no other is made, and requests are paid one by one."""
    region = asked.reach.context.scope.region
    here: Mapping[str, Any] = next((one for one in asked.get("Replicas") or () if one.get("Region") == region), {})
    said = {name: here[name] for name in ("DeletionProtectionEnabled", "TableClass", "Tags") if name in here}
    given = {name: value for name, value in asked.properties.items() if name not in ("BillingMode", "Replicas")}
    return replace(asked, properties={**given, **said})


def _create_global(asked: ResourceRequest) -> Made:
    return _create_table(_as_table(asked))


def _update_global(asked: ResourceRequest, made: Made) -> Made:
    return _update_table(_as_table(asked), made)


def _remove_table(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "dynamodb", "DeleteTable", TableName=made.identifier)


def _has_table(made: Made, reach: Reach) -> bool:
    return reach.find("dynamodb", "DescribeTable", TableName=made.identifier) is not None


# -- Kinesis


def _create_stream(asked: ResourceRequest) -> Made:
    name = asked.named("Name")
    mode = asked.given("StreamModeDetails")
    shards = {} if mode.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND" else {"ShardCount": 1}
    members = {"StreamName": name, **shards, **asked.given("ShardCount"), **mode}
    asked.call("kinesis", "CreateStream", members)
    _set_kept_hours(asked, name)
    found = asked.call("kinesis", "DescribeStreamSummary", {"StreamName": name})["StreamDescriptionSummary"]
    return Made(name, {"Arn": found["StreamARN"]})


DAY_H = 24


def _set_kept_hours(asked: ResourceRequest, stream: str) -> None:
    had, has = (int(said.get("RetentionPeriodHours") or DAY_H) for said in (asked.before, asked.properties))
    if had != has:
        how = "Increase" if has > had else "Decrease"
        members = {"StreamName": stream, "RetentionPeriodHours": has}
        asked.call("kinesis", f"{how}StreamRetentionPeriod", members)


def _update_stream(asked: ResourceRequest, made: Made) -> Made:
    """Shards are split and merged, and hold what they held."""
    mode, arn = asked.get("StreamModeDetails"), made.attributes["Arn"]
    if mode != asked.before.get("StreamModeDetails"):
        asked.call("kinesis", "UpdateStreamMode", {"StreamARN": arn, "StreamModeDetails": mode or PROVISIONED})
    shards = asked.get("ShardCount")
    if shards is not None and shards != asked.before.get("ShardCount"):
        members = {"TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING"}
        asked.call("kinesis", "UpdateShardCount", {"StreamName": made.identifier, **members})
    _set_kept_hours(asked, made.identifier)
    return made


PROVISIONED = {"StreamMode": "PROVISIONED"}


def _remove_stream(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "kinesis", "DeleteStream", StreamName=made.identifier, EnforceConsumerDeletion=True)


def _has_stream(made: Made, reach: Reach) -> bool:
    return reach.find("kinesis", "DescribeStreamSummary", StreamName=made.identifier) is not None


def _create_consumer(asked: ResourceRequest) -> Made:
    members = asked.given("ConsumerName", "StreamARN")
    arn = asked.call("kinesis", "RegisterStreamConsumer", members)["Consumer"]["ConsumerARN"]
    return Made(arn, {"ConsumerARN": arn, "StreamARN": str(asked.get("StreamARN")), **asked.given("ConsumerName")})


def _remove_consumer(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "kinesis", "DeregisterStreamConsumer", ConsumerARN=made.identifier)


# -- SSM, Secrets Manager


def _put_parameter(asked: ResourceRequest) -> Made:
    name = asked.named("Name")
    usual = asked.back_to({"AllowedPattern": "", "DataType": "text", "Description": ""})
    said = usual | asked.given("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
    asked.call("ssm", "PutParameter", {**said, "Name": name, "Overwrite": True})
    arn = asked.reach.arn("ssm", f"parameter/{name.removeprefix('/')}")
    return Made(name, {"Arn": arn, "Type": str(asked.get("Type")), "Value": str(asked.get("Value"))})


def _update_parameter(asked: ResourceRequest, made: Made) -> Made:
    return _put_parameter(asked)._replace(identifier=made.identifier)


def _remove_parameter(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "ssm", "DeleteParameter", Name=made.identifier)


def _create_secret(asked: ResourceRequest) -> Made:
    said = asked.given("Description", "KmsKeyId", "SecretString")
    generate = asked.get("GenerateSecretString")
    if generate is not None:
        said["SecretString"] = _generate(asked, generate)
    arn = asked.call("secretsmanager", "CreateSecret", {**said, "Name": asked.named("Name"), "Tags": tags(asked)})[
        "ARN"
    ]
    return Made(arn, {"Id": arn})


def _generate(asked: ResourceRequest, said: Mapping[str, Any]) -> str:
    password = asked.call("secretsmanager", "GetRandomPassword", said)["RandomPassword"]
    if "GenerateStringKey" not in said:
        return str(password)
    return json.dumps({**json.loads(str(said.get("SecretStringTemplate", "{}"))), said["GenerateStringKey"]: password})


def _update_secret(asked: ResourceRequest, made: Made) -> Made:
    said = asked.back_to({"Description": "", "KmsKeyId": ""}) | asked.given("Description", "KmsKeyId", "SecretString")
    asked.call("secretsmanager", "UpdateSecret", {**said, "SecretId": made.identifier})
    return made


def _remove_secret(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "secretsmanager", "DeleteSecret", SecretId=made.identifier, ForceDeleteWithoutRecovery=True)


def _has_secret(made: Made, reach: Reach) -> bool:
    return reach.find("secretsmanager", "DescribeSecret", SecretId=made.identifier) is not None


_OF_CREATED_TABLES = (
    *("AttributeDefinitions", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes", "ProvisionedThroughput"),
    *("DeletionProtectionEnabled", "TableClass"),
)
STORES: Mapping[str, Kind] = {
    "AWS::SQS::Queue": Kind(
        takes(f"FifoQueue QueueName Tags {' '.join(_QUEUE_ATTRIBUTES)}"),
        _create_queue,
        _remove_queue,
        _update_queue,
        _has_queue,
        fixed=takes("FifoQueue QueueName"),
        named="QueueName",
    ),
    "AWS::DynamoDB::Table": Kind(
        takes(f"BillingMode StreamSpecification TableName Tags TimeToLiveSpecification {' '.join(_OF_CREATED_TABLES)}"),
        _create_table,
        _remove_table,
        _update_table,
        _has_table,
        fixed=takes("KeySchema TableName"),
        named="TableName",
    ),
    "AWS::DynamoDB::GlobalTable": Kind(
        takes(
            "AttributeDefinitions BillingMode GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes Replicas "
            "StreamSpecification TableName TimeToLiveSpecification"
        ),
        _create_global,
        _remove_table,
        _update_global,
        _has_table,
        fixed=takes("KeySchema LocalSecondaryIndexes TableName"),
        named="TableName",
    ),
    "AWS::Kinesis::Stream": Kind(
        takes("Name RetentionPeriodHours ShardCount StreamModeDetails"),
        _create_stream,
        _remove_stream,
        _update_stream,
        _has_stream,
        fixed=takes("Name"),
        named="Name",
    ),
    "AWS::Kinesis::StreamConsumer": Kind(
        takes("ConsumerName StreamARN"), _create_consumer, _remove_consumer, fixed=takes("ConsumerName StreamARN")
    ),
    "AWS::SSM::Parameter": Kind(
        takes("AllowedPattern DataType Description Name Tier Type Value"),
        _put_parameter,
        _remove_parameter,
        _update_parameter,
        fixed=takes("Name"),
        named="Name",
    ),
    "AWS::SecretsManager::Secret": Kind(
        takes("Description GenerateSecretString KmsKeyId Name SecretString Tags"),
        _create_secret,
        _remove_secret,
        _update_secret,
        _has_secret,
        fixed=takes("Name"),
        named="Name",
    ),
}
ON_STORES: Mapping[str, Kind] = {
    "AWS::SQS::QueuePolicy": Kind(
        takes("PolicyDocument Queues"), _put_queue_policy, _remove_queue_policy, _update_queue_policy
    ),
}
