"""What S3 and SNS send to queues, topics, URLs and people, and what DynamoDB's streams keep: by boto3, as on AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from own import OwnLam, served
from services_rig import ACCOUNT, Inbox, create_table, lam, sdk
from waiting import Eventually

__all__ = ["lam"]


@pytest.fixture
def heard(lam: OwnLam, name: str) -> Inbox:
    return Inbox(lam, name)


def told_of(lam: OwnLam, heard: Inbox, bucket: str, *events: str, **more: Any) -> Any:
    """A bucket that tells a queue of these events, and S3's client."""
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket=bucket)
    target = {"Id": "told", "QueueArn": heard.arn, "Events": list(events), **more}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [target]})
    test = json.loads(heard.next()["Body"])
    assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", bucket)
    assert test["Time"], (test["RequestId"], test["HostId"])
    return s3


def events_of(heard: Inbox, count: int) -> list[tuple[str, str]]:
    records = [json.loads(body)["Records"][0] for body in heard.bodies(count)]
    return [(record["eventName"], record["s3"]["object"]["key"]) for record in records]


def test_each_change_of_an_object_is_told_to_a_queue_once(lam: OwnLam, heard: Inbox, name: str) -> None:
    s3 = told_of(lam, heard, name, "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*")

    s3.put_object(Bucket=name, Key="a b/ü+.txt", Body=b"x", Tagging="a=b")
    s3.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "a b/ü+.txt"})
    upload = s3.create_multipart_upload(Bucket=name, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=name, Key="parts", UploadId=upload, PartNumber=1, Body=b"y")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket=name, Key="parts", UploadId=upload, MultipartUpload=parts)
    s3.put_object_tagging(Bucket=name, Key="parts", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object(Bucket=name, Key="parts")
    s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "copy"}]})

    assert events_of(heard, 6) == [
        ("ObjectCreated:Put", "a+b/%C3%BC%2B.txt"),
        ("ObjectCreated:Copy", "copy"),
        ("ObjectCreated:CompleteMultipartUpload", "parts"),
        ("ObjectTagging:Put", "parts"),
        ("ObjectRemoved:Delete", "parts"),
        ("ObjectRemoved:Delete", "copy"),
    ]


def test_a_version_that_is_removed_is_told_by_its_id(lam: OwnLam, heard: Inbox, name: str) -> None:
    s3 = told_of(lam, heard, name, "s3:ObjectRemoved:*")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket=name, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]

    marker = s3.delete_object(Bucket=name, Key="k")["VersionId"]
    for version in (*versions, marker):
        s3.delete_object(Bucket=name, Key="k", VersionId=version)
    s3.delete_object(Bucket=name, Key="k", VersionId="none")

    records = [json.loads(body)["Records"][0] for body in heard.bodies(4)]
    assert [(record["eventName"], record["s3"]["object"]["versionId"]) for record in records] == [
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        *(("ObjectRemoved:Delete", version) for version in (*versions, marker)),
    ]


@pytest.mark.parametrize("spelled", ["prefix suffix", "Prefix Suffix"])
def test_only_keys_that_begin_and_end_as_wanted_are_told(lam: OwnLam, heard: Inbox, name: str, spelled: str) -> None:
    begin, end = spelled.split()
    rules = [{"Name": begin, "Value": "in/"}, {"Name": end, "Value": ".jpg"}]
    s3 = told_of(lam, heard, name, "s3:ObjectCreated:*", Filter={"Key": {"FilterRules": rules}})

    for key in ("in/a.png", "a.jpg", "out/in/a.jpg", "in/a.jpg"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")

    assert events_of(heard, 1) == [("ObjectCreated:Put", "in/a.jpg")]


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("Queue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"),
        ("Topic", f"arn:aws:sns:us-east-1:{ACCOUNT}:none"),
        ("LambdaFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"),
    ],
)
def test_a_target_that_is_not_there_is_refused_and_the_one_before_is_kept(
    lam: OwnLam, heard: Inbox, name: str, kind: str, arn: str
) -> None:
    s3 = told_of(lam, heard, name, "s3:ObjectCreated:*")
    wanted = {f"{kind}Configurations": [{f"{kind}Arn": arn, "Events": ["s3:ObjectCreated:*"]}]}

    with pytest.raises(ClientError, match=r"InvalidArgument.*Unable to validate the following destination"):
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)

    assert "QueueConfigurations" in s3.get_bucket_notification_configuration(Bucket=name)
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration=wanted, SkipDestinationValidation=True
    )
    assert f"{kind}Configurations" in s3.get_bucket_notification_configuration(Bucket=name)


def test_an_object_is_told_to_a_topic_and_so_to_its_queue(lam: OwnLam, heard: Inbox, name: str) -> None:
    s3, sns = sdk(lam, "s3"), sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    s3.create_bucket(Bucket=name)
    target = {"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"TopicConfigurations": [target]})

    s3.put_object(Bucket=name, Key="k", Body=b"1")

    test, event = (json.loads(body) for body in heard.bodies(2))
    assert json.loads(test["Message"])["Event"] == "s3:TestEvent"
    assert json.loads(event["Message"])["Records"][0]["s3"]["object"]["key"] == "k"
    assert (event["Type"], event["TopicArn"], event["Subject"]) == ("Notification", topic, "Amazon S3 Notification")


ATTRIBUTES = {
    "number": {"DataType": "Number", "StringValue": "1.5"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    "list": {"DataType": "String.Array", "StringValue": '["a"]'},
}


def test_a_message_reaches_a_queue_with_its_attributes(lam: OwnLam, heard: Inbox, name: str) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)

    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=ATTRIBUTES)

    message = heard.next()
    told = json.loads(message["Body"])
    assert (told["MessageId"], told["Message"], told["Subject"]) == (sent["MessageId"], "hello", "s")
    assert "MessageAttributes" not in message
    assert told["MessageAttributes"] == {
        "number": {"Type": "Number", "Value": "1.5"},
        "bytes": {"Type": "Binary", "Value": "AAE="},
        "list": {"Type": "String.Array", "Value": '["a"]'},
    }
    assert {"SigningCertURL", "UnsubscribeURL", "Signature", "Timestamp"} <= set(told)


def test_a_raw_message_is_the_queues_own(lam: OwnLam, heard: Inbox, name: str) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes={"RawMessageDelivery": "true"})

    sns.publish(TopicArn=topic, Message="hello", MessageAttributes=ATTRIBUTES)

    message = heard.next()
    assert (message["Body"], message["MessageAttributes"]) == ("hello", ATTRIBUTES)


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ({"color": ["red", {"prefix": "ora"}], "size": [{"numeric": [">", 1]}]}, "MessageAttributes"),
        ({"a": {"color": [{"anything-but": "blue"}]}}, "MessageBody"),
        ({"several": {"size": [2], "color": ["orange"]}}, "MessageBody"),
        ({"$or": [{"color": [{"wildcard": "o*e"}]}, {"size": [3]}]}, "MessageAttributes"),
        ({"size": [2.0], "tags": ["orange"], "address": [{"cidr": "10.0.0.0/8"}]}, "MessageAttributes"),
        ({"color": [{"anything-but": {"prefix": ["bl", "gr"]}}], "none": [{"exists": False}]}, "MessageAttributes"),
    ],
)
def test_a_filter_policy_looks_at_attributes_or_at_the_body(
    lam: OwnLam, heard: Inbox, name: str, policy: Any, scope: str
) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    attributes = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope, "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes=attributes)

    for color in ("blue", "orange"):
        sns.publish(
            TopicArn=topic,
            Message=json.dumps({"a": {"color": color}, "several": [{"size": 1}, {"size": 2, "color": color}]}),
            MessageAttributes={
                "color": {"DataType": "String", "StringValue": color},
                "size": {"DataType": "Number", "StringValue": "2"},
                "tags": {"DataType": "String.Array", "StringValue": json.dumps(["x", color])},
                "address": {"DataType": "String", "StringValue": "10.1.2.3"},
            },
        )

    assert [json.loads(body)["a"]["color"] for body in heard.bodies(1)] == ["orange"]


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"FilterPolicy": "{"}, "FilterPolicy: failed to parse JSON"),
        ({"FilterPolicy": "[]"}, "FilterPolicy: failed to parse JSON"),
        ({"FilterPolicy": '{"a": "b"}'}, '"a" must be an object or an array'),
        ({"FilterPolicy": '{"a": {"b": ["c"]}}'}, "does not support nested filter policy"),
        ({"FilterPolicy": '{"a": [{"near": 1}]}'}, "Unrecognized match type near"),
        ({"FilterPolicy": '{"a": [{"numeric": [">", "1"]}]}'}, "Value of > must be numeric"),
        ({"FilterPolicy": '{"a": [{"numeric": 1}]}'}, "it is no filter policy"),
        ({"FilterPolicy": '{"a": [{"cidr": "here"}]}'}, "it is no filter policy"),
        ({"FilterPolicy": '{"a": [{"exists": "no"}]}'}, "exists match pattern must be either true or false"),
        ({"FilterPolicyScope": "Body"}, "Invalid value [Body]. Please use either MessageBody or MessageAttributes"),
        ({"RawMessageDelivery": "yes"}, "RawMessageDelivery: Invalid value [yes]. Must be true or false"),
        ({"RedrivePolicy": "{}"}, "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ],
)
def test_what_is_no_attribute_of_a_subscription_is_refused_and_nothing_is_subscribed(
    lam: OwnLam, heard: Inbox, name: str, attributes: dict[str, str], text: str
) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]

    with pytest.raises(ClientError, match="InvalidParameter") as refused:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes=attributes)

    assert text in refused.value.response["Error"]["Message"]
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)["SubscriptionArn"]
    [(attribute, value)] = attributes.items()
    with pytest.raises(ClientError, match="InvalidParameter"):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=attribute, AttributeValue=value)


def test_messages_to_a_fifo_topic_come_once_and_in_order(lam: OwnLam, name: str) -> None:
    sns, heard = sdk(lam, "sns"), Inbox(lam, f"{name}.fifo", FifoQueue="true")
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name=f"{name}.fifo", Attributes=fifo)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes={"RawMessageDelivery": "true"})

    ids = [sns.publish(TopicArn=topic, Message=text, MessageGroupId="g")["MessageId"] for text in "ababc"]

    assert heard.bodies(3) == ["a", "b", "c"]
    assert ids[:2] == ids[2:4]


def test_what_was_sent_to_a_fifo_topic_is_known_after_a_kill(lam: OwnLam, name: str, eventually: Eventually) -> None:
    """To a standard queue, which knows no duplicates itself."""
    sns, heard = sdk(lam, "sns"), Inbox(lam, name)
    topic = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn, Attributes={"RawMessageDelivery": "true"})
    sent = {"TopicArn": topic, "Message": "once", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = sns.publish(**sent)
    killed = lam.emulator.around.child.pid
    assert killed is not None

    os.kill(killed, signal.SIGKILL)
    eventually(lambda: lam.emulator.around.child.pid != killed, "its end to be seen")  # or another in its place
    again = sns.publish(**sent)

    assert again["MessageId"] == first["MessageId"]
    assert heard.bodies(1) == ["once"]


def test_what_cannot_be_delivered_goes_to_the_subscriptions_dead_letter_queue(
    lam: OwnLam, heard: Inbox, name: str
) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": heard.arn})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn + "-that-is-none", Attributes=redrive)

    sns.publish(TopicArn=topic, Message="lost?")

    assert json.loads(heard.next()["Body"])["Message"] == "lost?"


def test_what_people_would_be_sent_is_kept_to_be_looked_at(lam: OwnLam, name: str) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    for protocol, endpoint in (("sms", "+4915212345678"), ("email", "ada@example.com")):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    sns.publish(TopicArn=topic, Message=name, Subject="s")
    sns.publish(PhoneNumber="+4915287654321", Message=name)

    status = lam.emulator.around.child.status()
    assert status is not None
    assert "sns" in status.services
    assert [(told["by"], told["to"]) for told in status.outbox if told["message"] == name] == [
        ("sms", "+4915212345678"),
        ("email", "ada@example.com"),
        ("sms", "+4915287654321"),
    ]


def table_with_stream(lam: OwnLam, name: str) -> tuple[Any, str]:
    dynamodb = sdk(lam, "dynamodb")
    return dynamodb, create_table(dynamodb, name)["LatestStreamArn"]


def records_of(lam: OwnLam, arn: str, limit: int = 1000) -> Iterator[Any]:
    """All that there are, in pages."""
    streams = sdk(lam, "dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**asked)["ShardIterator"]
    while True:
        page = streams.get_records(ShardIterator=iterator, Limit=limit)
        yield from page["Records"]
        if not page["Records"]:
            return
        iterator = page["NextShardIterator"]


def test_a_stream_has_each_change_of_its_table_and_wakes_who_reads_it(
    lam: OwnLam, name: str, eventually: Eventually
) -> None:
    told: list[str] = []
    lam.emulator.around.child.on_stream = told.append
    dynamodb, arn = table_with_stream(lam, name)

    for more in ({}, {}, {"n": {"N": "1"}}):
        dynamodb.put_item(TableName=name, Item={"id": {"S": "a"}, **more})
    dynamodb.delete_item(TableName=name, Key={"id": {"S": "a"}})

    eventually(lambda: len(told) >= 3, "the words of three changes")
    assert set(told) == {arn}
    records = list(records_of(lam, arn, limit=2))
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert {record["awsRegion"] for record in records} == {"us-east-1"}
    assert records[1]["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "1"}}


def test_an_item_whose_time_is_over_goes_in_the_name_of_dynamodb(
    lam: OwnLam, name: str, eventually: Eventually
) -> None:
    dynamodb, arn = table_with_stream(lam, name)
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    for id, end in (("over", time.time() - 60), ("later", time.time() + 600), ("ancient", 1.0)):
        dynamodb.put_item(TableName=name, Item={"id": {"S": id}, "end": {"N": str(int(end))}})
    dynamodb.put_item(TableName=name, Item={"id": {"S": "text"}, "end": {"S": "1"}})

    removed = eventually(
        lambda: [record for record in records_of(lam, arn) if record["eventName"] == "REMOVE"], "the removal"
    )

    assert [record["dynamodb"]["Keys"] for record in removed] == [{"id": {"S": "over"}}]
    assert removed[0]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert removed[0]["dynamodb"]["OldImage"]["id"] == {"S": "over"}
    assert len(dynamodb.scan(TableName=name)["Items"]) == 3


def test_keys_that_are_given_out_belong_to_their_account_for_every_service(lam: OwnLam, name: str) -> None:
    other = "222222222222"
    given = sdk(lam, "sts").assume_role(RoleArn=f"arn:aws:iam::{other}:role/r", RoleSessionName=name)["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    as_other = boto3.Session(region_name="us-east-1", **keys)

    who = as_other.client("sts", endpoint_url=lam.emulator.url).get_caller_identity()
    queue = as_other.client("sqs", endpoint_url=lam.emulator.url).create_queue(QueueName=name)["QueueUrl"]

    assert (who["Account"], who["Arn"]) == (other, f"arn:aws:sts::{other}:assumed-role/r/{name}")
    assert f"/{other}/" in queue


def test_a_reset_empties_all_of_them(lam: OwnLam, name: str) -> None:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket=name)

    lam.emulator.reset()

    assert s3.list_buckets()["Buckets"] == []


def test_what_a_queues_policy_would_refuse_on_aws_comes_and_is_said_once(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        sns = sdk(lam, "sns")
        topic, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("told", "other"))
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        queues = []
        for name, source in (("right", topic), ("wrong", other), ("none", "")):
            arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
            condition = {"ArnEquals": {"aws:SourceArn": source}}
            policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn, "Condition": condition}]}
            queues.append(Inbox(lam, name, **({"Policy": json.dumps(policy)} if source else {})))
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

        for text in ("a", "b"):
            sns.publish(TopicArn=topic, Message=text)

        assert [sorted(queue.bodies(2)) for queue in queues] == [["a", "b"]] * 3
        lam.process.terminate()
        assert lam.process.stdout is not None
        said = re.findall(r"the policy of \S+:(\w+) does not allow (.*): on AWS", lam.process.stdout.read())
        assert said == [("wrong", f"sqs:SendMessage to sns.amazonaws.com for {topic}")]
