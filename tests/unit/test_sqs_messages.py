"""Messages of SQS: sent, delayed, received, in flight, deleted, dead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Any

import pytest
from api_rig import refused
from ground_rig import ACCOUNT, REGION
from sqs_rig import ARN, Sqs, sqs

from lambda_emu.arn import Scope
from lambda_emu.services.sqs.message import Content, Draft, md5_of
from lambda_emu.services.sqs.polls import Poll

__all__ = ["sqs"]
BATCH = "AWS.SimpleQueueService."


def test_a_message_comes_as_it_was_sent_with_what_sqs_says_of_it(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    attributes = {
        "name": {"DataType": "String", "StringValue": "Ada ü"},
        "count": {"DataType": "Number.int", "StringValue": "1"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}

    sent = sqs.client.send_message(
        QueueUrl=url, MessageBody='{"ü": "\U0001f600"}', MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    [got] = sqs.receive(url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])

    assert (got["Body"], got["MessageId"]) == ('{"ü": "\U0001f600"}', sent["MessageId"])
    assert (got["MD5OfBody"], got["MD5OfMessageAttributes"]) == (
        sent["MD5OfMessageBody"],
        sent["MD5OfMessageAttributes"],
    )
    assert sent["MD5OfMessageSystemAttributes"]
    assert got["MessageAttributes"] == attributes
    times = got["Attributes"].pop("SentTimestamp"), got["Attributes"].pop("ApproximateFirstReceiveTimestamp")
    assert times[0] <= times[1]
    assert got["Attributes"] == {
        "SenderId": ACCOUNT,
        "ApproximateReceiveCount": "1",
        "AWSTraceHeader": trace["AWSTraceHeader"]["StringValue"],
    }


def test_md5s_are_those_that_aws_gives(sqs: Sqs) -> None:
    """Recorded."""
    url = sqs.create("jobs")
    value = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"

    sent = sqs.client.send_message(
        QueueUrl=url,
        MessageBody="test",
        MessageAttributes={"attr1": {"DataType": "Binary", "BinaryValue": value}},
    )

    assert sent["MD5OfMessageBody"] == "098f6bcd4621d373cade4e832627b4f6"
    assert sent["MD5OfMessageAttributes"] == "8cbe4db156db8a94db8b801b7addb984"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], None),
        (["All"], ["General", "Hello", "Help.Me"]),
        ([".*"], ["General", "Hello", "Help.Me"]),
        (["Hel.*"], ["Hello", "Help.Me"]),
        (["Hello", "none"], ["Hello"]),
        (["none"], None),
    ],
)
def test_attributes_are_told_that_were_asked_for(sqs: Sqs, names: list[str], found: list[str] | None) -> None:
    url = sqs.create("jobs")
    attributes = {name: {"DataType": "String", "StringValue": "x"} for name in ("General", "Hello", "Help.Me")}
    sqs.send(url, "msg", MessageAttributes=attributes)

    [got] = sqs.receive(url, MessageAttributeNames=names)

    assert (sorted(got["MessageAttributes"]) if "MessageAttributes" in got else None) == found


def test_a_message_in_flight_is_hidden_until_its_timeout(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one")

    first = sqs.bodies(url, VisibilityTimeout=40)
    sqs.clock.advance(39)
    hidden = sqs.bodies(url)
    sqs.clock.advance(2)
    [again] = sqs.receive(url, MessageSystemAttributeNames=["ApproximateReceiveCount"])

    assert (first, hidden, again["Body"]) == (["one"], [], "one")
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}


def test_a_message_that_is_deleted_does_not_come_back(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one")

    [got] = sqs.receive(url)
    sqs.delete(url, got, got)
    sqs.clock.advance(31)

    assert sqs.bodies(url) == []


def test_a_delayed_message_is_received_when_it_is_due(sqs: Sqs) -> None:
    url = sqs.create("jobs", DelaySeconds="60")
    sqs.send(url, "queue's")
    sqs.send(url, "own", DelaySeconds=10)
    counted = sqs.attributes(url, "ApproximateNumberOfMessagesDelayed")

    sqs.clock.advance(11)
    own = sqs.bodies(url)
    sqs.clock.advance(50)

    assert counted == {"ApproximateNumberOfMessagesDelayed": "2"}
    assert (own, "queue's" in sqs.bodies(url)) == (["own"], True)


def test_the_oldest_that_is_visible_comes_first_whenever_it_became_so(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "1", "2", "3", "4")
    first, second, _ = sqs.receive(url, 3)
    for message in (second, first):
        sqs.client.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    sqs.send(url, "5")

    assert sqs.bodies(url) == ["1", "2", "4", "5"]


def test_a_timeout_can_be_changed_while_a_message_is_in_flight(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one")
    [got] = sqs.receive(url)
    change: dict[str, Any] = {"QueueUrl": url, "ReceiptHandle": got["ReceiptHandle"]}

    sqs.client.change_message_visibility(**change, VisibilityTimeout=100)
    sqs.clock.advance(60)
    hidden = sqs.bodies(url)
    sqs.client.change_message_visibility(**change, VisibilityTimeout=0)

    assert (hidden, sqs.bodies(url)) == ([], ["one"])
    with refused(BATCH + "MessageNotInflight"):
        sqs.client.change_message_visibility(**change, VisibilityTimeout=10)


def test_counts_tell_visible_messages_from_those_in_flight(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one", "two", "three")
    sqs.receive(url, 1)

    told = sqs.attributes(url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    assert list(told.values()) == ["2", "1"]


def done_soon(waiting: Sequence[Future[Any]]) -> bool:
    """Time is moved no faster than requests come, so that no connection is too slow for the server."""
    return not wait(waiting, timeout=0.05).not_done


def test_who_waits_is_woken_by_a_message(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(sqs.bodies, url, 1, WaitTimeSeconds=20) for _ in range(4)]
        sqs.send(url, *"abcd")
        found = [one.result(timeout=15) for one in waiting]

    assert sorted(body for bodies in found for body in bodies) == list("abcd")


def test_who_waits_is_woken_by_a_message_that_is_visible_again(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one")
    sqs.receive(url, VisibilityTimeout=12)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(sqs.bodies, url, WaitTimeSeconds=20)
        while not done_soon([waiting]):
            sqs.clock.advance(0.5)

    assert waiting.result() == ["one"]


def test_who_waits_in_vain_is_told_when_his_time_is_over_and_no_thread_waits_with_him(sqs: Sqs) -> None:
    url = sqs.create("jobs", ReceiveMessageWaitTimeSeconds="20")
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(sqs.bodies, url) for _ in range(8)]
        at_work = [sqs.loop.count_unfinished()]
        while not done_soon(waiting):
            at_work.append(sqs.loop.count_unfinished())
            sqs.clock.advance(0.5)

    assert [one.result() for one in waiting] == [[]] * 8
    assert set(at_work) == {0}


@pytest.mark.parametrize(
    ("wanted", "code", "text"),
    [
        ({"MessageBody": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
        ({"MessageBody": "\x00"}, "InvalidMessageContents", None),
        ({"MessageBody": "\ufffe"}, "InvalidMessageContents", None),
        ({"DelaySeconds": -1}, "InvalidParameterValue", None),
        ({"MessageDeduplicationId": "x"}, "InvalidParameterValue", None),
        (
            {"MessageAttributes": {"a": {"DataType": "Colour", "StringValue": "x"}}},
            "InvalidParameterValue",
            "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is "
            "Binary, Number, and String.",
        ),
        ({"MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "x"}}}, "InvalidParameterValue", None),
        ({"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}}, "InvalidParameterValue", None),
        (
            {"MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)}},
            "InvalidParameterValue",
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        (
            {"MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "x"}}},
            "InvalidParameterValue",
            None,
        ),
    ],
)
def test_a_message_that_cannot_be_is_refused(sqs: Sqs, wanted: dict[str, Any], code: str, text: str | None) -> None:
    url = sqs.create("jobs")

    with refused(code, text):
        sqs.client.send_message(**{"QueueUrl": url, "MessageBody": "x"} | wanted)


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
        ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", 43201, "Must be >= 0 and <= 43200, if provided."),
    ],
)
def test_a_receive_that_cannot_be_is_refused(sqs: Sqs, member: str, value: int, reason: str) -> None:
    url = sqs.create("jobs")

    with refused("InvalidParameterValue", f"Value {value} for parameter {member} is invalid. Reason: {reason}"):
        sqs.client.receive_message(QueueUrl=url, **{member: value})


def test_nobody_has_a_message_for_longer_than_twelve_hours_in_all(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "x")
    [got] = sqs.receive(url, VisibilityTimeout=7_200)
    handle = {"QueueUrl": url, "ReceiptHandle": got["ReceiptHandle"]}
    sqs.clock.advance(3_600)
    limit = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"

    with refused("InvalidParameterValue", f"Value 40000 for parameter VisibilityTimeout is invalid. Reason: {limit}"):
        sqs.client.change_message_visibility(**handle, VisibilityTimeout=40_000)
    sqs.client.change_message_visibility(**handle, VisibilityTimeout=39_000)
    sqs.clock.advance(39_001)
    [again] = sqs.receive(url, VisibilityTimeout=0)

    assert again["MessageId"] == got["MessageId"]


def test_a_handle_that_is_none_is_refused(sqs: Sqs) -> None:
    url, other = sqs.create("jobs"), sqs.create("other")
    sqs.send(other, "x")
    [got] = sqs.receive(other)

    for handle in ("none", got["ReceiptHandle"], "é"):
        with refused("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.'):
            sqs.client.delete_message(QueueUrl=url, ReceiptHandle=handle)


def test_what_was_received_too_often_goes_to_the_dead_letter_queue(sqs: Sqs) -> None:
    dead = sqs.create("dead")
    redrive = json.dumps({"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 2})
    url = sqs.create("jobs", RedrivePolicy=redrive, VisibilityTimeout="10")
    sent = sqs.client.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert sqs.bodies(url) == ["poison"]
        sqs.clock.advance(11)

    assert sqs.bodies(url) == []
    [got] = sqs.receive(dead, MessageSystemAttributeNames=["All"])

    assert (got["Body"], got["MessageId"]) == ("poison", sent["MessageId"])
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == ARN + "jobs"
    assert sqs.client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    assert sqs.attributes(url, "ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "0"}


def test_who_waits_at_the_dead_letter_queue_is_woken_by_a_dead_letter(sqs: Sqs) -> None:
    dead = sqs.create("dead")
    redrive = json.dumps({"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 1})
    url = sqs.create("jobs", RedrivePolicy=redrive)
    sqs.send(url, "poison")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(sqs.bodies, dead, WaitTimeSeconds=20)
        assert sqs.bodies(url, VisibilityTimeout=0) == ["poison"]
        assert sqs.bodies(url) == []

        assert waiting.result(timeout=15) == ["poison"]


def test_who_is_in_the_same_process_sends_receives_and_deletes_without_http(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    content = Content("hello", {}, {"SenderId": ACCOUNT})
    found: SimpleQueue[Any] = SimpleQueue()

    def begin() -> None:
        queue = sqs.queues.find(Scope(ACCOUNT, REGION), "jobs")
        poll = Poll(10, 30, lambda error, messages: found.put((error, messages)), lambda: True)
        sqs.queues.receive(queue, poll, 20)
        sqs.queues.send(queue, [Draft(content, 5, md5_of("hello"))], lambda error, _: found.put(error))

    sqs.loop.ask(begin, 10)
    sent, (error, [got]) = found.get(timeout=10), found.get(timeout=10)
    queue = sqs.queues.find(Scope(ACCOUNT, REGION), "jobs")
    sqs.loop.ask(lambda: sqs.queues.delete(queue, [got.number], found.put), 10)

    assert (sent, error, got.content) == (None, None, content)
    assert found.get(timeout=10) is None
    assert sqs.attributes(url, "ApproximateNumberOfMessagesNotVisible") == {
        "ApproximateNumberOfMessagesNotVisible": "0"
    }


def test_a_message_is_forgotten_when_it_was_kept_long_enough(sqs: Sqs) -> None:
    url = sqs.create("jobs", MessageRetentionPeriod="60")
    sqs.send(url, "old")
    sqs.clock.advance(50)
    sqs.send(url, "young")
    sqs.clock.advance(11)

    assert sqs.bodies(url) == ["young"]


def test_who_waits_when_the_server_stops_is_told_so_at_once(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(sqs.bodies, url, WaitTimeSeconds=20)
        while not waiting.done():
            sqs.loop.ask(sqs.queues.close, 10)

    assert waiting.result() == []
