"""Subscriptions of log groups: what is logged comes to functions and streams. docs/events.md#logs."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import OwnLam, own_emulator, served
from services_rig import sdk
from waiting import Eventually

from lambda_emu.clock import Clock
from lambda_emu.services.logs import pump

PRINTS = "def handler(event, context):\n    print(event)\n"
TAKES = """
import base64, gzip, json

def handler(event, context):
    print("TAKEN", json.dumps(json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))))
"""
PUSHES = """
import time
import boto3

logs = boto3.client("logs")

def handler(event, context):
    pushed = [{"timestamp": int(time.time() * 1000), "message": "again"}]
    logs.put_log_events(logGroupName="pushed-in-circles", logStreamName="s1", logEvents=pushed)
"""
ROLE = "arn:aws:iam::123456789012:role/logs"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        yield lam


def subscribe(lam: Lam, group: str, destination: str, pattern: str = "", name: str = "all", **wanted: Any) -> None:
    sdk(lam, "logs", "test").put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=destination, **wanted
    )


def arn_of(lam: Lam, name: str) -> str:
    """Of a function, which lets logs run it."""
    arn: str = lam.client.get_function_configuration(FunctionName=name)["FunctionArn"]
    with suppress(lam.client.exceptions.ResourceConflictException):
        lam.client.add_permission(
            FunctionName=name,
            StatementId="logs",
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceArn="arn:aws:logs:us-east-1:000000000000:log-group:*",
        )
    return arn


def taken(lam: Lam, name: str) -> list[dict[str, Any]]:
    """Payloads that a function of TAKES got."""
    said = [line for line, _ in lam.events(name) if line.startswith("TAKEN ")]
    return [json.loads(line.removeprefix("TAKEN ")) for line in said]


def messages(payloads: list[dict[str, Any]]) -> list[str]:
    return [event["message"] for one in payloads for event in one["logEvents"]]


def records(kinesis: Any, stream: str) -> list[Mapping[str, Any]]:
    """Of its one shard, from the beginning."""
    shard = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    return list(kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"])


def group_with_stream(lam: Lam, name: str) -> Any:
    logs = sdk(lam, "logs", "test")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s1")
    return logs


def push(lam: Lam, group: str, *texts: str) -> None:
    now_ms = int(lam.emulator.clock.now_s() * 1000)
    events = [{"timestamp": now_ms, "message": text} for text in texts]
    sdk(lam, "logs", "test").put_log_events(logGroupName=group, logStreamName="s1", logEvents=events)


def test_lines_of_a_function_that_match_come_to_another(own: OwnLam, eventually: Eventually) -> None:
    source, target = own.create("sub-source", PRINTS), own.create("sub-target", TAKES)
    own.invoke(source, "ERROR before")
    subscribe(own, f"/aws/lambda/{source}", arn_of(own, target), "ERROR")

    own.invoke(source, "fine")
    own.invoke(source, "ERROR after")

    [payload] = eventually(lambda: taken(own, target), "the payload")
    [event] = payload.pop("logEvents")
    found = sdk(own, "logs", "test").filter_log_events(logGroupName=f"/aws/lambda/{source}", filterPattern="after")
    [logged] = found["events"]
    assert payload == {
        "messageType": "DATA_MESSAGE",
        "owner": own.emulator.scope.account,
        "logGroup": f"/aws/lambda/{source}",
        "logStream": logged["logStreamName"],
        "subscriptionFilters": ["all"],
    }
    assert event == {"id": logged["eventId"], "timestamp": logged["timestamp"], "message": "ERROR after\n"}


def test_events_that_are_pushed_come_to_a_function(own: OwnLam, eventually: Eventually) -> None:
    target = own.create("sub-pushed", TAKES)
    group_with_stream(own, "pushed")
    subscribe(own, "pushed", arn_of(own, target), "[level=E*, text]")

    push(own, "pushed", "ERROR one", "INFO two", "ERROR three four", "EXIT five")

    [payload] = eventually(lambda: taken(own, target), "the payload")
    assert messages([payload]) == ["ERROR one", "EXIT five"]
    assert payload["logEvents"][0]["extractedFields"] == {"level": "ERROR", "text": "one"}


def test_events_come_to_a_stream_of_kinesis_after_a_message_that_tries_it(own: OwnLam, eventually: Eventually) -> None:
    kinesis = sdk(own, "kinesis", "test")
    kinesis.create_stream(StreamName="logged", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="logged")["StreamDescriptionSummary"]["StreamARN"]
    group_with_stream(own, "to-kinesis")
    subscribe(own, "to-kinesis", arn, roleArn=ROLE)
    push(own, "to-kinesis", "one", "two")

    eventually(lambda: len(records(kinesis, "logged")) > 1, "the records")
    control, data = (json.loads(gzip.decompress(record["Data"])) for record in records(kinesis, "logged"))
    assert control["messageType"] == "CONTROL_MESSAGE"
    assert messages([data]) == ["one", "two"]
    assert records(kinesis, "logged")[1]["PartitionKey"] == "s1"


def test_a_function_that_its_own_log_runs_is_stopped_after_a_while(
    own: OwnLam, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    name = own.create("sub-loop", PRINTS)
    own.invoke(name, "begin")
    subscribe(own, f"/aws/lambda/{name}", arn_of(own, name))

    own.invoke(name, "again")

    metrics = sdk(own, "cloudwatch", "test")

    def dropped() -> list[Any]:
        found = metrics.list_metrics(MetricName="RecursiveInvocationsDropped")["Metrics"]
        return [one for one in found if {"Name": "FunctionName", "Value": name} in one["Dimensions"]]

    eventually(dropped, "the end of the loop")
    runs = sum(line.startswith("START") for line, _ in own.events(name))
    assert 16 <= runs <= 80
    assert [one for one in caplog.messages if name in one and "recursi" in one.lower()]


def test_two_functions_that_their_logs_run_are_stopped_after_a_while(own: OwnLam, eventually: Eventually) -> None:
    first, second = own.create("sub-ping", PRINTS), own.create("sub-pong", PRINTS, LoggingConfig={"LogFormat": "JSON"})
    for name in (first, second):
        own.invoke(name, "begin")
    subscribe(own, f"/aws/lambda/{first}", arn_of(own, second), "?REPORT")
    subscribe(own, f"/aws/lambda/{second}", arn_of(own, first), '{ $.type = "platform.report" }')

    own.invoke(first, "go")

    metrics = sdk(own, "cloudwatch", "test")

    def dropped() -> bool:
        found = metrics.list_metrics(MetricName="RecursiveInvocationsDropped")["Metrics"]
        names = {one["Value"] for metric in found for one in metric["Dimensions"] if one["Name"] == "FunctionName"}
        return bool(names & {first, second})

    eventually(dropped, "the end of the loop")


def test_a_function_that_pushes_to_the_group_that_runs_it_is_stopped_after_a_while(
    own: OwnLam, eventually: Eventually
) -> None:
    name = own.create("sub-pusher", PUSHES)
    group_with_stream(own, "pushed-in-circles")
    subscribe(own, "pushed-in-circles", arn_of(own, name))

    push(own, "pushed-in-circles", "begin")

    metrics = sdk(own, "cloudwatch", "test")

    def dropped() -> list[Any]:
        found = metrics.list_metrics(MetricName="RecursiveInvocationsDropped")["Metrics"]
        return [one for one in found if {"Name": "FunctionName", "Value": name} in one["Dimensions"]]

    eventually(dropped, "the end of the loop")


def test_what_was_logged_before_a_kill_comes_after_it(tmp_path: Path, eventually: Eventually) -> None:
    with served(tmp_path, "process") as lam:
        kinesis, logs = sdk(lam, "kinesis", "test"), sdk(lam, "logs", "test")
        kinesis.create_stream(StreamName="logged", ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName="logged")["StreamDescriptionSummary"]["StreamARN"]
        logs.create_log_group(logGroupName="kept")
        logs.create_log_stream(logGroupName="kept", logStreamName="s1")
        subscribe(lam, "kept", arn, roleArn=ROLE)
        for number in range(50):
            event = {"timestamp": int(Clock.now_s() * 1000), "message": f"{number}"}
            logs.put_log_events(logGroupName="kept", logStreamName="s1", logEvents=[event])
        lam.process.kill()

    with served(tmp_path, "process") as lam:
        kinesis = sdk(lam, "kinesis", "test")

        def found() -> set[str]:
            brought = records(kinesis, "logged")[1:]
            return set(messages([json.loads(gzip.decompress(record["Data"])) for record in brought]))

        eventually(lambda: found() == {f"{number}" for number in range(50)}, "all that was logged")


def test_what_a_destination_does_not_take_waits_and_is_bounded(
    own: OwnLam, eventually: Eventually, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pump, "MOST_WAITING", 5)
    kinesis = sdk(own, "kinesis", "test")
    kinesis.create_stream(StreamName="absent", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="absent")["StreamDescriptionSummary"]["StreamARN"]
    group_with_stream(own, "bounded")
    subscribe(own, "bounded", arn, roleArn=ROLE)
    kinesis.delete_stream(StreamName="absent")
    pushed: list[str] = []

    def is_told() -> bool:
        pushed.append(f"{len(pushed)}")
        push(own, "bounded", pushed[-1])
        return any("5 batches of log events wait for" in one for one in caplog.messages)

    eventually(is_told, "the bound")
    kinesis.create_stream(StreamName="absent", ShardCount=1)
    push(own, "bounded", "after")

    def came() -> set[str]:
        own.pass_time(300)
        return set(messages([json.loads(gzip.decompress(record["Data"])) for record in records(kinesis, "absent")]))

    eventually(lambda: came() == {*pushed, "after"}, "what waited")


def test_a_filter_has_nothing_from_before_it_after_a_restart(tmp_path: Path, eventually: Eventually) -> None:
    with served(tmp_path, "process") as lam:
        kinesis, logs = sdk(lam, "kinesis", "test"), sdk(lam, "logs", "test")
        kinesis.create_stream(StreamName="logged", ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName="logged")["StreamDescriptionSummary"]["StreamARN"]
        logs.create_log_group(logGroupName="kept")
        logs.create_log_stream(logGroupName="kept", logStreamName="s1")

        def push(message: str) -> None:
            event = {"timestamp": int(Clock.now_s() * 1000), "message": message}
            logs.put_log_events(logGroupName="kept", logStreamName="s1", logEvents=[event])

        subscribe(lam, "kept", arn, "first", "first", roleArn=ROLE)
        push("second before")
        subscribe(lam, "kept", arn, "second", "second", roleArn=ROLE)
        push("second after")

        def found() -> list[str]:
            told = [json.loads(gzip.decompress(record["Data"])) for record in records(kinesis, "logged")]
            return messages([one for one in told if one["messageType"] == "DATA_MESSAGE"])

        eventually(found, "the event")
        lam.process.kill()

    with served(tmp_path, "process") as lam:
        kinesis, logs = sdk(lam, "kinesis", "test"), sdk(lam, "logs", "test")
        push("second at last")
        eventually(lambda: "second at last" in found(), "the last event")
        assert "second before" not in found()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"destinationArn": "arn:aws:lambda:us-east-1:000000000000:function:none"}, "Could not execute the lambda"),
        ({"destinationArn": "arn:aws:sqs:us-east-1:000000000000:none"}, "not to arn:aws:sqs"),
        ({"destinationArn": "arn:aws:kinesis:us-east-1:000000000000:stream/none"}, "must be used with roleArn"),
        (
            {"destinationArn": "arn:aws:kinesis:us-east-1:000000000000:stream/none", "roleArn": ROLE},
            "Could not deliver test message to specified Kinesis stream.",
        ),
        ({"filterPattern": "{ $."}, "Invalid filter pattern"),
    ],
)
def test_a_destination_that_takes_nothing_is_refused(own: OwnLam, wanted: dict[str, str], says: str) -> None:
    logs = sdk(own, "logs", "test")
    group = "refused-subscriptions"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    told = {"destinationArn": arn_of(own, own.create(f"sub-{len(says)}", PRINTS)), "filterPattern": "", **wanted}

    with pytest.raises(ClientError, match="InvalidParameterException") as refused:
        logs.put_subscription_filter(logGroupName=group, filterName="f", **told)

    assert says in str(refused.value)


def test_a_function_that_does_not_let_logs_in_is_refused(own: OwnLam, caplog: pytest.LogCaptureFixture) -> None:
    """What lets them in, or that there is no such function, is in the log."""
    name = own.create("sub-closed", PRINTS)
    group_with_stream(own, "closed")
    arn = own.client.get_function_configuration(FunctionName=name)["FunctionArn"]

    for target in (arn, f"{arn}-not-there"):
        with pytest.raises(ClientError, match="Make sure you have given CloudWatch Logs permission"):
            subscribe(own, "closed", target)

    assert f"aws lambda add-permission --function-name {name} --statement-id " in caplog.text
    assert f"there is no function {arn}-not-there" in caplog.text


def test_a_reset_forgets_groups_and_their_filters(own: OwnLam) -> None:
    target = own.create("sub-reset", TAKES)
    logs = group_with_stream(own, "forgotten")
    subscribe(own, "forgotten", arn_of(own, target))
    push(own, "forgotten", "one")

    own.emulator.reset()

    assert logs.describe_log_groups(logGroupNamePrefix="forgotten")["logGroups"] == []
    group_with_stream(own, "forgotten")
    push(own, "forgotten", "two")
    found = logs.filter_log_events(logGroupName="forgotten")["events"]
    assert [event["message"] for event in found] == ["two"]
    assert logs.describe_subscription_filters(logGroupName="forgotten")["subscriptionFilters"] == []


def test_filters_are_shown_changed_and_deleted(own: OwnLam, eventually: Eventually) -> None:
    target = own.create("sub-shown", TAKES)
    logs = group_with_stream(own, "shown")
    arn = arn_of(own, target)
    subscribe(own, "shown", arn, "one", "first")
    subscribe(own, "shown", arn, "two", "second")

    with pytest.raises(ClientError, match="LimitExceededException"):
        subscribe(own, "shown", arn, "three", "third")
    subscribe(own, "shown", arn, "three", "first")
    logs.delete_subscription_filter(logGroupName="shown", filterName="second")

    [left] = logs.describe_subscription_filters(logGroupName="shown")["subscriptionFilters"]
    assert (left["filterName"], left["filterPattern"], left["destinationArn"]) == ("first", "three", arn)
    push(own, "shown", "one", "two", "three")
    assert messages(eventually(lambda: taken(own, target), "the payload")) == ["three"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_subscription_filter(logGroupName="shown", filterName="second")


def test_a_metric_filter_counts_what_is_logged(own: OwnLam, eventually: Eventually) -> None:
    logs = group_with_stream(own, "counted")
    logs.put_metric_filter(
        logGroupName="counted",
        filterName="latency",
        filterPattern='{ $.kind = "request" }',
        metricTransformations=[
            {
                "metricNamespace": "Own",
                "metricName": "Latency",
                "metricValue": "$.ms",
                "unit": "Milliseconds",
                "dimensions": {"Path": "$.path"},
            }
        ],
    )
    push(
        own, "counted", '{"kind": "request", "ms": 5, "path": "/a"}', '{"kind": "request", "ms": 7, "path": "/a"}', "no"
    )
    metrics = sdk(own, "cloudwatch", "test")
    now_s = int(own.emulator.clock.now_s())

    def points() -> list[Any]:
        found = metrics.get_metric_statistics(
            Namespace="Own",
            MetricName="Latency",
            Dimensions=[{"Name": "Path", "Value": "/a"}],
            StartTime=now_s - 600,
            EndTime=now_s + 600,
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )
        return list(found["Datapoints"])

    [point] = eventually(points, "the metric")
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (12, 2, "Milliseconds")
    [group] = logs.describe_log_groups(logGroupNamePrefix="counted")["logGroups"]
    assert group["metricFilterCount"] == 1
    logs.delete_metric_filter(logGroupName="counted", filterName="latency")
    assert logs.describe_metric_filters(logGroupName="counted")["metricFilters"] == []


def test_a_metric_filter_is_tried(own: OwnLam) -> None:
    found = sdk(own, "logs", "test").test_metric_filter(
        filterPattern="[ip, ..., status = 4*]", logEventMessages=["1.1.1.1 x 404", "1.1.1.1 x 200"]
    )

    assert found["matches"] == [
        {"eventNumber": 1, "eventMessage": "1.1.1.1 x 404", "extractedValues": {"$ip": "1.1.1.1", "$status": "404"}}
    ]
