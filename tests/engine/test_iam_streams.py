"""Buckets, topics, rules to log groups, subscriptions of these and delivery streams may what policies let them.

See test_iam.py.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from iam_rig import ACCOUNT, REGION, SECRET, Account, allow, document, refusal, trusting_services
from own import own_emulator
from waiting import eventually

AT_ONCE = {"IntervalInSeconds": 0}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        yield Account(lam, ACCOUNT)


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, ACCOUNT)


def rule_to_logs(account: Account, name: str) -> None:
    """Of events whose source is its name, to the log group /aws/events/NAME."""
    events, logs = account.root.client("events"), account.root.client("logs")
    logs.create_log_group(logGroupName=f"/aws/events/{name}")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/{name}"
    assert events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])["FailedEntryCount"] == 0


def put_event(account: Account, source: str, said: str) -> None:
    entry = {"Source": source, "DetailType": "t", "Detail": json.dumps({"said": said})}
    assert account.root.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def logged(account: Account, group: str) -> list[str]:
    found = account.root.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(one["message"])["detail"]["said"] for one in found]


def test_a_rule_writes_to_a_log_group_whose_accounts_policy_lets_it(
    strict: Account, caplog: pytest.LogCaptureFixture
) -> None:
    rule_to_logs(strict, "ruled")
    logs = strict.root.client("logs")

    with caplog.at_level(logging.WARNING):
        put_event(strict, "ruled", "refused")
        eventually(lambda: "logs:CreateLogStream action" in caplog.text, "the refusal")
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/events/ruled:*"
    grant = allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn, Principal={"Service": "events.amazonaws.com"})
    logs.put_resource_policy(policyName="events", policyDocument=document(grant))
    put_event(strict, "ruled", "let in")

    eventually(lambda: logged(strict, "/aws/events/ruled"), "the line")
    assert logged(strict, "/aws/events/ruled") == ["let in"]
    logs.delete_resource_policy(policyName="events")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        put_event(strict, "ruled", "refused again")
        eventually(lambda: "logs:CreateLogStream action" in caplog.text, "the second refusal")


def test_with_warn_what_a_log_groups_policy_lacks_is_said_once(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    rule_to_logs(warning, "unlet")

    with caplog.at_level(logging.WARNING):
        for said in ("1", "2"):
            put_event(warning, "unlet", said)
        eventually(lambda: len(logged(warning, "/aws/events/unlet")) == 2, "both lines")

    told = [one.message for one in caplog.records if "events.amazonaws.com may not" in one.message]
    assert [one.split(" on arn")[0] for one in told] == [
        "on AWS events.amazonaws.com may not logs:CreateLogStream",
        "on AWS events.amazonaws.com may not logs:PutLogEvents",
    ]
    assert "add to the log group's policy" in told[0]


def records(account: Account, stream: str) -> int:
    kinesis = account.root.client("kinesis")
    [shard] = kinesis.list_shards(StreamName=stream)["Shards"]
    at = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    return len(kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**at)["ShardIterator"])["Records"])


def test_a_subscription_brings_what_its_role_may(strict: Account, caplog: pytest.LogCaptureFixture) -> None:
    logs, kinesis, iam = (strict.root.client(name) for name in ("logs", "kinesis", "iam"))
    kinesis.create_stream(StreamName="subscribed", ShardCount=1)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/subscribed"
    role = strict.role("subscribes", trust=trusting_services("logs.amazonaws.com"))
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    wanted = {"logGroupName": "app", "filterName": "all", "filterPattern": "", "destinationArn": arn, "roleArn": role}

    code, said, status = refusal(logs.put_subscription_filter, **wanted)
    assert (code, status) == ("InvalidParameterException", 400)
    assert said.startswith("Could not deliver test message to specified Kinesis stream.")
    policy = document(allow("kinesis:PutRecord", arn))
    iam.put_role_policy(RoleName="subscribes", PolicyName="own", PolicyDocument=policy)
    logs.put_subscription_filter(**wanted)
    before = records(strict, "subscribed")

    def log(message: str) -> None:
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=[event])

    iam.delete_role_policy(RoleName="subscribes", PolicyName="own")
    with caplog.at_level(logging.WARNING):
        log("refused")
        eventually(lambda: "allows the kinesis:PutRecord action" in caplog.text, "the refusal")
    iam.put_role_policy(RoleName="subscribes", PolicyName="own", PolicyDocument=policy)
    log("let in")
    eventually(lambda: records(strict, "subscribed") > before, "the record")
    assert records(strict, "subscribed") == before + 1


def delivery_stream(account: Account, name: str, role: str, **more: Any) -> None:
    account.root.client("s3").create_bucket(Bucket=name)
    wanted = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}", "BufferingHints": AT_ONCE, **more}
    account.root.client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=wanted
    )


def objects(account: Account, bucket: str) -> dict[str, str]:
    s3 = account.root.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def test_a_delivery_stream_writes_where_its_role_may(strict: Account, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = allow("s3:PutObject", "arn:aws:s3:::written/elsewhere/*")
    role = strict.role("writes", elsewhere, trust=trusting_services("firehose.amazonaws.com"))
    delivery_stream(
        strict, "written", role, Prefix="in/!{timestamp:yyyy}/", ErrorOutputPrefix="!{firehose:error-output-type}/"
    )

    with caplog.at_level(logging.WARNING):
        strict.root.client("firehose").put_record(DeliveryStreamName="written", Record={"Data": b"record"})
        eventually(lambda: "S3.AccessDenied" in caplog.text, "the refusal")
    assert objects(strict, "written") == {}
    policy = document(allow("s3:PutObject", "arn:aws:s3:::written/in/2*"))
    strict.root.client("iam").put_role_policy(RoleName="writes", PolicyName="own", PolicyDocument=policy)

    eventually(lambda: objects(strict, "written"), "the object")
    assert list(objects(strict, "written").values()) == ["record"]


def test_a_delivery_stream_runs_the_function_that_its_role_may(strict: Account) -> None:
    code = "def handler(event, context):\n    return {'records': [{**one, 'result': 'Ok'} for one in event['records']]}"
    strict.lam.create("transforms", code, Role=strict.role("transforms"))
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:transforms"
    role = strict.role("runs", allow("s3:PutObject"), trust=trusting_services("firehose.amazonaws.com"))
    named = {"LambdaArn": arn, "NumberOfRetries": "0", "BufferIntervalInSeconds": "0"}
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in named.items()]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    delivery_stream(strict, "transformed", role, ProcessingConfiguration=processing)
    firehose = strict.root.client("firehose")

    firehose.put_record(DeliveryStreamName="transformed", Record={"Data": b"refused"})
    eventually(lambda: objects(strict, "transformed"), "the error")
    [(key, line)] = objects(strict, "transformed").items()
    assert key.startswith("processing-failed/")
    assert json.loads(line)["errorCode"] == "Lambda.InvokeAccessDenied"
    policy = document(allow("s3:PutObject"), allow("lambda:InvokeFunction", arn))
    strict.root.client("iam").put_role_policy(RoleName="runs", PolicyName="own", PolicyDocument=policy)
    firehose.put_record(DeliveryStreamName="transformed", Record={"Data": b"let in"})

    eventually(lambda: "let in" in objects(strict, "transformed").values(), "the record")


def test_a_delivery_stream_reads_the_stream_that_its_role_may(
    strict: Account, caplog: pytest.LogCaptureFixture
) -> None:
    kinesis = strict.root.client("kinesis")
    kinesis.create_stream(StreamName="read", ShardCount=1)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/read"
    role = strict.role("reads", allow("s3:PutObject"), trust=trusting_services("firehose.amazonaws.com"))
    strict.root.client("s3").create_bucket(Bucket="read")

    with caplog.at_level(logging.WARNING):
        strict.root.client("firehose").create_delivery_stream(
            DeliveryStreamName="read",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": role},
            ExtendedS3DestinationConfiguration={
                "RoleARN": role,
                "BucketARN": "arn:aws:s3:::read",
                "BufferingHints": AT_ONCE,
            },
        )
        kinesis.put_record(StreamName="read", Data=b"record", PartitionKey="1")
        eventually(lambda: "Kinesis.AccessDenied" in caplog.text, "the refusal")
    assert objects(strict, "read") == {}
    policy = document(allow(["s3:PutObject", "kinesis:*"]))
    strict.root.client("iam").put_role_policy(RoleName="reads", PolicyName="own", PolicyDocument=policy)

    eventually(lambda: list(objects(strict, "read").values()) == ["record"], "the object", 60)


def more_than(account: Account, bucket: str, count: int) -> bool:
    return len(objects(account, bucket)) > count


def test_with_warn_what_a_delivery_streams_role_lacks_is_said_once(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    role = warning.role("poor", trust=trusting_services("firehose.amazonaws.com"))
    delivery_stream(warning, "poor", role)

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            before = len(objects(warning, "poor"))
            warning.root.client("firehose").put_record(DeliveryStreamName="poor", Record={"Data": b"x"})
            eventually(partial(more_than, warning, "poor", before), "the object")

    said = [one.message for one in caplog.records if "may not s3:PutObject" in one.message]
    assert len(said) == 1


def test_a_topic_runs_a_function_whose_policy_lets_it(strict: Account) -> None:
    sqs, sns = strict.root.client("sqs"), strict.root.client("sns")
    url = sqs.create_queue(QueueName="ran")["QueueUrl"]
    code = f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody=event["Records"][0]["Sns"]["Message"])
"""
    strict.lam.create("heard", code, Role=strict.role("heard", allow("sqs:SendMessage")))
    topic = sns.create_topic(Name="heard")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:heard")

    sns.publish(TopicArn=topic, Message="refused")
    strict.root.client("lambda").add_permission(
        FunctionName="heard",
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    sns.publish(TopicArn=topic, Message="let in")

    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == "let in"


def test_with_warn_a_bucket_runs_a_function_and_what_its_policy_lacks_is_said(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    warning.lam.create("told", "def handler(event, context):\n    pass", Role=warning.lam.role)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:told"
    s3 = warning.root.client("s3")
    s3.create_bucket(Bucket="telling")
    told = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="telling", NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
    )

    def lines() -> list[str]:
        return [one.message for one in caplog.records if "s3.amazonaws.com may not" in one.message]

    with caplog.at_level(logging.WARNING):
        for key in ("a", "b"):
            s3.put_object(Bucket="telling", Key=key, Body=b"")
        eventually(lambda: bool(lines()), "a line about it")

    [said] = lines()
    assert "because no resource-based policy allows the lambda:InvokeFunction action: add to the function's" in said
    assert '"Principal": {"Service": "s3.amazonaws.com"}' in said
    assert '"aws:SourceArn": "arn:aws:s3:::telling"' in said


def test_a_topic_sends_to_a_queue_whose_policy_lets_it(strict: Account) -> None:
    sqs, sns = strict.root.client("sqs"), strict.root.client("sns")
    url, arn = sqs.create_queue(QueueName="fed")["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:fed"
    topic = sns.create_topic(Name="feeding")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    sns.publish(TopicArn=topic, Message="refused")
    of_topic = {"ArnEquals": {"aws:SourceArn": topic}}
    grant = allow("sqs:SendMessage", arn, Principal={"Service": "sns.amazonaws.com"}, Condition=of_topic)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(grant)})
    sns.publish(TopicArn=topic, Message="let in")

    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"] == "let in"


def test_a_log_group_is_named_with_or_without_its_streams(strict: Account) -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:named"
    bare, starred = (strict.user(name, allow("logs:*", arn + end)) for name, end in (("bare", ""), ("starred", ":*")))
    stream = {"logGroupName": "named", "logStreamName": "s"}

    bare.client("logs").create_log_group(logGroupName="named")
    assert refusal(bare.client("logs").create_log_stream, **stream)[0] == "AccessDeniedException"
    starred.client("logs").create_log_stream(**stream)
    starred.client("logs").delete_log_group(logGroupName="named")
    starred.client("logs").create_log_group(logGroupName="named")
    bare.client("logs").delete_log_group(logGroupName="named")
