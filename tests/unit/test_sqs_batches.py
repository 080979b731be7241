"""Messages of SQS in batches: each entry has an answer of its own."""

from __future__ import annotations

import pytest
from api_rig import refused
from sqs_rig import Sqs, sqs

__all__ = ["sqs"]
BATCH = "AWS.SimpleQueueService."


def test_a_batch_sends_what_is_right_and_tells_what_is_not(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    entries = [{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "two", "DelaySeconds": 901}]

    told = sqs.client.send_message_batch(QueueUrl=url, Entries=entries)

    assert [one["Id"] for one in told["Successful"]] == ["a"]
    assert told["Failed"] == [
        {
            "Id": "b",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        }
    ]


def test_a_batch_deletes_and_changes_timeouts(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, *"abc")
    got = sqs.receive(url)
    handles = [{"Id": one["Body"], "ReceiptHandle": one["ReceiptHandle"]} for one in got]

    shown = sqs.client.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**one, "VisibilityTimeout": 0} for one in handles[:2]]
    )
    again = sqs.receive(url)
    gone = sqs.client.delete_message_batch(
        QueueUrl=url, Entries=[*handles, {"Id": "x", "ReceiptHandle": "none of ours"}]
    )

    assert [one["Id"] for one in shown["Successful"]] == [one["Body"] for one in again] == ["a", "b"]
    assert [one["Id"] for one in gone["Successful"]] == ["a", "b", "c"]
    assert [(one["Id"], one["Code"]) for one in gone["Failed"]] == [("x", "ReceiptHandleIsInvalid")]
    sqs.clock.advance(31)
    assert sqs.bodies(url) == []


@pytest.mark.parametrize(
    ("ids", "code", "text"),
    [
        ([], "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."),
        (["a", "a"], "BatchEntryIdsNotDistinct", "Id a repeated."),
        (
            [str(number) for number in range(20)],
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 20.",
        ),
        (["a b"], "InvalidBatchEntryId", None),
        (["x" * 81], "InvalidBatchEntryId", None),
    ],
)
def test_a_batch_has_one_to_ten_entries_of_different_ids(sqs: Sqs, ids: list[str], code: str, text: str | None) -> None:
    url = sqs.create("jobs")

    with refused(BATCH + code, text):
        sqs.client.send_message_batch(QueueUrl=url, Entries=[{"Id": id, "MessageBody": "x"} for id in ids])


def test_a_message_has_a_mebibyte_at_most_with_its_attributes_and_so_has_a_batch(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    most = 1024 * 1024
    attribute = {"MessageAttributes": {"k": {"DataType": "String", "StringValue": "x"}}}
    too_long = f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."

    sqs.send(url, "x" * most)
    with refused("InvalidParameterValue", too_long):
        sqs.send(url, "x" * (most - 7), **attribute)
    entries = [{"Id": "a", "MessageBody": "x" * most}, {"Id": "b", "MessageBody": "x"}]
    with refused(
        BATCH + "BatchRequestTooLong",
        f"Batch requests cannot be longer than {most} bytes. You have sent {most + 1} bytes.",
    ):
        sqs.client.send_message_batch(QueueUrl=url, Entries=entries)
    sqs.client.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    with refused("InvalidParameterValue"):
        sqs.send(url, "x" * 1025)

    assert [len(body) for body in sqs.bodies(url)] == [most]
