"""Firehose beside functions and S3: records are put, transformed by a function, and lie in a bucket.

docs/contract/events.md#firehose, docs/services.md#firehose.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from own import QUICKER, OwnLam, own_emulator, served
from s3_rig import s3_served
from services_rig import sdk
from waiting import Eventually, eventually

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
KEPT_MB = 80
"""A server may have so much more while 100 MB go through it; requests of 5.6 MB are part of that."""
AT_ONCE = {"IntervalInSeconds": 0}
# In capitals; and by their text records are dropped, or bring the function to fail.
TRANSFORMS = """
import base64
def handler(event, context):
    def one(record):
        text = base64.b64decode(record["data"]).decode()
        if text == "crash":
            raise ValueError("no")
        result = "Dropped" if text == "drop" else "ProcessingFailed" if text == "fail" else "Ok"
        data = base64.b64encode((text.upper() + "\\n").encode()).decode()
        return {"recordId": record["recordId"], "result": result, "data": data}
    return {"records": [one(record) for record in event["records"]]}
"""
# What a filter of a log group sends is packed; the message by which it tries the stream has no events.
UNPACKS = """
import base64, gzip, json
def handler(event, context):
    def one(record):
        told = json.loads(gzip.decompress(base64.b64decode(record["data"])))
        if told["messageType"] != "DATA_MESSAGE":
            return {"recordId": record["recordId"], "result": "Dropped"}
        lines = "".join(each["message"] + "\\n" for each in told["logEvents"])
        return {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(lines.encode()).decode()}
    return {"records": [one(record) for record in event["records"]]}
"""
LARGE = """
import base64
def handler(event, context):
    data = base64.b64encode(b"x" * 6_000_000).decode()
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": data} for one in event["records"]]}
"""


class Bucket:
    """One of S3, with a delivery stream `s` into it."""

    def __init__(self, lam: Any, s3: Any = None) -> None:
        self.s3 = s3 or sdk(lam, "s3", ACCOUNT)
        self.firehose = sdk(lam, "firehose", ACCOUNT)
        self.s3.create_bucket(Bucket="logs")

    def stream(self, **destination: Any) -> None:
        wanted = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs", "BufferingHints": AT_ONCE} | destination
        self.firehose.create_delivery_stream(DeliveryStreamName="s", ExtendedS3DestinationConfiguration=wanted)

    def put(self, *texts: str) -> None:
        records = [{"Data": text.encode()} for text in texts]
        assert self.firehose.put_record_batch(DeliveryStreamName="s", Records=records)["FailedPutCount"] == 0

    def objects(self) -> dict[str, bytes]:
        keys = [one["Key"] for one in self.s3.list_objects_v2(Bucket="logs").get("Contents", [])]
        return {key: self.s3.get_object(Bucket="logs", Key=key)["Body"].read() for key in keys}


@pytest.fixture(scope="module", params=QUICKER)
def emulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), request.param, pull_images=False) as lam:
        yield lam


@pytest.fixture
def lam(emulated: OwnLam) -> Iterator[OwnLam]:
    yield emulated
    emulated.emulator.reset()


def transformed_by(lam: OwnLam, name: str, code: str, **parameters: str) -> dict[str, Any]:
    lam.create(name, code)
    arn = lam.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    named = {"LambdaArn": arn, "BufferIntervalInSeconds": "0"} | parameters
    listed = [{"ParameterName": key, "ParameterValue": value} for key, value in named.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": listed}]}


def test_records_are_transformed_by_a_function_and_lie_in_a_bucket(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    bucket.stream(ProcessingConfiguration=transformed_by(lam, "capitals", TRANSFORMS))

    bucket.put("a", "drop", "fail", "b")

    objects = eventually(lambda: len(bucket.objects()) == 2 and bucket.objects(), "two objects")
    [failed] = [key for key in objects if key.startswith("processing-failed/")]
    line = json.loads(objects.pop(failed))
    assert (line["errorCode"], b64decode(line["rawData"])) == ("Lambda.ProcessingFailedStatus", b"fail")
    assert list(objects.values()) == [b"A\nB\n"]


def test_the_clock_moves_buffers_and_retries_of_a_function_that_fails(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    processing = transformed_by(lam, "capitals", TRANSFORMS, NumberOfRetries="1", BufferIntervalInSeconds="60")
    bucket.stream(ProcessingConfiguration=processing, BufferingHints={"IntervalInSeconds": 900})
    bucket.put("crash")

    def delivered() -> dict[str, bytes]:
        lam.pass_time(30)
        return bucket.objects()

    [(key, content)] = eventually(delivered, "what failed twice").items()
    line = json.loads(content)
    assert key.startswith("processing-failed/")
    assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.FunctionError", 2)
    took_s = (line["attemptEndingTimestamp"] - line["arrivalTimestamp"]) / 1000
    assert 61 <= took_s < 300  # each at its own time


def test_an_answer_of_more_than_six_megabytes_is_an_error(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    bucket.stream(ProcessingConfiguration=transformed_by(lam, "large", LARGE, NumberOfRetries="0"))

    bucket.put("x")

    [content] = eventually(bucket.objects, "the error").values()
    assert json.loads(content)["errorCode"] == "Lambda.FunctionError"


def test_a_bucket_that_is_made_later_gets_what_was_for_it(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    bucket.stream(BucketARN="arn:aws:s3:::later")
    bucket.put("x")
    bucket.s3.create_bucket(Bucket="later")

    def found() -> list[Any]:
        lam.pass_time(30)
        return list(bucket.s3.list_objects_v2(Bucket="later").get("Contents", []))

    assert len(eventually(found, "the object")) == 1


def test_an_object_that_is_delivered_has_a_function_run_by_s3(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    lam.create("told", "def handler(event, context):\n    print('GOT ' + event['Records'][0]['s3']['object']['key'])")
    arn = lam.client.get_function(FunctionName="told")["Configuration"]["FunctionArn"]
    configuration = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    lam.client.add_permission(
        FunctionName="told", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    bucket.s3.put_bucket_notification_configuration(Bucket="logs", NotificationConfiguration=configuration)
    bucket.stream(Prefix="in/")

    bucket.put("x")

    eventually(lambda: any("GOT in/" in message for message, _ in lam.events("told")), "the function to hear of it")


def test_a_function_puts_records_as_it_is(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    bucket.stream()
    lam.create(
        "puts",
        "import boto3\ndef handler(event, context):\n"
        "    boto3.client('firehose').put_record(DeliveryStreamName='s', Record={'Data': b'from inside'})\n",
        Timeout=60,
        MemorySize=512,
    )

    lam.invoke("puts")

    assert list(eventually(bucket.objects, "the object").values()) == [b"from inside"]


def test_events_that_a_rule_wants_lie_in_a_bucket(lam: OwnLam, eventually: Eventually) -> None:
    bucket = Bucket(lam)
    bucket.stream()
    events = sdk(lam, "events", ACCOUNT)
    events.put_rule(Name="all", EventPattern='{"source": ["app"]}')
    arn = bucket.firehose.describe_delivery_stream(DeliveryStreamName="s")["DeliveryStreamDescription"][
        "DeliveryStreamARN"
    ]
    target = {"Id": "s", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail"}
    assert events.put_targets(Rule="all", Targets=[target])["FailedEntryCount"] == 0

    events.put_events(Entries=[{"Source": "app", "DetailType": "t", "Detail": '{"n": 1}'}])

    [content] = eventually(bucket.objects, "the object").values()
    assert json.loads(content) == {"n": 1}


def test_log_events_that_a_subscription_wants_are_transformed_and_lie_in_a_bucket(
    lam: OwnLam, eventually: Eventually
) -> None:
    bucket = Bucket(lam)
    bucket.stream(ProcessingConfiguration=transformed_by(lam, "unpacks", UNPACKS))
    logs = sdk(lam, "logs", ACCOUNT)
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="one")
    arn = f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/s"
    logs.put_subscription_filter(
        logGroupName="app", filterName="errors", filterPattern="ERROR", destinationArn=arn, roleArn=ROLE
    )
    at_ms = int(lam.clock.now_s() * 1000)
    events = [{"timestamp": at_ms, "message": text} for text in ("ERROR 1", "fine", "ERROR 2")]

    logs.put_log_events(logGroupName="app", logStreamName="one", logEvents=events)

    assert list(eventually(bucket.objects, "the object").values()) == [b"ERROR 1\nERROR 2\n"]


@pytest.mark.parametrize("is_raw", [False, True])
def test_messages_of_a_topic_lie_in_a_bucket(lam: OwnLam, eventually: Eventually, is_raw: bool) -> None:
    bucket = Bucket(lam)
    bucket.stream()
    sns = sdk(lam, "sns", ACCOUNT)
    topic = sns.create_topic(Name="t")["TopicArn"]
    attributes = {"SubscriptionRoleArn": ROLE, "RawMessageDelivery": str(is_raw).lower()}
    arn = f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/s"
    sns.subscribe(TopicArn=topic, Protocol="firehose", Endpoint=arn, Attributes=attributes)

    sent = sns.publish(TopicArn=topic, Message="hello", Subject="hi")

    [content] = eventually(bucket.objects, "the object").values()
    if is_raw:
        assert content == b"hello"
        return
    assert content.endswith(b"}\n")
    told = json.loads(content)
    assert told.pop("Timestamp")
    assert told.pop("UnsubscribeURL")
    assert told == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic,
        "Subject": "hi",
        "Message": "hello",
    }


def test_a_reset_forgets_streams_and_what_waits_in_them(lam: OwnLam) -> None:
    bucket = Bucket(lam)
    bucket.stream(BufferingHints={"IntervalInSeconds": 60})
    bucket.put("x")

    lam.emulator.reset()

    assert bucket.firehose.list_delivery_streams()["DeliveryStreamNames"] == []
    Bucket(lam).stream()
    lam.pass_time(60)
    assert bucket.objects() == {}


def test_objects_go_to_whoever_serves_s3(tmp_path: Path) -> None:
    with s3_served() as theirs, own_emulator(tmp_path, "process", stems=0, service=f"s3={theirs.url}") as lam:
        bucket = Bucket(lam, theirs.client)
        bucket.stream()

        bucket.put("x")

        assert list(eventually(bucket.objects, "the object").values()) == [b"x"]
        assert lam.emulator.around.child.pid is None


@pytest.mark.slow
def test_much_that_waits_and_a_large_object_take_little_memory(tmp_path: Path) -> None:
    """Its bucket is made later: until then all of it waits, and is tried again."""
    megabyte, count = 1_000_000, 100
    with served(tmp_path, "process") as lam:
        bucket = Bucket(lam)
        hints = {"SizeInMBs": 90, "IntervalInSeconds": 900}
        bucket.stream(BucketARN="arn:aws:s3:::later", BufferingHints=hints)
        before_mb = memory_mb(lam.process.pid)
        for _ in range(count // 4):
            records = [{"Data": b"x" * megabyte}] * 4
            assert bucket.firehose.put_record_batch(DeliveryStreamName="s", Records=records)["FailedPutCount"] == 0

        bucket.s3.create_bucket(Bucket="later")
        [found] = eventually(lambda: bucket.s3.list_objects_v2(Bucket="later").get("Contents"), "the object")

        assert found["Size"] > 90 * megabyte
        assert memory_mb(lam.process.pid) - before_mb < KEPT_MB


def memory_mb(pid: int) -> int:
    """The most that a process has had at once."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024


def test_what_waits_outlives_a_kill_of_the_server(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        bucket = Bucket(lam)
        bucket.stream(BufferingHints={"IntervalInSeconds": 5})
        bucket.put("a", "b")
        lam.process.kill()
        lam.process.wait(10)

    with served(tmp_path, "process") as lam:
        s3 = client_at(lam.url, "s3", ACCOUNT)

        def found() -> list[bytes]:
            keys = [one["Key"] for one in s3.list_objects_v2(Bucket="logs").get("Contents", [])]
            return [s3.get_object(Bucket="logs", Key=key)["Body"].read() for key in keys]

        assert eventually(found, "the object") == [b"ab"]
