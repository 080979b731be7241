"""Types of what holds data, for test_sam_types.py."""

from __future__ import annotations

import json
from typing import Any

from types_rig import Account, Row, allow, att, ref, sub

from lambda_emu.model.stack_resource import StackResource as One


def queue(account: Account, one: One) -> Any:
    found = account.sqs.get_queue_attributes(QueueUrl=one.identifier, AttributeNames=["All"])["Attributes"]
    assert found["QueueArn"] == one.attributes["Arn"]
    return one.attributes["QueueName"], found["DelaySeconds"]


def queue_policy(account: Account, _: One) -> Any:
    url = account.made()["Jobs"].identifier if "Jobs" in account.made() else "gone"
    found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return [said["Action"] for said in json.loads(found["Attributes"]["Policy"])["Statement"]]


def one_queue_policy(account: Account, one: One) -> Any:
    found = account.sqs.get_queue_attributes(QueueUrl=one.identifier, AttributeNames=["Policy"])
    return [said["Action"] for said in json.loads(found["Attributes"]["Policy"])["Statement"]]


def topic(account: Account, one: One) -> Any:
    found = account.sns.get_topic_attributes(TopicArn=one.identifier)["Attributes"]
    subscribed = account.sns.list_subscriptions_by_topic(TopicArn=one.identifier)["Subscriptions"]
    ends = [said["Endpoint"].rpartition(":")[2] for said in subscribed if said["Protocol"] == "sqs"]
    return one.attributes["TopicName"], found["DisplayName"], sorted(ends)


def topic_policy(account: Account, _: One) -> Any:
    if "Plain" not in account.made():
        return None
    arn = account.made()["Plain"].identifier
    found = account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    return [said["Action"] for said in json.loads(found)["Statement"]]


def one_topic_policy(account: Account, one: One) -> Any:
    found = account.sns.get_topic_attributes(TopicArn=one.identifier)["Attributes"]["Policy"]
    return [said["Action"] for said in json.loads(found)["Statement"]]


def subscription(account: Account, one: One) -> Any:
    found = account.sns.get_subscription_attributes(SubscriptionArn=one.identifier)["Attributes"]
    return found["Endpoint"].rpartition(":")[2], found["RawMessageDelivery"]


def table(account: Account, one: One) -> Any:
    found = account.dynamodb.describe_table(TableName=one.identifier)["Table"]
    assert found["TableArn"] == one.attributes["Arn"]
    ttl = account.dynamodb.describe_time_to_live(TableName=one.identifier)["TimeToLiveDescription"]
    return (
        found["KeySchema"][0]["AttributeName"],
        found["LatestStreamArn"] == one.attributes["StreamArn"],
        ttl["TimeToLiveStatus"],
    )


def stream(account: Account, one: One) -> Any:
    found = account.kinesis.describe_stream_summary(StreamName=one.identifier)["StreamDescriptionSummary"]
    assert found["StreamARN"] == one.attributes["Arn"]
    return found["OpenShardCount"], found["RetentionPeriodHours"]


def consumer(account: Account, one: One) -> Any:
    found = account.kinesis.describe_stream_consumer(ConsumerARN=one.identifier)["ConsumerDescription"]
    return found["ConsumerName"]


def parameter(account: Account, one: One) -> Any:
    found = account.ssm.get_parameter(Name=one.identifier)["Parameter"]
    return found["Value"], found["Type"]


def secret(account: Account, one: One) -> Any:
    found = account.secretsmanager.get_secret_value(SecretId=one.identifier)
    described = account.secretsmanager.describe_secret(SecretId=one.identifier)
    return found["SecretString"], described.get("Description")


def secret_policy(account: Account, one: One) -> Any:
    found = account.secretsmanager.get_resource_policy(SecretId=one.identifier).get("ResourcePolicy")
    return found and json.loads(found)["Statement"][0]["Action"]


def attached(account: Account, one: One) -> Any:
    return bool(account.secretsmanager.describe_secret(SecretId=one.identifier)["ARN"])


def bucket(account: Account, one: One) -> Any:
    account.s3.head_bucket(Bucket=one.identifier)
    found = account.s3.get_bucket_versioning(Bucket=one.identifier)
    told = account.s3.get_bucket_notification_configuration(Bucket=one.identifier)
    return found.get("Status"), "EventBridgeConfiguration" in told


def bucket_policy(account: Account, one: One) -> Any:
    found = account.s3.get_bucket_policy(Bucket=one.identifier)["Policy"]
    return json.loads(found)["Statement"][0]["Action"]


def key(account: Account, one: One) -> Any:
    found = account.kms.describe_key(KeyId=one.identifier)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        return None
    secret = account.kms.encrypt(KeyId=one.attributes["Arn"], Plaintext=b"hi")["CiphertextBlob"]
    return found["Description"], account.kms.decrypt(CiphertextBlob=secret)["Plaintext"]


def key_alias(account: Account, one: One) -> Any:
    found = account.kms.list_aliases()["Aliases"]
    (target,) = [said["TargetKeyId"] for said in found if said["AliasName"] == one.identifier] or [None]
    return target and target == account.made()["Key"].identifier


def repository(account: Account, one: One) -> Any:
    found = account.ecr.describe_repositories(repositoryNames=[one.identifier])["repositories"][0]
    assert found["repositoryArn"] == one.attributes["Arn"]
    return found["repositoryName"], found["imageTagMutability"]


def deliveries(account: Account, one: One) -> Any:
    found = account.firehose.describe_delivery_stream(DeliveryStreamName=one.identifier)["DeliveryStreamDescription"]
    assert found["DeliveryStreamARN"] == one.attributes["Arn"]
    return found["Destinations"][0]["ExtendedS3DestinationDescription"]["Prefix"]


TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
}
OTHER_KEYS = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
LIVES = {"TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True}}
SEND = allow("sqs:SendMessage", att("Jobs"), Principal={"Service": "sns.amazonaws.com"})


def receives(action: str) -> Any:
    return allow(action, "*", Principal={"AWS": sub("arn:aws:iam::${AWS::AccountId}:root")})


def delivered(prefix: str) -> Any:
    where = {"BucketARN": att("Photos"), "RoleARN": att("Role"), "Prefix": prefix}
    return {"ExtendedS3DestinationConfiguration": where}


STORES = [
    Row(
        "Jobs",
        "AWS::SQS::Queue",
        {"QueueName": "jobs", "DelaySeconds": "1"},
        queue,
        (("jobs", "1"), ("jobs", "2"), ("work", "2")),
        {"DelaySeconds": 2},
        {"QueueName": "work"},
    ),
    Row(
        "JobsPolicy",
        "AWS::SQS::QueuePolicy",
        {"Queues": [ref("Jobs")], "PolicyDocument": SEND},
        queue_policy,
        (["sqs:SendMessage"], ["sqs:ReceiveMessage"]),
        {"PolicyDocument": receives("sqs:ReceiveMessage")},
    ),
    Row("Other", "AWS::SQS::Queue", {}, queue, ()),
    Row(
        "OtherPolicy",
        "AWS::SQS::QueueInlinePolicy",
        {"Queue": ref("Other"), "PolicyDocument": receives("sqs:SendMessage")},
        one_queue_policy,
        (["sqs:SendMessage"], ["sqs:ReceiveMessage"], ["sqs:ReceiveMessage"]),
        {"PolicyDocument": receives("sqs:ReceiveMessage")},
        {"Queue": ref("Jobs")},
        after="JobsPolicy",
    ),
    Row(
        "News",
        "AWS::SNS::Topic",
        {"TopicName": "news", "DisplayName": "old"},
        topic,
        (("news", "old", []), ("news", "new", ["jobs"]), ("tales", "new", ["work"])),
        {"DisplayName": "new", "Subscription": [{"Protocol": "sqs", "Endpoint": att("Jobs")}]},
        {"TopicName": "tales"},
    ),
    Row("Plain", "AWS::SNS::Topic", {"TopicName": "plain"}, topic, ()),
    Row(
        "PlainPolicy",
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("Plain")], "PolicyDocument": receives("sns:Publish")},
        topic_policy,
        (["sns:Publish"], ["sns:Subscribe"]),
        {"PolicyDocument": receives("sns:Subscribe")},
    ),
    Row(
        "NewsPolicy",
        "AWS::SNS::TopicInlinePolicy",
        {"TopicArn": ref("News"), "PolicyDocument": receives("sns:Publish")},
        one_topic_policy,
        (["sns:Publish"], ["sns:Subscribe"]),
        {"PolicyDocument": receives("sns:Subscribe")},
    ),
    Row(
        "Told",
        "AWS::SNS::Subscription",
        {"TopicArn": ref("Plain"), "Protocol": "sqs", "Endpoint": att("Jobs")},
        subscription,
        (("jobs", "false"), ("jobs", "true"), ("work", "true")),
        {"RawMessageDelivery": True},
    ),
    Row(
        "Items",
        "AWS::DynamoDB::Table",
        TABLE,
        table,
        (("id", True, "DISABLED"), ("id", True, "ENABLED"), ("pk", True, "ENABLED")),
        LIVES,
        OTHER_KEYS,
    ),
    Row(
        "Everywhere",
        "AWS::DynamoDB::GlobalTable",
        {**TABLE, "Replicas": [{"Region": ref("AWS::Region")}, {"Region": "eu-west-1"}]},
        table,
        (("id", True, "DISABLED"), ("id", True, "ENABLED"), ("pk", True, "ENABLED")),
        LIVES,
        OTHER_KEYS,
    ),
    Row(
        "Clicks",
        "AWS::Kinesis::Stream",
        {"Name": "clicks", "ShardCount": 1},
        stream,
        ((1, 24), (2, 48)),
        {"ShardCount": 2, "RetentionPeriodHours": 48},
        {"Name": "views"},
    ),
    Row(
        "Reader",
        "AWS::Kinesis::StreamConsumer",
        {"StreamARN": att("Clicks"), "ConsumerName": "one"},
        consumer,
        ("one", "one", "two"),
        {},
        {"ConsumerName": "two"},
    ),
    Row(
        "Level",
        "AWS::SSM::Parameter",
        {"Name": "/level", "Type": "String", "Value": "low"},
        parameter,
        (("low", "String"), ("high", "String")),
        {"Value": "high"},
        {"Name": "/height"},
    ),
    Row(
        "Secret",
        "AWS::SecretsManager::Secret",
        {"Name": "sesame", "SecretString": "open"},
        secret,
        (("open", None), ("close", "a door")),
        {"SecretString": "close", "Description": "a door"},
        {"Name": "door"},
    ),
    Row(
        "SecretPolicy",
        "AWS::SecretsManager::ResourcePolicy",
        {"SecretId": ref("Secret"), "ResourcePolicy": receives("secretsmanager:GetSecretValue")},
        secret_policy,
        ("secretsmanager:GetSecretValue", "secretsmanager:*"),
        {"ResourcePolicy": receives("secretsmanager:*")},
    ),
    Row(
        "SecretOf",
        "AWS::SecretsManager::SecretTargetAttachment",
        {"SecretId": ref("Secret"), "TargetId": "db", "TargetType": "AWS::RDS::DBInstance"},
        attached,
        (True,),
    ),
    Row(
        "Photos",
        "AWS::S3::Bucket",
        {"BucketName": "photos"},
        bucket,
        ((None, False), ("Enabled", True)),
        {
            "VersioningConfiguration": {"Status": "Enabled"},
            "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        },
        {"BucketName": "pictures"},
    ),
    Row(
        "PhotosPolicy",
        "AWS::S3::BucketPolicy",
        {"Bucket": ref("Photos"), "PolicyDocument": receives("s3:GetObject")},
        bucket_policy,
        ("s3:GetObject", "s3:PutObject"),
        {"PolicyDocument": receives("s3:PutObject")},
    ),
    Row(
        "Key",
        "AWS::KMS::Key",
        {"Description": "old"},
        key,
        (("old", b"hi"), ("new", b"hi")),
        {"Description": "new"},
    ),
    Row(
        "KeyName",
        "AWS::KMS::Alias",
        {"AliasName": "alias/one", "TargetKeyId": ref("Key")},
        key_alias,
        (True,),
        {},
        {"AliasName": "alias/two"},
    ),
    Row(
        "Images",
        "AWS::ECR::Repository",
        {"RepositoryName": "images"},
        repository,
        (("images", "MUTABLE"), ("images", "IMMUTABLE"), ("pictures", "IMMUTABLE")),
        {"ImageTagMutability": "IMMUTABLE"},
        {"RepositoryName": "pictures"},
    ),
    Row(
        "Lake",
        "AWS::KinesisFirehose::DeliveryStream",
        {"DeliveryStreamName": "lake", **delivered("a/")},
        deliveries,
        ("a/", "b/"),
        delivered("b/"),
        {"DeliveryStreamName": "sea"},
    ),
]
