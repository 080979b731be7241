"""What becomes of asynchronous events is told: to queues, topics, functions and buckets, and to dead letter queues.

docs/contract/invoke.md#destinations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator
from server_rig import Exchange, body_of, http_server, send
from waiting import Eventually

from lambda_emu.arn import FunctionId

ACCOUNT, REGION = "123456789012", "us-east-1"
WORKER = """
def handler(event, context):
    if event.get("fail"): raise ValueError("no" * event["fail"])
    return {"n": event["n"]}
"""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Account:
    """An emulator's account with boto3's clients of all that results may go to."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.sqs, self.sns, self.s3 = (self.sdk(service) for service in ("sqs", "sns", "s3"))

    def sdk(self, service: str) -> Any:
        """Which asks again where it was hung up on, as who keeps a connection is when time moves on."""
        tries, style = {"total_max_attempts": 3}, {"addressing_style": "path"}
        return client_at(self.lam.url, service, ACCOUNT, retries=tries, s3=style)

    def queue(self, name: str, **attributes: str) -> str:
        """Its ARN."""
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def messages(self, arn: str) -> list[dict[str, Any]]:
        """What is in a queue now, with all that SQS says of it; it is in there no more."""
        url = self.sqs.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
        got = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        found = got.get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(found)

    def counts(self, name: str) -> tuple[int, int]:
        """How many messages of a queue are visible, and how many are in flight."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def send(self, name: str, **event: Any) -> str:
        """Queue an event; its request id."""
        return self.lam.invoke(name, event, InvocationType="Event", LogType="None").request_id

    def tell(self, name: str, retries: int = 0, **arns: str) -> None:
        """Have results of a function go there: OnSuccess, OnFailure."""
        config: Any = {outcome: {"Destination": arn} for outcome, arn in arns.items()}
        self.lam.client.put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=retries, DestinationConfig=config
        )


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("destinations"), "process", stems=1, account=ACCOUNT) as lam:
        yield Account(lam)


@pytest.fixture
def account(emulated: Account) -> Iterator[Account]:
    yield emulated
    emulated.lam.close()


def test_a_result_goes_to_a_queue_as_a_record(account: Account, eventually: Eventually) -> None:
    """Members in AWS's order; the trace goes on with it."""
    queue = account.queue("results")
    account.lam.create("worker", WORKER)
    account.tell("worker", OnSuccess=queue)

    request_id = account.send("worker", n=1)

    (message,) = eventually(lambda: account.messages(queue), "the record")
    record = json.loads(message["Body"])
    assert re.fullmatch(TIME, record.pop("timestamp"))
    assert message["Body"].startswith('{"version":"1.0","timestamp":"')
    assert list(json.loads(message["Body"])) == [
        "version",
        "timestamp",
        "requestContext",
        "requestPayload",
        "responseContext",
        "responsePayload",
    ]
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"n": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"n": 1},
    }
    assert message.get("MessageAttributes") is None
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")


def failed(lam: OwnLam, number: int) -> Callable[[], bool]:
    """Whether an event waits that has failed so many times."""
    return lambda: any(event.attempts == number for event in lam.emulator.store.queue.find_unsettled())


def gather(account: Account, queue: str, count: int, eventually: Eventually) -> list[dict[str, Any]]:
    """So many messages, as they come."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        found.extend(account.messages(queue))
        return len(found) >= count

    eventually(enough, f"{count} messages")
    return found


class Counted(list[tuple[str, str]]):
    """Metrics and functions, as they are told."""

    def __call__(self, metric: str, function: FunctionId, value: float = 1.0, qualifier: str | None = None, /) -> None:
        self.append((metric, function.name))


def record_of(message: dict[str, Any]) -> Any:
    return json.loads(message["Body"])


def test_an_event_that_is_given_up_goes_to_both_its_destination_and_its_dead_letter_queue(
    account: Account, eventually: Eventually
) -> None:
    failures, dead = account.queue("given-up"), account.queue("dead-letters")
    account.lam.create("worker", WORKER, DeadLetterConfig={"TargetArn": dead})
    account.tell("worker", retries=2, OnFailure=failures, OnSuccess=account.queue("never"))

    request_id = account.send("worker", n=1, fail=1)
    for number, wait_s in ((1, 60), (2, 120)):
        eventually(failed(account.lam, number), f"attempt {number} to fail")
        account.lam.pass_time(wait_s)

    (message,) = eventually(lambda: account.messages(failures), "the record")
    record = record_of(message)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"n": 1, "fail": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert {**record["responsePayload"], "stackTrace": []} == {
        "errorMessage": "no",
        "errorType": "ValueError",
        "requestId": request_id,
        "stackTrace": [],
    }
    (letter,) = eventually(lambda: account.messages(dead), "the dead letter")
    assert letter["Body"] == '{"n": 1, "fail": 1}'
    assert letter["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "no"},
    }
    assert account.messages(account.queue("never")) == []


def test_a_dead_letter_has_the_first_kilobyte_of_the_message(account: Account, eventually: Eventually) -> None:
    dead = account.queue("long-words")
    account.lam.create("worker", WORKER, DeadLetterConfig={"TargetArn": dead})
    account.tell("worker")

    account.send("worker", n=1, fail=10_000)

    (letter,) = eventually(lambda: account.messages(dead), "the dead letter")
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no" * 512


def test_with_nothing_reserved_a_record_has_no_response(account: Account, eventually: Eventually) -> None:
    failures = account.queue("never-run")
    account.lam.create("worker", WORKER)
    account.lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=0)
    account.tell("worker", OnFailure=failures)

    request_id = account.send("worker", n=1)

    (message,) = eventually(lambda: account.messages(failures), "the record")
    record = record_of(message)
    del record["timestamp"]
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker:$LATEST",
            "condition": "ZeroReservedConcurrency",
            "approximateInvokeCount": 0,
        },
        "requestPayload": {"n": 1},
    }


def test_an_event_that_became_too_old_is_told_of_with_its_last_answer(account: Account, eventually: Eventually) -> None:
    failures = account.queue("too-old")
    account.lam.create("worker", WORKER)
    account.tell("worker", retries=2, OnFailure=failures)
    account.lam.client.update_function_event_invoke_config(FunctionName="worker", MaximumEventAgeInSeconds=60)

    account.send("worker", n=1, fail=1)
    eventually(failed(account.lam, 1), "it to fail")
    account.lam.pass_time(60)

    (message,) = eventually(lambda: account.messages(failures), "the record")
    record = record_of(message)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"n": 1, "fail": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no"


def test_an_alias_has_destinations_of_its_own(account: Account, eventually: Eventually) -> None:
    of_alias, of_function = account.queue("of-alias"), account.queue("of-function")
    account.lam.create("worker", WORKER)
    version = account.lam.client.publish_version(FunctionName="worker")["Version"]
    account.lam.client.create_alias(FunctionName="worker", Name="live", FunctionVersion=version)
    account.tell("worker", OnSuccess=of_function)
    account.tell("worker:live", OnSuccess=of_alias)

    account.send("worker:live", n=1)

    (message,) = eventually(lambda: account.messages(of_alias), "the record")
    record = record_of(message)
    assert record["requestContext"]["functionArn"].endswith(":function:worker:live")
    assert record["responseContext"]["executedVersion"] == version
    assert account.messages(of_function) == []


def test_a_function_gets_the_record_as_its_event(account: Account, eventually: Eventually) -> None:
    account.lam.create("worker", WORKER)
    account.lam.create("listener", "def handler(event, context): print('told', event['responsePayload']['n'])")
    account.tell("worker", OnSuccess=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:listener")

    account.send("worker", n=7)

    eventually(lambda: "told 7\n" in account.lam.own_events("listener"), "the listener to be told")


def test_a_topic_gets_the_record_and_a_dead_letter_with_its_attributes(
    account: Account, eventually: Eventually
) -> None:
    topic, heard = account.sns.create_topic(Name="results")["TopicArn"], account.queue("heard")
    raw = {"RawMessageDelivery": "true"}
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard, Attributes=raw)
    account.lam.create("worker", WORKER, DeadLetterConfig={"TargetArn": topic})
    account.tell("worker", OnFailure=topic)

    request_id = account.send("worker", n=1, fail=1)

    found = gather(account, heard, 2, eventually)
    found.sort(key=lambda message: "MessageAttributes" in message)
    assert record_of(found[0])["requestContext"]["condition"] == "RetriesExhausted"
    assert record_of(found[1]) == {"n": 1, "fail": 1}
    assert len({message["Attributes"]["AWSTraceHeader"] for message in found}) == 1  # of the event's chain
    attributes = found[1]["MessageAttributes"]
    assert attributes["RequestID"] == {"DataType": "String", "StringValue": request_id}
    assert attributes["ErrorCode"] == {"DataType": "Number", "StringValue": "200"}


def test_a_bucket_gets_the_record_of_a_failure_by_function_and_day(account: Account, eventually: Eventually) -> None:
    account.s3.create_bucket(Bucket="failures")
    account.lam.create("worker", WORKER)
    account.tell("worker", OnFailure="arn:aws:s3:::failures")

    request_id = account.send("worker", n=1, fail=1)

    found = eventually(lambda: account.s3.list_objects_v2(Bucket="failures").get("Contents"), "the object")
    key = rf"aws/lambda/async/worker/\d{{4}}/\d\d/\d\d/\d{{4}}-\d\d-\d\dT\d\d\.\d\d\.\d\d-{UUID}"
    assert re.fullmatch(key, found[0]["Key"])
    record = json.load(account.s3.get_object(Bucket="failures", Key=found[0]["Key"])["Body"])
    assert record["requestContext"]["requestId"] == request_id


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (f"arn:aws:sqs:{REGION}:{ACCOUNT}:ordered.fifo", "FIFO queues take no results"),
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:ordered.fifo", "FIFO queues and topics take no results"),
    ],
)
def test_what_takes_no_results_is_told_in_the_log_and_counted(
    account: Account, eventually: Eventually, caplog: pytest.LogCaptureFixture, target: str, why: str
) -> None:
    account.queue("ordered.fifo", FifoQueue="true")
    account.lam.create("worker", WORKER)
    account.tell("worker", OnSuccess=target)
    account.lam.emulator.around.outbox.count = counted = Counted()

    request_id = account.send("worker", n=1)

    eventually(lambda: counted, "it to be counted")
    assert counted == [("DestinationDeliveryFailures", "worker")]
    assert f"the result of event {request_id} of worker is not delivered to {target}: {why}" in caplog.text


def test_a_result_that_is_larger_than_a_message_may_be_is_given_up(
    account: Account, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    account.lam.create("worker", "def handler(event, context): return 'x' * event['n']")
    account.tell("worker", OnSuccess=account.queue("results"))

    account.send("worker", n=1024 * 1024)

    eventually(lambda: "Message must be shorter than 1048576 bytes." in caplog.text, "it to be given up")


def test_a_queue_that_is_made_later_gets_what_was_for_it(account: Account, eventually: Eventually) -> None:
    """And a target that is not there holds up no other."""
    account.lam.create("lost", WORKER, DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:later"})
    account.tell("lost", OnFailure=account.queue("there"))
    account.lam.emulator.around.outbox.count = counted = Counted()

    for number in range(20):
        account.send("lost", n=number, fail=1)
    gather(account, account.queue("there"), 20, eventually)
    eventually(lambda: counted, "a failure")
    later = account.queue("later")
    account.lam.pass_time(300)

    letters = gather(account, later, 20, eventually)
    assert sorted(json.loads(letter["Body"])["n"] for letter in letters) == list(range(20))
    assert set(counted) == {("DeadLetterErrors", "lost")}


def test_what_nobody_takes_for_six_hours_is_given_up(
    account: Account, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    account.lam.create("worker", WORKER)
    nowhere = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere"
    account.tell("worker", OnSuccess=nowhere)
    account.send("worker", n=1)
    eventually(lambda: "could not be delivered" in caplog.text, "the first failure")

    account.lam.pass_time(6 * 3600)
    account.lam.pass_time(301)  # as long as the last rest may be

    eventually(lambda: "and is too old" in caplog.text, "it to be given up")
    eventually(
        lambda: not account.lam.emulator.store.work.all(f"delivery {nowhere}"),
        "it to be forgotten",
    )


def test_an_event_bus_that_others_serve_gets_the_record_as_an_event(tmp_path: Path, eventually: Eventually) -> None:
    asked: list[Any] = []

    def answer(exchange: Exchange) -> None:
        asked.append(json.loads(body_of(exchange)))
        send(exchange, b'{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}')

    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    with (
        http_server(answer) as url,
        own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, service=f"events={url}") as lam,
    ):
        account = Account(lam)
        lam.create("worker", WORKER)
        account.tell("worker", OnSuccess=bus, OnFailure=bus)

        account.send("worker", n=1)
        account.send("worker", n=2, fail=1)
        eventually(lambda: len(asked) == 2, "both")

    entries = sorted((entry for request in asked for entry in request["Entries"]), key=lambda one: one["DetailType"])
    assert [entry["DetailType"] for entry in entries] == [
        "Lambda Function Invocation Result - Failure",
        "Lambda Function Invocation Result - Success",
    ]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker:$LATEST"
    assert {entry["Source"] for entry in entries} == {"lambda"}
    assert entries[1]["Resources"] == [bus, arn]
    assert json.loads(entries[1]["Detail"])["responsePayload"] == {"n": 1}
