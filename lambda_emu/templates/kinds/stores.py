"""What holds data: queues, topics, tables, buckets, streams, parameters and secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import (
    OF,
    Asked,
    Kind,
    Made,
    NeedsAnother,
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


def _queue_attributes(asked: Asked) -> dict[str, Any]:
    return asked.given(*_QUEUE_ATTRIBUTES)


def _create_queue(asked: Asked) -> Made:
    is_fifo = str(asked.get("FifoQueue", False)).lower() == "true"
    name = str(asked.get("QueueName") or f"{asked.name}{'.fifo' if is_fifo else ''}")
    attributes = {**_queue_attributes(asked), **({"FifoQueue": "true"} if is_fifo else {})}
    members = {"QueueName": name, "Attributes": attributes, "tags": tag_map(asked)}
    url = asked.call("sqs", "CreateQueue", members)["QueueUrl"]
    found = asked.call("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["QueueArn"]})
    return Made(url, {"Arn": found["Attributes"]["QueueArn"], "QueueName": name, "QueueUrl": url})


def _update_queue(asked: Asked, made: Made) -> Made:
    if asked.get("QueueName") not in (None, made.attributes["QueueName"]):
        raise NeedsAnother
    said: dict[str, Any] = {"RedrivePolicy": "", **_queue_attributes(asked)}
    asked.call("sqs", "SetQueueAttributes", {"QueueUrl": made.identifier, "Attributes": said})
    return made


def _remove_queue(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sqs", "DeleteQueue", QueueUrl=made.identifier)


def _has_queue(made: Made, reach: Reach) -> bool:
    return reach.find("sqs", "GetQueueUrl", QueueName=made.attributes["QueueName"]) is not None


def _put_queue_policy(asked: Asked) -> Made:
    for url in asked.get("Queues") or ():
        policy = {"Policy": as_text(asked.get("PolicyDocument"))}
        asked.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": policy})
    return Made(asked.name, {OF: " ".join(map(str, asked.get("Queues") or ()))})


def _remove_queue_policy(made: Made, reach: Reach) -> None:
    for url in made.attributes[OF].split():
        ask_if_there(reach, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


# -- SNS


def _create_topic(asked: Asked) -> Made:
    is_fifo = str(asked.get("FifoTopic", False)).lower() == "true"
    name = str(asked.get("TopicName") or f"{asked.name}{'.fifo' if is_fifo else ''}")
    attributes = asked.given("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId", "SignatureVersion")
    attributes |= {"FifoTopic": "true"} if is_fifo else {}
    members = {"Name": name, "Attributes": attributes, "Tags": tags(asked)}
    arn = asked.call("sns", "CreateTopic", members)["TopicArn"]
    made = asked.begin(Made(arn, {"TopicArn": arn, "TopicName": name}))
    for one in asked.get("Subscription") or ():
        asked.call("sns", "Subscribe", {**one, "TopicArn": arn})
    return made


def _remove_topic(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sns", "DeleteTopic", TopicArn=made.identifier)


def _has_topic(made: Made, reach: Reach) -> bool:
    return reach.find("sns", "GetTopicAttributes", TopicArn=made.identifier) is not None


def _subscribe(asked: Asked) -> Made:
    attributes = asked.given("DeliveryPolicy", "FilterPolicyScope", "FilterPolicy", "RawMessageDelivery")
    attributes |= asked.given("RedrivePolicy", "SubscriptionRoleArn")
    members = {**asked.given("Endpoint", "Protocol", "TopicArn"), "Attributes": attributes}
    arn = asked.call("sns", "Subscribe", {**members, "ReturnSubscriptionArn": True})["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def _unsubscribe(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sns", "Unsubscribe", SubscriptionArn=made.identifier)


def _put_topic_policy(asked: Asked) -> Made:
    for arn in asked.get("Topics") or ():
        members = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": as_text(asked.get("PolicyDocument"))}
        asked.call("sns", "SetTopicAttributes", members)
    return Made(asked.name, {})


def _leave_policy(_: Made, __: Reach) -> None:
    """It goes with what it is of; until then what it allowed stays allowed."""


# -- DynamoDB


def _table(asked: Asked) -> dict[str, Any]:
    said = dict(asked.given(*_OF_CREATED_TABLES))
    billing = asked.get("BillingMode") or ("PROVISIONED" if asked.get("ProvisionedThroughput") else "PAY_PER_REQUEST")
    stream = asked.get("StreamSpecification")
    said |= {"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}
    return {**said, "BillingMode": billing, "TableName": asked.named("TableName"), "Tags": tags(asked)}


def _create_table(asked: Asked) -> Made:
    found = asked.call("dynamodb", "CreateTable", _table(asked))["TableDescription"]
    asked.begin(_made_table(found))
    _set_ttl(asked, found["TableName"])
    return _made_table(found)


def _made_table(found: Mapping[str, Any]) -> Made:
    stream = {"StreamArn": found["LatestStreamArn"]} if "LatestStreamArn" in found else {}
    return Made(found["TableName"], {"Arn": found["TableArn"], **stream})


def _set_ttl(asked: Asked, table: str) -> None:
    said = asked.get("TimeToLiveSpecification")
    if said:
        asked.call("dynamodb", "UpdateTimeToLive", {"TableName": table, "TimeToLiveSpecification": said})


def _update_table(asked: Asked, made: Made) -> Made:
    """Keys are for good: a table that has others is another one, as on AWS."""
    found = asked.call("dynamodb", "DescribeTable", {"TableName": made.identifier})["Table"]
    indexes = [one["IndexName"] for one in found.get("GlobalSecondaryIndexes", ())]
    wanted = [one["IndexName"] for one in asked.get("GlobalSecondaryIndexes") or ()]
    is_other = asked.named("TableName") != made.identifier or found["KeySchema"] != asked.get("KeySchema")
    if is_other or sorted(indexes) != sorted(wanted):
        raise NeedsAnother(made.identifier if asked.get("TableName") == made.identifier else None)
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


def _remove_table(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "dynamodb", "DeleteTable", TableName=made.identifier)


def _has_table(made: Made, reach: Reach) -> bool:
    return reach.find("dynamodb", "DescribeTable", TableName=made.identifier) is not None


# -- Kinesis


def _create_stream(asked: Asked) -> Made:
    name = asked.named("Name")
    mode = asked.given("StreamModeDetails")
    shards = {} if mode.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND" else {"ShardCount": 1}
    members = {"StreamName": name, **shards, **asked.given("ShardCount"), **mode}
    asked.call("kinesis", "CreateStream", members)
    if int(asked.get("RetentionPeriodHours", 24)) > 24:
        kept = {"StreamName": name, **asked.given("RetentionPeriodHours")}
        asked.call("kinesis", "IncreaseStreamRetentionPeriod", kept)
    found = asked.call("kinesis", "DescribeStreamSummary", {"StreamName": name})["StreamDescriptionSummary"]
    return Made(name, {"Arn": found["StreamARN"]})


def _remove_stream(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "kinesis", "DeleteStream", StreamName=made.identifier, EnforceConsumerDeletion=True)


def _has_stream(made: Made, reach: Reach) -> bool:
    return reach.find("kinesis", "DescribeStreamSummary", StreamName=made.identifier) is not None


def _create_consumer(asked: Asked) -> Made:
    members = asked.given("ConsumerName", "StreamARN")
    arn = asked.call("kinesis", "RegisterStreamConsumer", members)["Consumer"]["ConsumerARN"]
    return Made(arn, {"ConsumerARN": arn, "StreamARN": str(asked.get("StreamARN")), **asked.given("ConsumerName")})


def _remove_consumer(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "kinesis", "DeregisterStreamConsumer", ConsumerARN=made.identifier)


# -- SSM, Secrets Manager


def _put_parameter(asked: Asked) -> Made:
    name = asked.named("Name")
    said = asked.given("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
    asked.call("ssm", "PutParameter", {**said, "Name": name, "Overwrite": True})
    return Made(name, {"Type": str(asked.get("Type")), "Value": str(asked.get("Value"))})


def _update_parameter(asked: Asked, made: Made) -> Made:
    if asked.named("Name") != made.identifier:
        raise NeedsAnother
    return _put_parameter(asked)


def _remove_parameter(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "ssm", "DeleteParameter", Name=made.identifier)


def _create_secret(asked: Asked) -> Made:
    said = asked.given("Description", "KmsKeyId", "SecretString")
    generate = asked.get("GenerateSecretString")
    if generate is not None:
        said["SecretString"] = _generate(asked, generate)
    arn = asked.call("secretsmanager", "CreateSecret", {**said, "Name": asked.named("Name"), "Tags": tags(asked)})[
        "ARN"
    ]
    return Made(arn, {"Id": arn})


def _generate(asked: Asked, said: Mapping[str, Any]) -> str:
    password = asked.call("secretsmanager", "GetRandomPassword", said)["RandomPassword"]
    if "GenerateStringKey" not in said:
        return str(password)
    return json.dumps({**json.loads(str(said.get("SecretStringTemplate", "{}"))), said["GenerateStringKey"]: password})


def _update_secret(asked: Asked, made: Made) -> Made:
    said = asked.given("Description", "KmsKeyId", "SecretString")
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
    ),
    "AWS::SNS::Topic": Kind(
        takes(
            "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion Subscription Tags "
            "TopicName"
        ),
        _create_topic,
        _remove_topic,
        None,
        _has_topic,
    ),
    "AWS::DynamoDB::Table": Kind(
        takes(f"BillingMode StreamSpecification TableName Tags TimeToLiveSpecification {' '.join(_OF_CREATED_TABLES)}"),
        _create_table,
        _remove_table,
        _update_table,
        _has_table,
    ),
    "AWS::Kinesis::Stream": Kind(
        takes("Name RetentionPeriodHours ShardCount StreamModeDetails"),
        _create_stream,
        _remove_stream,
        None,
        _has_stream,
    ),
    "AWS::Kinesis::StreamConsumer": Kind(takes("ConsumerName StreamARN"), _create_consumer, _remove_consumer),
    "AWS::SSM::Parameter": Kind(
        takes("AllowedPattern DataType Description Name Tier Type Value"),
        _put_parameter,
        _remove_parameter,
        _update_parameter,
    ),
    "AWS::SecretsManager::Secret": Kind(
        takes("Description GenerateSecretString KmsKeyId Name SecretString Tags"),
        _create_secret,
        _remove_secret,
        _update_secret,
        _has_secret,
    ),
}
ON_STORES: Mapping[str, Kind] = {
    "AWS::SQS::QueuePolicy": Kind(takes("PolicyDocument Queues"), _put_queue_policy, _remove_queue_policy),
    "AWS::SNS::TopicPolicy": Kind(takes("PolicyDocument Topics"), _put_topic_policy, _leave_policy),
    "AWS::SNS::Subscription": Kind(
        takes(
            "DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy "
            "SubscriptionRoleArn TopicArn"
        ),
        _subscribe,
        _unsubscribe,
    ),
}
