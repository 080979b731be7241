"""What happens by itself may what its role or its target's policy lets it, by boto3. See test_iam.py."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from iam_rig import ACCOUNT, REGION, SECRET, Account, allow, document, refusal
from own import own_emulator
from waiting import eventually

SERVICE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in ("events", "lambda", "logs", "scheduler")]},
            "Action": "sts:AssumeRole",
        }
    ],
}
NOTHING = "def handler(event, context):\n    pass"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        yield Account(lam, ACCOUNT)


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, ACCOUNT)


def queue(account: Account, name: str) -> tuple[str, str]:
    """URL and ARN of a new one."""
    url = account.root.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def receive(account: Account, url: str) -> list[Any]:
    """What comes within a while, without its order."""
    told = account.root.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(told.get("Messages", []))


def rule(account: Account, name: str, *targets: dict[str, Any]) -> str:
    """Of events whose source is its name."""
    events = account.root.client("events")
    arn = str(events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"])
    assert events.put_targets(Rule=name, Targets=list(targets))["FailedEntryCount"] == 0
    return arn


def put(account: Account, source: str, detail: str) -> None:
    entry = {"Source": source, "DetailType": "t", "Detail": json.dumps({"said": detail})}
    assert account.root.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def let_in(account: Account, url: str, arn: str, service: str, source: str) -> None:
    condition = {"ArnEquals": {"aws:SourceArn": source}}
    grant = allow("sqs:SendMessage", arn, Principal={"Service": service}, Condition=condition)
    account.root.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(grant)})


def test_a_rule_reaches_a_queue_whose_policy_lets_it(strict: Account) -> None:
    url, arn = queue(strict, "ruled")
    letters, letters_arn = queue(strict, "ruled-letters")
    source = rule(strict, "ruled", {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": letters_arn}})
    let_in(strict, letters, letters_arn, "events.amazonaws.com", source)

    put(strict, "ruled", "refused")
    [letter] = receive(strict, letters)
    let_in(strict, url, arn, "events.amazonaws.com", source)
    put(strict, "ruled", "let in")

    [message] = receive(strict, url)
    assert json.loads(message["Body"])["detail"] == {"said": "let in"}
    attributes = {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["ERROR_MESSAGE"].endswith(
        f"on resource: {arn} because no resource-based policy allows the sqs:sendmessage action"
    )


def test_a_rule_runs_a_function_whose_policy_lets_it(strict: Account) -> None:
    url, _ = queue(strict, "ran-by-rule")
    code = f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="{url}", MessageBody=event["detail"]["said"])
"""
    strict.lam.create("by-rule", code, Role=strict.role("by-rule", allow("sqs:SendMessage")))
    source = rule(strict, "by-rule", {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:by-rule"})

    put(strict, "by-rule", "refused")
    strict.root.client("lambda").add_permission(
        FunctionName="by-rule",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )
    put(strict, "by-rule", "let in")

    assert [one["Body"] for one in receive(strict, url)] == ["let in"]


def test_what_was_let_in_is_refused_as_soon_as_it_may_no_more(strict: Account) -> None:
    """By a queue's policy, a function's, and a role's."""
    url, arn = queue(strict, "taken-back")
    letters, letters_arn = queue(strict, "taken-back-letters")
    strict.lam.create("taken-back", NOTHING, Role=strict.role("taken-back"))
    function, lambda_ = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:taken-back", strict.root.client("lambda")
    role = strict.role("puts-back", allow("sqs:SendMessage"), trust=SERVICE_TRUST)
    dead = {"DeadLetterConfig": {"Arn": letters_arn}}
    by_role = {"Id": "3", "Arn": arn, "RoleArn": role, **dead}
    source = rule(strict, "taken-back", {"Id": "1", "Arn": arn, **dead}, {"Id": "2", "Arn": function, **dead}, by_role)
    for to_url, to in ((letters, letters_arn), (url, arn)):
        let_in(strict, to_url, to, "events.amazonaws.com", source)
    grant = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    lambda_.add_permission(FunctionName="taken-back", StatementId="rule", **grant)

    put(strict, "taken-back", "let in")
    let = received(strict, url, 2)
    lambda_.remove_permission(FunctionName="taken-back", StatementId="rule")
    strict.root.client("iam").delete_role_policy(RoleName="puts-back", PolicyName="own")
    strict.root.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    put(strict, "taken-back", "refused")

    assert {json.loads(message["Body"])["detail"]["said"] for message in let} == {"let in"}
    told = [message["MessageAttributes"] for message in received(strict, letters, 3)]
    assert sorted(each["TARGET_ARN"]["StringValue"] for each in told) == sorted([arn, function, arn])
    assert {each["ERROR_CODE"]["StringValue"] for each in told} == {"NO_PERMISSIONS"}


def received(account: Account, url: str, count: int) -> list[Any]:
    """So many messages, as they come."""
    found: list[Any] = []
    while len(found) < count and (came := receive(account, url)):
        found += came
    return found


def test_a_rule_acts_as_its_targets_role(strict: Account) -> None:
    role = strict.role("of-rule", trust=SERVICE_TRUST)
    kinesis = strict.root.client("kinesis")
    kinesis.create_stream(StreamName="of-rule", ShardCount=1)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/of-rule"
    letters, letters_arn = queue(strict, "of-rule-letters")
    target = {"Id": "1", "Arn": arn, "RoleArn": role, "DeadLetterConfig": {"Arn": letters_arn}}
    let_in(strict, letters, letters_arn, "events.amazonaws.com", rule(strict, "of-rule", target))

    put(strict, "of-rule", "refused")
    assert len(receive(strict, letters)) == 1
    policy = document(allow("kinesis:PutRecord", arn))
    strict.root.client("iam").put_role_policy(RoleName="of-rule", PolicyName="own", PolicyDocument=policy)
    put(strict, "of-rule", "let in")

    def records() -> list[Any]:
        [shard] = kinesis.list_shards(StreamName="of-rule")["Shards"]
        at = {"StreamName": "of-rule", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        return list(kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**at)["ShardIterator"])["Records"])

    eventually(lambda: bool(records()), "the record")
    assert [json.loads(one["Data"])["detail"] for one in records()] == [{"said": "let in"}]


def test_a_schedule_acts_as_its_role(strict: Account) -> None:
    url, arn = queue(strict, "scheduled")
    letters, letters_arn = queue(strict, "scheduled-letters")
    scheduler = strict.root.client("scheduler")

    def schedule(name: str, role: str) -> None:
        target = {"Arn": arn, "RoleArn": role, "Input": name, "DeadLetterConfig": {"Arn": letters_arn}}
        soon = datetime.now(UTC) + timedelta(seconds=2)
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )

    schedule("refused", strict.role("letters", allow("sqs:SendMessage", letters_arn), trust=SERVICE_TRUST))
    schedule("let-in", strict.role("sender", allow("sqs:SendMessage", arn), trust=SERVICE_TRUST))

    assert [one["Body"] for one in receive(strict, url)] == ["let-in"]
    [letter] = receive(strict, letters)
    assert letter["Body"] == "refused"
    said = letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert "assumed-role/letters/refused is not authorized" in said


def test_results_go_where_the_functions_role_lets_them(strict: Account) -> None:
    url, arn = queue(strict, "results")
    strict.lam.create("mute", NOTHING, Role=strict.role("mute"))
    strict.lam.create("heard", NOTHING, Role=strict.role("heard", allow("sqs:SendMessage", arn)))
    functions = strict.root.client("lambda")
    for name in ("mute", "heard"):
        functions.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(name))

    [message] = receive(strict, url)
    assert json.loads(message["Body"])["requestPayload"] == "heard"


def test_with_warn_what_a_role_lacks_is_said_once_and_nothing_is_refused(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    url, arn = queue(warning, "warned")
    role = warning.role("warned")
    warning.lam.create("warned", NOTHING, Role=role)
    functions = warning.root.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName="warned", DestinationConfig={"OnSuccess": {"Destination": arn}}
    )

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            functions.invoke(FunctionName="warned", InvocationType="Event")
            assert receive(warning, url)

    statement = json.dumps({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    [said] = [one.message for one in caplog.records if f"{role} may not" in one.message]
    assert said.endswith(f"add to its policies {statement}")


def test_with_warn_what_a_queues_policy_lacks_is_said(warning: Account, caplog: pytest.LogCaptureFixture) -> None:
    url, arn = queue(warning, "unlet")

    with caplog.at_level(logging.WARNING):
        source = rule(warning, "unlet", {"Id": "1", "Arn": arn})
        put(warning, "unlet", "any")
        assert receive(warning, url)

    [said] = [one.message for one in caplog.records if "events.amazonaws.com may not" in one.message]
    assert "add to the queue's policy" in said
    assert f'"aws:SourceArn": "{source}"' in said


READS = {
    "sqs": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "kinesis": ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream", "kinesis:ListShards"],
    "dynamodb": ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
}


def test_a_mapping_needs_the_functions_role_to_read_its_queue(strict: Account) -> None:
    url, arn = queue(strict, "polled")
    done, _ = queue(strict, "polled-done")
    code = f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="{done}", MessageBody=event["Records"][0]["body"])
"""
    sends, iam, sqs = allow("sqs:SendMessage"), strict.root.client("iam"), strict.root.client("sqs")
    strict.lam.create("polls", code, Role=strict.role("polls", sends))
    make = {"FunctionName": "polls", "EventSourceArn": arn}

    def let(*actions: str) -> None:
        policy = document(sends, *([allow(list(actions), arn)] if actions else []))
        iam.put_role_policy(RoleName="polls", PolicyName="own", PolicyDocument=policy)

    functions = strict.root.client("lambda")
    for granted, lacks in ((0, "ReceiveMessage"), (1, "DeleteMessage"), (2, "GetQueueAttributes")):
        let(*READS["sqs"][:granted])
        code_said = refusal(functions.create_event_source_mapping, **make)
        text = f"The function execution role does not have permissions to call {lacks} on SQS"
        assert code_said == ("InvalidParameterValueException", text, 400)
    let(*READS["sqs"])
    functions.create_event_source_mapping(**make)
    sqs.send_message(QueueUrl=url, MessageBody="first")
    assert [one["Body"] for one in receive(strict, done)] == ["first"]

    let()
    sqs.send_message(QueueUrl=url, MessageBody="second")
    assert "Messages" not in sqs.receive_message(QueueUrl=done, WaitTimeSeconds=3)
    let(*READS["sqs"])
    eventually(lambda: "second" in [one["Body"] for one in receive(strict, done)], "the second message")


def test_a_mapping_whose_role_may_read_no_more_says_so(strict: Account) -> None:
    kinesis, iam, functions = (strict.root.client(name) for name in ("kinesis", "iam", "lambda"))
    kinesis.create_stream(StreamName="read", ShardCount=1)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/read"
    strict.lam.create("reads", NOTHING, Role=strict.role("reads"))
    make = {"FunctionName": "reads", "EventSourceArn": arn, "StartingPosition": "TRIM_HORIZON"}
    text = (
        f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
    )

    assert refusal(functions.create_event_source_mapping, **make) == ("InvalidParameterValueException", text, 400)
    policy = document(allow(READS["kinesis"], arn))
    iam.put_role_policy(RoleName="reads", PolicyName="own", PolicyDocument=policy)
    id = functions.create_event_source_mapping(**make)["UUID"]

    def result() -> str:
        return str(functions.get_event_source_mapping(UUID=id)["LastProcessingResult"])

    kinesis.put_record(StreamName="read", Data=b"1", PartitionKey="1")
    eventually(lambda: result() == "OK", "the first record")
    iam.delete_role_policy(RoleName="reads", PolicyName="own")
    kinesis.put_record(StreamName="read", Data=b"2", PartitionKey="1")
    eventually(lambda: result() == f"PROBLEM: {text}", "the problem")
    iam.put_role_policy(RoleName="reads", PolicyName="own", PolicyDocument=policy)
    eventually(lambda: result() == "OK", "the second record")


def test_a_mapping_needs_the_functions_role_to_read_a_tables_stream(strict: Account) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    table = strict.root.client("dynamodb").create_table(
        TableName="read",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=stream,
    )
    arn = table["TableDescription"]["LatestStreamArn"]
    strict.lam.create("reads-table", NOTHING, Role=strict.role("reads-table"))
    functions = strict.root.client("lambda")
    make = {"FunctionName": "reads-table", "EventSourceArn": arn, "StartingPosition": "LATEST"}

    code, said, _ = refusal(functions.create_event_source_mapping, **make)

    assert code == "InvalidParameterValueException"
    assert said == (
        f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, and ListStreams Actions on your stream in IAM."
    )
    policy = document(allow(READS["dynamodb"], arn))
    strict.root.client("iam").put_role_policy(RoleName="reads-table", PolicyName="own", PolicyDocument=policy)
    assert functions.create_event_source_mapping(**make)["State"] == "Creating"


def test_an_alarm_tells_a_topic_whose_policy_lets_it(strict: Account, caplog: pytest.LogCaptureFixture) -> None:
    url, arn = queue(strict, "alarmed")
    sns, cloudwatch = strict.root.client("sns"), strict.root.client("cloudwatch")
    topic = sns.create_topic(Name="alarmed")["TopicArn"]
    let_in(strict, url, arn, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    cloudwatch.put_metric_alarm(
        AlarmName="told",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
        OKActions=[topic],
    )

    def state(value: str, reason: str) -> None:
        cloudwatch.set_alarm_state(AlarmName="told", StateValue=value, StateReason=reason)

    def told() -> list[str]:
        return [json.loads(one["Body"])["NewStateReason"] for one in receive(strict, url)]

    state("ALARM", "as topics are made")
    assert told() == ["as topics are made"]
    others = allow("sns:Publish", topic, Principal={"Service": "events.amazonaws.com"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(others))
    state("OK", "refused")
    given_up = f"is not delivered to {topic}"
    eventually(lambda: given_up in caplog.text, "the refusal")
    alarms = allow("sns:Publish", topic, Principal={"Service": "cloudwatch.amazonaws.com"})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(alarms))
    state("ALARM", "let in")
    assert told() == ["let in"]
