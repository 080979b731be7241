"""What a project declares beside functions is there once it is deployed: made, changed and removed as the file is."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from own import own_emulator
from project_events_rig import ALL, ARN, EVERY, HEAR, Account
from waiting import Eventually


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(HEAR)
    with own_emulator(folder, "process", stems=0) as lam:
        yield Account(lam, folder)


def test_what_is_declared_is_there(account: Account) -> None:
    account.deploy(ALL, EVERY)

    sqs, s3, ddb = account.client("sqs"), account.client("s3"), account.client("dynamodb")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("60", "1")
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"] == "arn:aws:sqs:us-east-1:000000000000:dead"
    url = sqs.get_queue_url(QueueName="ordered.fifo")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "true")
    assert s3.get_bucket_versioning(Bucket="everything")["Status"] == "Enabled"
    table = ddb.describe_table(TableName="items")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["id", "taken"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "by-owner"
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    described = ddb.describe_time_to_live(TableName="items")["TimeToLiveDescription"]
    assert (described["TimeToLiveStatus"], described["AttributeName"]) == ("ENABLED", "over")
    mappings = account.lam.client.list_event_source_mappings(FunctionName="hear")["EventSourceMappings"]
    (mapping,) = [one for one in mappings if one["EventSourceArn"].endswith(":jobs")]
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (2, {"MaximumConcurrency": 3})
    (mapping,) = [one for one in mappings if one["EventSourceArn"] == table["LatestStreamArn"]]
    assert (mapping["StartingPosition"], mapping["MaximumRetryAttempts"]) == ("LATEST", 3)
    stream = account.client("kinesis").describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]
    assert (stream["OpenShardCount"], stream["RetentionPeriodHours"], stream["ConsumerCount"]) == (5, 48, 1)
    (mapping,) = [one for one in mappings if "/consumer/live:" in one["EventSourceArn"]]
    assert (mapping["ParallelizationFactor"], mapping["TumblingWindowInSeconds"]) == (2, 60)
    (mapping,) = [one for one in mappings if one["EventSourceArn"].endswith(":stream/other")]
    assert (mapping["StartingPosition"], mapping["BatchSize"]) == ("TRIM_HORIZON", 100)
    assert len(account.sids()) == 11  # S3, SNS, the API, two for the URL, three rules, two alarms and logs
    (found,) = account.subscriptions()
    assert (found["filterPattern"], found["destinationArn"]) == ("{ $.level = ERROR }", ARN)
    (schedule,) = account.schedules()
    assert (schedule["ScheduleExpressionTimezone"], schedule["StartDate"].timestamp()) == ("Europe/Berlin", 1893488400)
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    target = schedule["Target"]
    assert (target["Arn"], json.loads(target["Input"])) == (ARN, {"kind": "nightly"})
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185}
    assert target["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:us-east-1:000000000000:dead"}
    ((rule, target),) = account.rules("shop")
    assert json.loads(rule["EventPattern"]) == {"source": ["shop"], "detail": {"total": [{"numeric": [">", 1]}]}}
    assert (target["Arn"], target["InputPath"], target["RetryPolicy"]["MaximumRetryAttempts"]) == (ARN, "$.detail", 1)
    found_rules = {rule["EventPattern"]: (rule, target) for rule, target in account.rules("default")}
    rule, target = found_rules['{"source": ["shop"]}']
    assert (rule["State"], "DeadLetterConfig" in target) == ("DISABLED", True)
    _, target = found_rules['{"source": ["kitchen"]}']
    wanted = {"InputPathsMap": {"total": "$.detail.total"}, "InputTemplate": '{"sum": <total>}'}
    assert target["InputTransformer"] == wanted
    alarms = account.alarms()
    errors, slow = alarms["Errors"], alarms["Duration"]
    assert (errors["Namespace"], errors["Threshold"], errors["TreatMissingData"]) == ("AWS/Lambda", 1.0, "notBreaching")
    assert (errors["AlarmActions"], errors["OKActions"], errors["InsufficientDataActions"]) == ([ARN], [ARN], [])
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": "hear"}]
    assert (slow["AlarmName"], slow["ExtendedStatistic"], slow["DatapointsToAlarm"]) == ("slow", "p90", 2)


def test_what_did_not_change_is_left_alone(account: Account) -> None:
    account.deploy(ALL, EVERY)

    assert account.deploy(ALL, EVERY) == set()


def test_what_changed_is_changed_and_no_more(account: Account) -> None:
    account.deploy(
        "queues: {jobs: {visibility: 60}}",
        "- sqs: jobs\n- s3: everything\n- http: GET /\n- schedule: {schedule: rate(1 day), name: seldom}\n"
        "- eventbridge: {pattern: {source: [shop]}}\n- alarm: Errors\n- logs: /app/orders",
    )
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]

    done = account.deploy(
        "queues: {jobs: {visibility: 90}}",
        """
        - sqs: {queue: jobs, batch_size: 5, enabled: no}
        - s3: {bucket: everything, prefix: new/}
        - http: {route: GET /, auth: AWS_IAM}
        - schedule: {schedule: rate(2 days), enabled: no, name: seldom}
        - eventbridge: {pattern: {source: [shop]}, input: {n: 1}}
        - alarm: {metric: Errors, threshold: 3}
        - logs: {group: /app/orders, filter: ERROR}
        """,
    )

    assert done == {
        *(("UPDATE", kind) for kind in ("queue", "event source mapping", "notifications", "route", "rule", "schedule")),
        *(("UPDATE", kind) for kind in ("alarm", "subscription filter")),
    }
    assert account.alarms()["Errors"]["Threshold"] == 3
    ((_, target),) = account.rules("default")
    assert target["Input"] == '{"n": 1}'
    (schedule,) = account.schedules()
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("DISABLED", "rate(2 days)")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert found == {"VisibilityTimeout": "90"}
    (mapping,) = account.lam.client.list_event_source_mappings(FunctionName="hear")["EventSourceMappings"]
    assert mapping["BatchSize"] == 5
    told = account.client("s3").get_bucket_notification_configuration(Bucket="everything")
    (rule,) = told["LambdaFunctionConfigurations"][0]["Filter"]["Key"]["FilterRules"]
    assert rule["Value"] == "new/"


@pytest.mark.parametrize(("shards", "hours"), [(1, 24), (5, 48), (12, 24), (2, 25)])
def test_a_stream_has_as_many_shards_and_keeps_records_as_long_as_is_declared(
    account: Account, shards: int, hours: int
) -> None:
    declared = f"streams: {{scaled: {{shards: {shards}, retention: {hours}}}}}"

    account.deploy(declared)

    found = account.client("kinesis").describe_stream_summary(StreamName="scaled")["StreamDescriptionSummary"]
    assert (found["OpenShardCount"], found["RetentionPeriodHours"]) == (shards, hours)
    assert account.deploy(declared) == set()


def test_a_queue_that_nobody_declares_is_as_patient_as_its_function(account: Account) -> None:
    sqs = account.client("sqs")

    def visibility() -> str:
        url = sqs.get_queue_url(QueueName="patient")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        return str(found["VisibilityTimeout"])

    account.deploy("", "- sqs: patient", "timeout: 3")
    first = visibility()
    account.deploy("", "- sqs: patient", "timeout: 60")
    second = visibility()
    account.deploy("", "- sqs: patient", "timeout: 20")

    assert (first, second, visibility()) == ("30", "360", "360")
    assert account.deploy("", "- sqs: patient", "timeout: 20") == set()


def test_what_a_key_said_before_is_taken_back_with_it(account: Account) -> None:
    account.deploy(
        "queues: {jobs: {delay: 5, redrive: {queue: dead}}}\ntables: {items: {key: id, sort: {taken: N}, "
        "ttl: over, stream: NEW_IMAGE, indexes: {by-owner: {key: owner, sort: id}}}}",
        "- sqs: {queue: jobs, filters: [{body: {a: [b]}}], max_concurrency: 2, report_failures: yes}\n"
        "- sns: {topic: news, filter: {a: [b]}}",
    )

    account.deploy(
        "queues: {jobs: {}}\ntables: {items: {key: id, sort: {taken: N}, "
        "stream: NEW_IMAGE, indexes: {by-owner: {key: owner, sort: id}}}}",
        "- sqs: jobs\n- sns: news",
    )

    sqs, sns = account.client("sqs"), account.client("sns")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["DelaySeconds"], found.get("RedrivePolicy")) == ("0", None)
    (mapping,) = account.lam.client.list_event_source_mappings(FunctionName="hear")["EventSourceMappings"]
    assert not {"FilterCriteria", "ScalingConfig"} & mapping.keys()
    assert mapping["FunctionResponseTypes"] == []
    (one,) = [one for one in sns.list_subscriptions()["Subscriptions"] if one["Protocol"] == "lambda"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"]
    assert json.loads(attributes.get("FilterPolicy", "{}")) == {}
    ttl = account.client("dynamodb").describe_time_to_live(TableName="items")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"


def test_a_stream_that_was_made_anew_is_mapped_anew(account: Account) -> None:
    table = "tables: {items: {key: id, sort: {taken: N}, indexes: {by-owner: {key: owner, sort: id}}, stream: %s}}"
    account.deploy(table % "NEW_IMAGE", "- dynamodb: items")

    account.deploy(table % "KEYS_ONLY", "- dynamodb: items")

    found = account.client("dynamodb").describe_table(TableName="items")["Table"]
    assert found["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    (mapping,) = account.lam.client.list_event_source_mappings(FunctionName="hear")["EventSourceMappings"]
    assert mapping["EventSourceArn"] == found["LatestStreamArn"]
    assert account.deploy(table % "KEYS_ONLY", "- dynamodb: items") == set()


def test_events_that_are_no_longer_declared_are_removed_and_nothing_else(account: Account) -> None:
    account.deploy(ALL, EVERY)
    s3, sns = account.client("s3"), account.client("sns")
    s3.put_object(Bucket="everything", Key="kept", Body=b"kept")
    theirs = account.client("sqs").get_queue_attributes(
        QueueUrl=account.client("sqs").create_queue(QueueName="theirs")["QueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    topic = "arn:aws:sns:us-east-1:000000000000:news"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=theirs)
    told = s3.get_bucket_notification_configuration(Bucket="everything")["LambdaFunctionConfigurations"]
    by_hand = {"Id": "by-hand", "LambdaFunctionArn": ARN, "Events": ["s3:ObjectTagging:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="everything", NotificationConfiguration={"LambdaFunctionConfigurations": [*told, by_hand]}
    )

    account.deploy("topics: {news: {}}")

    assert account.lam.client.list_event_source_mappings(FunctionName="hear")["EventSourceMappings"] == []
    assert account.sids() == set()
    assert account.lam.client.list_function_url_configs(FunctionName="hear")["FunctionUrlConfigs"] == []
    told = s3.get_bucket_notification_configuration(Bucket="everything")["LambdaFunctionConfigurations"]
    assert [one["Id"] for one in told] == ["by-hand"]
    assert [one["Endpoint"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [theirs]
    assert account.client("apigatewayv2").get_apis()["Items"] == []
    assert account.schedules() == []
    assert account.alarms() == {}
    assert account.subscriptions() == []
    assert account.rules("shop") == account.rules("default") == []
    assert s3.get_object(Bucket="everything", Key="kept")["Body"].read() == b"kept"
    assert account.client("dynamodb").describe_table(TableName="items")
    s3.put_bucket_notification_configuration(Bucket="everything", NotificationConfiguration={})
    assert account.deploy("topics: {news: {}}") == set()


def test_so_are_those_of_a_function_that_is_no_longer_declared(account: Account) -> None:
    account.deploy("", EVERY)

    account.deploy_file("functions: {}\n")

    s3, sns = account.client("s3"), account.client("sns")
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="everything")
    assert "lambda" not in {one["Protocol"] for one in sns.list_subscriptions()["Subscriptions"]}
    assert account.client("apigatewayv2").get_apis()["Items"] == []
    assert account.lam.client.list_event_source_mappings()["EventSourceMappings"] == []
    assert account.schedules() == []
    assert account.alarms() == {}


def test_each_event_has_the_function_run(account: Account, eventually: Eventually) -> None:
    account.deploy(
        "",
        "- s3: {bucket: everything, prefix: in/}\n- sqs: jobs\n- sns: news\n- url: NONE\n- http: GET /{name}\n"
        "- kinesis: clicks\n"
        "- schedule: {schedule: rate(1 hour), input: {n: the hour}}\n"
        "- eventbridge: {pattern: {source: [shop]}, bus: shop}\n- alarm: {metric: Orders, namespace: Shop}\n"
        "- logs: {group: shop, filter: ERROR}",
    )
    s3, sqs, sns = account.client("s3"), account.client("sqs"), account.client("sns")

    s3.put_object(Bucket="everything", Key="in/photo", Body=b"x")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="jobs")["QueueUrl"], MessageBody="a job")
    sns.publish(TopicArn="arn:aws:sns:us-east-1:000000000000:news", Message="some news")
    addresses = dict(account.lam.emulator.addresses)
    for url in (f"{addresses['URL of hear']}by-url", f"{addresses['HTTP API']}by-api"):
        with urlopen(url, timeout=30) as answer:
            assert answer.read() == b"heard"

    cloudwatch, name = account.client("cloudwatch"), account.alarms()["Orders"]["AlarmName"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to see")
    entry = {"EventBusName": "shop", "Source": "shop", "DetailType": "t", "Detail": '{"n": "an order"}'}
    account.client("events").put_events(Entries=[entry])
    assert account.heard(eventually, "in/photo")["Records"][0]["eventSource"] == "aws:s3"
    assert account.heard(eventually, "a job")["Records"][0]["eventSource"] == "aws:sqs"
    assert account.heard(eventually, "some news")["Records"][0]["EventSource"] == "aws:sns"
    account.client("kinesis").put_record(StreamName="clicks", Data=b"x", PartitionKey="a click")
    assert account.heard(eventually, "a click")["Records"][0]["eventSource"] == "aws:kinesis"
    assert account.heard(eventually, "an order")["detail"] == {"n": "an order"}
    assert account.heard(eventually, "to see")["alarmData"]["alarmName"] == name
    assert account.heard(eventually, "the hour") == {"n": "the hour"}
    logs, now_ms = account.client("logs"), int(account.lam.clock.now_s() * 1000)
    logs.create_log_stream(logGroupName="shop", logStreamName="s1")
    logged = [{"timestamp": now_ms, "message": "an ERROR"}]
    logs.put_log_events(logGroupName="shop", logStreamName="s1", logEvents=logged)
    packed = account.heard(eventually, "awslogs")["awslogs"]["data"]
    assert json.loads(gzip.decompress(b64decode(packed)))["logEvents"][0]["message"] == "an ERROR"
    assert account.heard(eventually, "by-url")["rawPath"] == "/by-url"
    assert account.heard(eventually, "by-api")["pathParameters"] == {"name": "by-api"}


def test_pages_of_others_may_ask_the_api_as_the_project_says(account: Account) -> None:
    cors = "http_api: {cors: {origins: ['http://localhost:3000'], methods: [GET]}}"
    account.deploy(cors, "- http: GET /")
    url = dict(account.lam.emulator.addresses)["HTTP API"]

    def allowed() -> str | None:
        with urlopen(Request(url, headers={"Origin": "http://localhost:3000"}), timeout=30) as answer:
            found: str | None = answer.headers["Access-Control-Allow-Origin"]
            return found

    first = allowed()
    again = account.deploy(cors, "- http: GET /")
    account.deploy("http_api: {}", "- http: GET /")

    assert (first, again, allowed()) == ("http://localhost:3000", set(), None)


def test_a_changed_item_has_the_function_run(account: Account, eventually: Eventually) -> None:
    table = "tables: {items: {key: id, sort: {taken: N}, indexes: {by-owner: {key: owner, sort: id}}}}"
    account.deploy(table, "- dynamodb: {table: items, filters: [{eventName: [INSERT]}]}")

    item = {"id": {"S": "an item"}, "taken": {"N": "1"}, "owner": {"S": "Ada"}}
    account.client("dynamodb").put_item(TableName="items", Item=item)

    record = account.heard(eventually, "an item")["Records"][0]
    assert (record["eventSource"], record["eventName"]) == ("aws:dynamodb", "INSERT")


@pytest.mark.parametrize(
    ("resources", "events", "function", "said"),
    [
        (
            "",
            "- dynamodb: nowhere",
            "",
            ":6: functions.hear.events[0].dynamodb: there is no table nowhere; "
            "declare it below resources.tables, with its key",
        ),
        (
            "tables: {items: {key: other}}",
            "",
            "",
            ":6: resources.tables.items: has other keys or indexes, which stay as they were made; "
            "delete the table, or give it another name",
        ),
        (
            "queues: {short: {visibility: 5}}",
            "- sqs: short",
            "timeout: 9",
            ":6: functions.hear.events[0].sqs: Queue visibility timeout: 5 seconds is less than "
            "Function timeout: 9 seconds",
        ),
        (
            "queues: {one: {redrive: {queue: two}}, two: {redrive: {queue: one}}}",
            "",
            "",
            ":6: resources.queues.one: needs itself: ",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(
    account: Account, resources: str, events: str, function: str, said: str
) -> None:
    account.deploy("tables: {items: {key: id, sort: {taken: N}, indexes: {by-owner: {key: owner, sort: id}}}}")

    (found,) = account.mistakes(resources, events, function)

    assert said in found


def test_a_function_that_may_run_itself_again_is_warned_of(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.deploy("", "- s3: everything", "environment: {THERE: everything}")
    account.deploy("", "- s3: {bucket: everything, prefix: in/}", "environment: {THERE: everything}")

    (record,) = [record.getMessage() for record in caplog.records if "runs it again" in record.getMessage()]
    assert record.startswith("lambda-emu.yaml:6: functions.hear.events[0].s3: hear is run by the bucket everything")


def test_a_reset_empties_what_functions_live_among_and_has_events_come_again(
    account: Account, eventually: Eventually
) -> None:
    emulator, s3 = account.lam.emulator, account.client("s3")
    account.deploy("buckets: {others: {}}", "- s3: everything\n- http: GET /{name}")
    s3.put_object(Bucket="others", Key="x", Body=b"x")

    emulator.reset()

    assert "Contents" not in s3.list_objects_v2(Bucket="others")
    s3.put_object(Bucket="everything", Key="after-reset", Body=b"x")
    assert account.heard(eventually, "after-reset")
    with urlopen(f"{dict(emulator.addresses)['HTTP API']}again", timeout=30) as answer:
        assert answer.read() == b"heard"
