"""FIFO queues: order within a group, one consumer a group at a time, each message once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from api_rig import refused
from sqs_rig import Sqs, serving, sqs

from lambda_emu.clock import SteppingClock

__all__ = ["sqs"]


def send(sqs: Sqs, url: str, *bodies: str) -> None:
    """Each in the group of its first letter."""
    for body in bodies:
        sqs.send(url, body, MessageGroupId=body[0], MessageDeduplicationId=body)


def test_a_group_comes_in_order_and_is_locked_while_one_of_it_is_in_flight(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1", "a2", "b1", "a3", "b2")

    [first] = sqs.receive(url, 1)
    others = sqs.receive(url)
    locked = sqs.bodies(url)
    sqs.delete(url, first)
    following = sqs.bodies(url)

    assert (first["Body"], [one["Body"] for one in others]) == ("a1", ["b1", "b2"])
    assert (locked, following) == ([], ["a2", "a3"])


def test_what_is_visible_again_comes_before_what_follows_it(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1", "a2", "a3")

    sqs.receive(url, 2)
    sqs.clock.advance(31)

    assert sqs.bodies(url) == ["a1", "a2", "a3"]


def test_a_group_of_one_batch_stays_locked_until_all_of_it_are_settled(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1", "a2", "a3")

    one, two = sqs.receive(url, 2)
    sqs.delete(url, one)
    locked = sqs.bodies(url)
    sqs.client.change_message_visibility(QueueUrl=url, ReceiptHandle=two["ReceiptHandle"], VisibilityTimeout=0)

    assert (locked, sqs.bodies(url)) == ([], ["a2", "a3"])


@pytest.mark.parametrize("content_based", [True, False])
def test_the_same_message_is_accepted_once_in_five_minutes_though_it_was_deleted(sqs: Sqs, content_based: bool) -> None:
    url = sqs.create("jobs.fifo", ContentBasedDeduplication=str(content_based).lower())
    wanted: dict[str, Any] = {"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g"}
    wanted |= {} if content_based else {"MessageDeduplicationId": "d"}

    first = sqs.client.send_message(**wanted)
    sqs.delete(url, *sqs.receive(url))
    again = sqs.client.send_message(**wanted)
    nothing = sqs.bodies(url)
    sqs.clock.advance(301)
    later = sqs.client.send_message(**wanted)

    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert (nothing, sqs.bodies(url)) == ([], ["x"])
    assert later["SequenceNumber"] > first["SequenceNumber"]


def test_duplicates_in_one_batch_are_one_message(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    entry = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}

    told = sqs.client.send_message_batch(QueueUrl=url, Entries=[{"Id": id, **entry} for id in "ab"])

    assert len({one["MessageId"] for one in told["Successful"]}) == 1
    assert sqs.bodies(url) == ["x"]


def test_duplicates_are_looked_for_by_group_where_the_queue_says_so(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in "ab":
        sqs.send(url, group, MessageGroupId=group, MessageDeduplicationId="d")

    assert sqs.bodies(url) == ["a", "b"]


def test_what_was_sent_is_remembered_over_a_restart_and_so_is_a_lock(tmp_path: Path) -> None:
    clock = SteppingClock(stands=True)
    with serving(tmp_path, clock) as sqs:
        url = sqs.create("jobs.fifo")
        send(sqs, url, "a1", "a2")
        [got] = sqs.receive(url, 1)

    with serving(tmp_path, SteppingClock(stands=True)) as sqs:
        url = sqs.client.get_queue_url(QueueName="jobs.fifo")["QueueUrl"]
        send(sqs, url, "a1")
        locked = sqs.bodies(url)
        sqs.delete(url, got)

        assert (locked, sqs.bodies(url)) == ([], ["a2"])


def test_a_handle_whose_time_is_over_deletes_nothing(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1")
    [got] = sqs.receive(url)
    handle = got["ReceiptHandle"]

    sqs.clock.advance(31)

    with refused(
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    ):
        sqs.delete(url, got)


def test_a_fifo_message_tells_its_group_its_id_and_its_number(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    sent = sqs.client.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")

    [got] = sqs.receive(url, AttributeNames=["SequenceNumber", "MessageGroupId", "MessageDeduplicationId"])

    assert got["Attributes"] == {
        "SequenceNumber": sent["SequenceNumber"],
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
    }


@pytest.mark.parametrize(
    ("wanted", "code", "text"),
    [
        ({"MessageDeduplicationId": "d"}, "MissingParameter", "The request must contain the parameter MessageGroupId."),
        (
            {"MessageGroupId": "g"},
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
        ),
        (
            {"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2},
            "InvalidParameterValue",
            "Value 2 for parameter DelaySeconds is invalid. "
            "Reason: The request include parameter that is not valid for this queue type.",
        ),
        ({"MessageGroupId": "g g", "MessageDeduplicationId": "d"}, "InvalidParameterValue", None),
    ],
)
def test_a_fifo_message_that_cannot_be_is_refused(
    sqs: Sqs, wanted: dict[str, Any], code: str, text: str | None
) -> None:
    url = sqs.create("jobs.fifo")

    with refused(code, text):
        sqs.client.send_message(QueueUrl=url, MessageBody="x", **wanted)


def test_no_message_overtakes_one_of_its_group_that_is_delayed_longer(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo", DelaySeconds="60")
    send(sqs, url, "a1")
    sqs.client.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    send(sqs, url, "a2", "b1")

    before = sqs.receive(url)
    sqs.delete(url, *before)
    sqs.clock.advance(61)

    assert ([one["Body"] for one in before], sqs.bodies(url)) == (["b1"], ["a1", "a2"])


def test_a_receive_that_is_asked_for_again_gets_the_same_and_longer(sqs: Sqs) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1", "a2", "b1")

    first = sqs.receive(url, 2, ReceiveRequestAttemptId="try", VisibilityTimeout=10)
    sqs.clock.advance(8)
    again = sqs.receive(url, 2, ReceiveRequestAttemptId="try", VisibilityTimeout=10)
    sqs.clock.advance(8)
    other = sqs.bodies(url)
    sqs.delete(url, *again)

    assert [one["Body"] for one in first] == ["a1", "a2"]
    assert again == first
    assert other == ["b1"]
    assert sqs.attributes(url)["ApproximateNumberOfMessagesNotVisible"] == "1"


@pytest.mark.parametrize("end", ["delete", "change", "visible", "other", "five minutes"])
def test_a_receive_is_asked_for_again_only_while_all_of_it_is_as_it_was(sqs: Sqs, end: str) -> None:
    url = sqs.create("jobs.fifo")
    send(sqs, url, "a1", "a2", "b1")
    wanted: dict[str, Any] = {"ReceiveRequestAttemptId": "try", "VisibilityTimeout": 400}
    one, _ = sqs.receive(url, 2, **wanted)

    if end == "delete":
        sqs.delete(url, one)
    elif end == "change":
        sqs.client.change_message_visibility(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=500)
    elif end == "other":
        wanted["ReceiveRequestAttemptId"] = "other"
    else:
        sqs.clock.advance({"visible": 401, "five minutes": 301}[end])

    assert sqs.bodies(url, **wanted) == (["a1", "a2", "b1"] if end == "visible" else ["b1"])


@pytest.mark.parametrize(("name", "attempt"), [("jobs", "try"), ("jobs.fifo", "é"), ("jobs.fifo", "x" * 129)])
def test_an_attempt_has_a_name_in_fifo_queues_alone(sqs: Sqs, name: str, attempt: str) -> None:
    url = sqs.create(name)

    with refused("InvalidParameterValue"):
        sqs.receive(url, ReceiveRequestAttemptId=attempt)
