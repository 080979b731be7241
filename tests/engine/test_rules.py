"""Events that are put reach what their rules name. docs/contract/events.md#rules."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rules_rig import ACCOUNT, OURS, REGION, Account, account, emulated
from services_rig import sdk
from waiting import eventually

__all__ = ["account", "emulated"]  # fixtures


def test_an_event_reaches_its_rules_function_queue_topic_and_another_bus(account: Account) -> None:
    sns = sdk(account.lam, "sns", ACCOUNT)
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=account.queue("of-topic"))
    bus = account.events.create_event_bus(Name="second")["EventBusArn"]
    account.rule("passed-on", OURS, account.queue("of-bus"), bus="second")
    account.rule("r", {"detail": {"n": [{"numeric": [">", 1]}]}}, account.function(), account.queue("q"), topic, bus)

    account.put({"n": 1})
    id = account.put({"n": 2}, Resources=["arn:aws:s3:::b"])

    event = {
        "version": "0",
        "id": id,
        "detail-type": "Ordered",
        "source": "shop",
        "account": ACCOUNT,
        "region": REGION,
        "resources": ["arn:aws:s3:::b"],
        "detail": {"n": 2},
    }
    got = eventually(account.printed, "the function's event")
    (queued,) = eventually(lambda: account.receive("q"), "the queue's event")
    (told,) = eventually(lambda: account.receive("of-topic"), "the topic's event")
    (passed,) = eventually(lambda: account.receive("of-bus"), "the other bus's event")
    texts = [json.loads(queued["Body"]), json.loads(json.loads(told["Body"])["Message"]), json.loads(passed["Body"])]
    assert [{**event, "time": one["time"]} for one in got] == got
    assert len(got) == 1
    assert texts == [got[0]] * 3


def test_a_rule_with_an_expression_brings_its_event_when_it_is_due(account: Account) -> None:
    arn = account.events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    second = account.events.create_event_bus(Name="second")["EventBusArn"]
    account.rule("passed-on", {"resources": [arn]}, account.queue("of-bus"), bus="second")
    own = {"Id": "own", "Arn": account.queue("q"), "Input": '{"n": 1}'}
    targets = [{"Id": "whole", "Arn": account.function("hourly")}, own, {"Id": "bus", "Arn": second}]
    account.events.put_targets(Rule="hourly", Targets=targets)

    account.lam.pass_time(3600)

    (got,) = eventually(lambda: account.printed("hourly"), "its event")
    assert got == {
        "version": "0",
        "id": got["id"],
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": got["time"],
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }
    (queued,) = eventually(lambda: account.receive("q"), "the queue's")
    (passed,) = eventually(lambda: account.receive("of-bus"), "the other bus's")
    assert (queued["Body"], json.loads(passed["Body"])) == ('{"n": 1}', got)


def test_what_a_target_does_not_take_comes_to_the_dead_letter_queue(account: Account) -> None:
    letters = {"DeadLetterConfig": {"Arn": account.queue("letters")}}
    names = {"lambda": "function:none", "sqs": "none", "events": "event-bus/none", "kinesis": "stream/none"}
    lambda_, queue, bus, stream = (f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}" for service, name in names.items())
    said = {
        lambda_: f"Function not found: {lambda_}:$LATEST",
        queue: "The specified queue does not exist.",
        bus: f"Event bus {bus} does not exist.",
        stream: f"Stream none under account {ACCOUNT} not found.",
    }
    targets = [{"Id": str(n), "Arn": arn, **letters} for n, arn in enumerate(said)]
    rule = account.rule("r", OURS, *targets)

    id = account.put({"n": 1})

    found: list[dict[str, Any]] = []
    while len(found) < len(said):
        found += eventually(lambda: account.receive("letters"), "dead letters")
    told = [{name: one["StringValue"] for name, one in letter["MessageAttributes"].items()} for letter in found]
    assert {one["TARGET_ARN"]: one["ERROR_MESSAGE"] for one in told} == said
    assert {(one["RULE_ARN"], one["ERROR_CODE"], one["RETRY_ATTEMPTS"]) for one in told} == {(rule, "NO_RESOURCE", "0")}
    assert {json.loads(letter["Body"])["id"] for letter in found} == {id}


@pytest.mark.parametrize(
    ("outcome", "code"), [("Success", "return 1"), ("Failure", "raise ValueError('no')")], ids=["success", "failure"]
)
def test_the_result_of_an_event_reaches_a_bus(account: Account, outcome: Any, code: str) -> None:
    bus, name = account.events.create_event_bus(Name="results")["EventBusArn"], f"ends-in-{outcome.lower()}"
    account.lam.create(name, f"def handler(event, context): {code}")
    arn = account.lam.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    told: Any = {f"On{outcome}": {"Destination": bus}}
    account.lam.client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=told
    )
    pattern = {"source": ["lambda"], "resources": [f"{arn}:$LATEST"]}
    account.rule("ended", pattern, account.queue("q"), bus="results")

    account.lam.client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')

    (message,) = eventually(lambda: account.receive("q"), "the result")
    event = json.loads(message["Body"])
    assert (event["detail-type"], event["resources"]) == (
        f"Lambda Function Invocation Result - {outcome}",
        [bus, f"{arn}:$LATEST"],
    )
    assert event["detail"]["requestPayload"] == {"n": 1}


def test_a_bucket_tells_its_bus_of_objects(account: Account) -> None:
    s3 = sdk(account.lam, "s3", ACCOUNT)
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    account.rule("r", {"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos"]}}}, account.queue("q"))

    put = s3.put_object(Bucket="photos", Key="a b.txt", Body=b"12")
    s3.copy_object(Bucket="photos", Key="copy", CopySource="photos/a b.txt")
    s3.delete_object(Bucket="photos", Key="copy")

    got: list[dict[str, Any]] = []
    while len(got) < 3:
        got += eventually(lambda: [json.loads(one["Body"]) for one in account.receive("q")], "its events")
    created, copied, deleted = sorted(got, key=lambda one: one["detail"]["object"]["sequencer"])
    assert (created["source"], created["resources"], created["account"]) == ("aws.s3", ["arn:aws:s3:::photos"], ACCOUNT)
    described = created["detail"]["object"]
    assert (described["key"], described["size"], described["etag"]) == ("a b.txt", 2, put["ETag"].strip('"'))
    told = [(one["detail-type"], one["detail"]["reason"]) for one in (created, copied, deleted)]
    assert told == [
        ("Object Created", "PutObject"),
        ("Object Created", "CopyObject"),
        ("Object Deleted", "DeleteObject"),
    ]
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"
    assert s3.get_bucket_notification_configuration(Bucket="photos")["EventBridgeConfiguration"] == {}


def test_each_other_kind_of_target_gets_the_event_too(account: Account) -> None:
    """A stream by a part of the event as its key, a FIFO queue by a group, a log group, a state machine."""
    logs, kinesis, states = (sdk(account.lam, name, ACCOUNT) for name in ("logs", "kinesis", "stepfunctions"))
    logs.create_log_group(logGroupName="/events/all")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    waits = json.dumps({"StartAt": "end", "States": {"end": {"Type": "Pass", "End": True}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    machine = states.create_state_machine(name="m", definition=waits, roleArn=role)["stateMachineArn"]
    begin, fifo = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:", {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    template = {
        "InputPathsMap": {"n": "$.detail.n"},
        "InputTemplate": f'{{"timestamp": {int(account.lam.clock.now_s() * 1000)}, "message": "n is <n>"}}',
    }
    account.rule(
        "r",
        OURS,
        {"Id": "1", "Arn": begin.format("logs") + "log-group:/events/all"},
        {
            "Id": "2",
            "Arn": begin.format("kinesis") + "stream/s",
            "KinesisParameters": {"PartitionKeyPath": "$.detail.k"},
        },
        {"Id": "3", "Arn": account.queue("q.fifo", **fifo), "SqsParameters": {"MessageGroupId": "g"}},
        {"Id": "4", "Arn": machine, "RoleArn": role, "InputPath": "$.detail"},
        {"Id": "5", "Arn": begin.format("logs") + "log-group:/events/all", "InputTransformer": template},
    )

    id = account.put({"n": 1, "k": "key"})

    def lines() -> list[str]:
        found = logs.filter_log_events(logGroupName="/events/all")["events"]
        return [one["message"] for one in found] if len(found) == 2 else []

    said, event = sorted(eventually(lines, "the lines"))
    assert (said, json.loads(event)["id"]) == ("n is 1", id)
    (queued,) = eventually(lambda: account.receive("q.fifo"), "the queue's")
    assert (json.loads(queued["Body"])["id"], queued["Attributes"]["MessageGroupId"]) == (id, "g")
    (run,) = eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"], "the execution")
    ran = states.describe_execution(executionArn=run["executionArn"])
    assert json.loads(ran["input"]) == {"n": 1, "k": "key"}
    shard = kinesis.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    start = {"StreamName": "s", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    (record,) = eventually(lambda: kinesis.get_records(ShardIterator=iterator)["Records"], "the stream's")
    assert (json.loads(record["Data"])["id"], record["PartitionKey"]) == (id, "key")


def test_what_nobody_serves_is_no_target(account: Account) -> None:
    account.events.put_rule(Name="r", EventPattern=json.dumps(OURS))
    task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"

    answer = account.events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": task}])

    assert answer["FailedEntryCount"] == 1
    (entry,) = answer["FailedEntries"]
    assert entry["ErrorCode"] == "TargetNotServed"
    assert entry["ErrorMessage"].startswith("lambda-emu brings nothing to ecs; ")
    with pytest.raises(ClientError, match="SqsParameters must be specified for target: 1"):
        account.events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": account.queue("q.fifo", FifoQueue="true")}])


def test_a_large_event_reaches_all_targets_whole(account: Account) -> None:
    part = {"InputPathsMap": {"all": "$.detail.all"}, "InputTemplate": '{"mine": <all>}'}
    account.rule("r", OURS, account.function("large"), account.queue("q"), account.queue("p"))
    account.rule("s", OURS, {"Id": "1", "Arn": account.queue("part"), "InputTransformer": part})

    id = account.put({"all": "x" * 200_000})

    (got,) = eventually(lambda: account.printed("large"), "the function's")
    texts = [eventually(partial(account.receive, name), f"{name}'s")[0]["Body"] for name in ("q", "p", "part")]
    assert [json.loads(text)["id"] for text in texts[:2]] == [got["id"]] * 2 == [id] * 2
    assert json.loads(texts[2]) == {"mine": "x" * 200_000} == {"mine": got["detail"]["all"]}


def test_a_function_without_a_permission_is_told_of_once(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    arn = account.function("permitted")
    first, second = (account.rule(name, {"source": [name]}, arn) for name in ("first", "second"))
    account.lam.client.add_permission(
        FunctionName="permitted",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=first,
    )

    for name in ("first", "second", "second"):
        account.put({}, Source=name)

    eventually(lambda: len(account.printed("permitted")) == 3, "all events")
    told = [record.getMessage() for record in caplog.records if "it would not on AWS" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(f"{arn} runs for {second}, ")
    command = "aws lambda add-permission --function-name permitted --statement-id rule-second"
    assert f"; this lets it: {command} --action lambda:InvokeFunction --principal events.amazonaws.com " in told[0]
    assert told[0].endswith(f" --source-arn {second}")


def test_the_log_says_what_is_wrong_with_an_expression(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    """AWS does not, and the AWS CLI shows no headers."""
    to: Any = {"Arn": account.queue("q"), "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any"}
    scheduler = sdk(account.lam, "scheduler", ACCOUNT)

    with pytest.raises(ClientError, match=r"Parameter ScheduleExpression is not valid\.$"):
        account.events.put_rule(Name="r", ScheduleExpression="rate(1 minutes)")
    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        scheduler.create_schedule(
            Name="s", ScheduleExpression="cron(0 9 * * *)", FlexibleTimeWindow={"Mode": "OFF"}, Target=to
        )

    assert "PutRule is refused: Parameter ScheduleExpression is not valid. Because the unit is in" in caplog.text
    assert (
        "a request to Scheduler is refused: Invalid Schedule Expression cron(0 9 * * *). Because it has 5"
        in caplog.text
    )


def test_an_event_that_comes_to_nobody_is_told_of_once_until_a_rule_changes(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    queue = account.queue("q")
    account.put({"n": 0}, Source="lonely")
    account.rule("r", {"detail": {"n": [1]}}, queue)

    first, second = (account.put({"n": 2}, DetailType="Unwanted") for _ in range(2))
    account.put({"n": 1}, DetailType="Unwanted")
    lost = account.put({"n": 1}, EventBusName="nowhere")

    assert len(account.receive("q")) == 1
    told = [record.getMessage() for record in caplog.records if "comes to nobody" in record.getMessage()]
    assert [text.partition(": ")[2] for text in told] == [
        "bus default has no rules",
        "no rule of bus default wants it, of r",
        "Event bus nowhere does not exist.",
    ]
    assert told[1].startswith(f"event {first} of shop, Unwanted, ")
    assert told[2].startswith(f"event {lost} of shop, Ordered, ")
    account.rule("other", {"detail": {"n": [3]}}, queue)
    assert account.put({"n": 2}, DetailType="Unwanted") in caplog.records[-1].getMessage()
    assert second not in caplog.text


def test_a_function_without_a_permission_that_runs_by_the_clock_is_told_of_too(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    rule = account.events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    arn = account.function("by-clock")
    account.events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": arn}])
    account.lam.pass_time(3600)

    eventually(lambda: account.printed("by-clock"), "the event")
    assert f"{arn} runs for {rule}, which it would not on AWS" in caplog.text


def test_the_trace_of_a_function_goes_on_with_its_events_and_its_loops_are_its_own(account: Account) -> None:
    code = """
import boto3, json, os
def handler(event, context):
    n = event["detail"]["n"]
    print("GOT " + json.dumps([n, os.environ["_X_AMZN_TRACE_ID"]]))
    if n < 20:
        entry = {"Source": "shop", "DetailType": "t", "Detail": json.dumps({"n": n + 1})}
        boto3.client("events").put_events(Entries=[entry])
"""
    account.lam.create("loops", code, Timeout=30)
    arn = account.lam.client.get_function(FunctionName="loops")["Configuration"]["FunctionArn"]
    account.rule("r", OURS, arn)

    account.put({"n": 0}, TraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")

    def rounds() -> list[Any]:
        found = account.printed("loops")
        return found if len(found) == 21 else []

    got = eventually(rounds, "20 rounds")
    assert sorted(n for n, _ in got) == list(range(21))  # no more than AWS does anybody stop it
    assert {trace.partition(";")[0] for _, trace in got} == {"Root=1-5759e988-bd862e3fe1be46a994272793"}


def test_a_bucket_tells_its_bus_why_an_object_changed(account: Account) -> None:
    s3 = sdk(account.lam, "s3", ACCOUNT)
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration={"EventBridgeConfiguration": {}})
    account.rule("r", {"source": ["aws.s3"], "detail": {"bucket": {"name": ["kept"]}}}, account.queue("q"))

    upload = s3.create_multipart_upload(Bucket="kept", Key="k")["UploadId"]
    part = s3.upload_part(Bucket="kept", Key="k", UploadId=upload, PartNumber=1, Body=b"123")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    version = s3.complete_multipart_upload(Bucket="kept", Key="k", UploadId=upload, MultipartUpload=parts)["VersionId"]
    s3.put_object_tagging(Bucket="kept", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    marker = s3.delete_object(Bucket="kept", Key="k")["VersionId"]
    s3.delete_object(Bucket="kept", Key="k", VersionId=version)

    got: list[dict[str, Any]] = []
    while len(got) < 4:
        got += eventually(lambda: [json.loads(one["Body"]) for one in account.receive("q")], "its events")
    told = sorted(got, key=lambda one: one["detail"]["object"]["sequencer"])
    why = [(one["detail-type"], one["detail"].get("reason"), one["detail"].get("deletion-type")) for one in told]
    assert why == [
        ("Object Created", "CompleteMultipartUpload", None),
        ("Object Tags Added", None, None),
        ("Object Deleted", "DeleteObject", "Delete Marker Created"),
        ("Object Deleted", "DeleteObject", "Permanently Deleted"),
    ]
    assert [one["detail"]["object"]["version-id"] for one in told] == [version, version, marker, version]


def test_another_account_reaches_a_bus_that_lets_it_and_no_other(account: Account) -> None:
    theirs = sdk(account.lam, "events", "111111111111")
    bus = account.events.describe_event_bus(Name="default")["Arn"]
    account.rule("r", {"account": ["111111111111"]}, account.queue("q"))
    entry = {"Source": "theirs", "DetailType": "t", "Detail": '{"n": 1}', "EventBusName": bus}

    (refused,) = theirs.put_events(Entries=[entry])["Entries"]
    account.events.put_permission(StatementId="them", Action="events:PutEvents", Principal="111111111111")
    (taken,) = theirs.put_events(Entries=[entry])["Entries"]

    assert refused["ErrorCode"] == "AccessDeniedException"
    (message,) = eventually(lambda: account.receive("q"), "their event")
    event = json.loads(message["Body"])
    assert (event["id"], event["account"], event["detail"]) == (taken["EventId"], "111111111111", {"n": 1})
