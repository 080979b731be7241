"""Queues as event sources: what comes to the function, in which batches, and what becomes of the messages.

docs/contract/events.md#polling, docs/events.md#queues.
"""

from __future__ import annotations

import hashlib
import json

from lam import Lam
from queue_rig import PRINTS, Invocations, Queues, queues, shared
from waiting import Eventually

__all__ = ["queues", "shared"]

# Prints its event, and then does what bodies say: `fail`, or `report` this one as failed.
DOES = (
    PRINTS
    + """
    bodies = [record["body"] for record in event["Records"]]
    if "fail" in bodies:
        raise ValueError("no")
    return {"batchItemFailures": [
        {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"] == "report"
    ]}
"""
)


def test_a_message_comes_to_the_function_as_on_aws_and_is_deleted_when_it_succeeded(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("sqs-shape", PRINTS)
    url, arn = queues.create("shape")
    queues.map(arn, name)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "photo"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    trace = "Root=1-5e34a614-10bdxmplf1fb44f07bc535a1;Parent=07f5xmpl2d1f6f85;Sampled=0"
    sent = queues.client.send_message(
        QueueUrl=url,
        MessageBody='{"ü": 1}',
        MessageAttributes=attributes,
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )
    [record] = eventually(lambda: Invocations(lam, name).records(), "the message")
    eventually(lambda: queues.left(url) == 0, "its deletion")

    assert record.pop("receiptHandle")
    system = record.pop("attributes")
    assert record == {
        "messageId": sent["MessageId"],
        "body": '{"ü": 1}',
        "messageAttributes": {
            "kind": {"stringValue": "photo", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "raw": {"binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "md5OfBody": hashlib.md5('{"ü": 1}'.encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
    assert (system.pop("ApproximateReceiveCount"), system.pop("AWSTraceHeader")) == ("1", trace)
    assert system.keys() == {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert all(isinstance(value, str) for value in system.values())


def test_a_fifo_message_says_its_group_its_number_and_its_deduplication_id(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("sqs-fifo-shape", PRINTS)
    url, arn = queues.create("shape.fifo")
    queues.map(arn, name)

    sent = queues.client.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")

    [record] = eventually(lambda: Invocations(lam, name).records(), "the message")
    shown = record["attributes"]
    assert (shown["MessageGroupId"], shown["MessageDeduplicationId"]) == ("g", "d")
    assert shown["SequenceNumber"] == sent["SequenceNumber"]
    assert record["messageAttributes"] == {}
    assert "md5OfMessageAttributes" not in record


def test_what_waits_comes_in_batches_of_the_size_that_was_set(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("sqs-batches", PRINTS)
    url, arn = queues.create("batches")
    queues.send(url, *map(str, range(10)))

    queues.map(arn, name, BatchSize=4)

    eventually(lambda: len(Invocations(lam, name).bodies()) == 10, "ten messages")
    batches = Invocations(lam, name).batches()
    assert sorted(map(len, batches)) == [2, 4, 4]
    assert sorted(body for batch in batches for body in batch) == sorted(map(str, range(10)))


def test_a_window_begins_with_its_first_record_and_ends_when_it_is_over_or_the_batch_is_full(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("sqs-window", PRINTS)
    url, arn = queues.create("window", VisibilityTimeout="600")
    queues.map(arn, name, BatchSize=5, MaximumBatchingWindowInSeconds=300)
    told = Invocations(lam, name)

    lam.pass_time(200)  # of nobody's window
    queues.send(url, "a", "b")
    queues.wait_until_taken(url, 2)
    lam.pass_time(150)
    queues.send(url, "c")
    queues.wait_until_taken(url, 3)
    assert told.batches() == []
    lam.pass_time(151)
    eventually(lambda: told.batches() == [["a", "b", "c"]], "the end of the window")
    queues.send(url, *"defgh")

    eventually(lambda: [len(batch) for batch in told.batches()] == [3, 5], "a full batch, before its window ends")


def test_a_batch_has_at_most_six_megabytes(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("sqs-large", "def handler(event, context): print('GOT', len(event['Records']))", MemorySize=512)
    url, arn = queues.create("large")
    large = "x" * 1_000_000
    for _ in range(10):
        queues.send(url, large)

    queues.map(arn, name, BatchSize=10, MaximumBatchingWindowInSeconds=1)

    def sizes() -> list[int]:
        return [int(line.split()[1]) for line in lam.own_events(name) if line.startswith("GOT")]

    eventually(lambda: sum(sizes()) == 10, "ten messages of 1 MB")
    assert max(sizes()) == 6


# Patterns of one mapping, and which of the bodies below it wants.
FILTERS: list[tuple[list[str], str]] = [
    (['{"body": {"kind": ["new"]}}'], '{"kind": "new"}'),
    (['{"body": ["plain"]}'], "plain"),
    (['{"body": ["12"]}'], "12"),
    (['{"body": {"kind": [{"exists": false}]}}'], "[{}] [1]"),
    (['{"messageAttributes": {"to": {"stringValue": ["ada"]}}}'], "plain 12 other"),
    (['{"attributes": {"ApproximateReceiveCount": ["2"]}}'], ""),
    (['{"$or": [{"body": {"kind": ["new"]}}, {"body": ["other"]}]}'], '{"kind": "new"} other'),
    (['{"body": {"kind": ["new"]}}', '{"body": ["plain"]}'], '{"kind": "new"} plain'),
]


def test_messages_that_no_filter_wants_are_deleted_and_never_seen(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("sqs-filter", PRINTS)
    urls, expected = [], {}
    to_ada = {"to": {"DataType": "String", "StringValue": "ada"}}
    for number, (patterns, wanted) in enumerate(FILTERS):
        url, arn = queues.create(f"filter-{number}")
        queues.send(url, '{"kind": "new"}', "[{}]", "[1]", '{"kind": 1')
        queues.send(url, "plain", "12", "other", MessageAttributes=to_ada)
        queues.map(arn, name, FilterCriteria={"Filters": [{"Pattern": pattern} for pattern in patterns]})
        urls.append(url)
        expected[arn] = sorted(wanted.replace(": ", ":").split())

    eventually(lambda: not any(map(queues.left, urls)), "that all messages are done with")
    found: dict[str, list[str]] = {arn: [] for arn in expected}
    for record in Invocations(lam, name).records():
        found[record["eventSourceARN"]].append(record["body"].replace(": ", ":"))
    assert {arn: sorted(bodies) for arn, bodies in found.items()} == expected


def test_what_fails_stays_until_it_is_visible_again_and_ends_in_the_dead_letter_queue_with_others_unharmed(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("sqs-poison", DOES)
    dead, dead_arn = queues.create("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn = queues.create("poisoned", RedrivePolicy=redrive)
    queues.map(arn, name, BatchSize=1)
    told = Invocations(lam, name)

    queues.send(url, "fail", *map(str, range(20)))
    eventually(lambda: queues.left(url) == 1, "that all but one are deleted")
    eventually(lambda: told.bodies().count("fail") == 1, "its first failure")
    lam.pass_time(31)
    eventually(lambda: told.bodies().count("fail") == 2, "its second failure")
    lam.pass_time(31)

    eventually(lambda: queues.left(dead) == 1, "that it is given up")
    assert queues.left(url) == 0
    assert [
        record["attributes"]["ApproximateReceiveCount"] for record in told.records() if record["body"] == "fail"
    ] == ["1", "2"]
    assert sorted(told.bodies()) == sorted(["fail", "fail", *map(str, range(20))])


# What a function of ReportBatchItemFailures returns, and which of `a`, `b`, `c` stay. {a}: the id of that message.
REPORTS: list[tuple[str, str]] = [
    ("None", ""),
    ("{}", ""),
    ("{'batchItemFailures': None}", ""),
    ("{'batchItemFailures': []}", ""),
    ("{'batchItemFailures': [{'itemIdentifier': ids['b']}]}", "b"),
    ("{'batchItemFailures': [{'itemIdentifier': ids['c']}, {'itemIdentifier': ids['a']}]}", "ac"),
    ("{'batchItemFailures': [{'itemIdentifier': ''}]}", "abc"),
    ("{'batchItemFailures': [{'itemIdentifier': None}]}", "abc"),
    ("{'batchItemFailures': [{'itemIdentifier': ids['a']}, {'itemIdentifier': 'unknown'}]}", "abc"),
    ("{'batchItemFailures': [{'itemIdentifier': [1]}]}", "abc"),
    ("{'batchItemFailures': [{'item': ids['a']}]}", "abc"),
    ("{'batchItemFailures': {'itemIdentifier': ids['a']}}", "abc"),
    ("{'batchItemFailure': []}", "abc"),
    ("'text'", "abc"),
    ("1 / 0", "abc"),
]


def test_what_the_function_reports_stays_and_the_rest_is_deleted(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    """One function that does as its first message's attribute says."""
    code = """
def handler(event, context):
    records = event["Records"]
    ids = {record["body"]: record["messageId"] for record in records}
    return eval(records[0]["messageAttributes"]["do"]["stringValue"])
"""
    name = lam.create("sqs-reports", code)
    found = {}
    for number, (returned, _) in enumerate(REPORTS):
        url, arn = queues.create(f"reports-{number}")
        do = {"do": {"DataType": "String", "StringValue": returned}}
        queues.send(url, "a", "b", "c", MessageAttributes=do)
        queues.map(arn, name, FunctionResponseTypes=["ReportBatchItemFailures"])
        found[returned] = url

    left = {returned: len(stays) for returned, stays in REPORTS}
    eventually(lambda: {one: queues.left(url) for one, url in found.items()} == left, f"that these are left: {left}")
    lam.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)  # it sees them no more
    lam.pass_time(31)


def test_a_report_says_nothing_unless_the_mapping_asks_for_it(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("sqs-unasked", DOES)
    url, arn = queues.create("unasked")
    queues.map(arn, name)

    queues.send(url, "report")

    eventually(lambda: queues.left(url) == 0, "that it is deleted all the same")
