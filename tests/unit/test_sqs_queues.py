"""Queues of SQS: they are created, found, listed, changed, purged, tagged, deleted."""

from __future__ import annotations

import json

import pytest
from api_rig import refused
from ground_rig import ACCOUNT
from sqs_rig import ARN, Sqs, client_of, sqs

__all__ = ["sqs"]
ALREADY = "A queue already exists with the same name and a different value for attribute DelaySeconds"
NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"


def test_a_queue_has_the_address_by_which_it_was_asked_for(sqs: Sqs) -> None:
    url = sqs.create("jobs")

    assert url == f"http://127.0.0.1:{sqs.port}/{ACCOUNT}/jobs"
    assert sqs.client.get_queue_url(QueueName="jobs")["QueueUrl"] == url


def test_creating_a_queue_again_gives_the_same_unless_an_attribute_differs(sqs: Sqs) -> None:
    url = sqs.create("jobs", DelaySeconds="5")

    assert sqs.create("jobs", DelaySeconds="5") == sqs.create("jobs") == url
    with refused("QueueAlreadyExists", ALREADY):
        sqs.create("jobs", DelaySeconds="6")


@pytest.mark.parametrize("name", ["a b", "a.b", "x" * 81, "a.fifo.b", "ü"])
def test_a_name_has_letters_digits_hyphens_and_underscores(sqs: Sqs, name: str) -> None:
    with refused("InvalidParameterValue", NAME):
        sqs.create(name)


def test_a_name_ends_with_fifo_if_and_only_if_the_queue_is_one(sqs: Sqs) -> None:
    with refused("InvalidParameterValue"):
        sqs.client.create_queue(QueueName="jobs", Attributes={"FifoQueue": "true"})
    with refused("InvalidParameterValue"):
        sqs.client.create_queue(QueueName="jobs.fifo")


def test_a_queue_tells_its_attributes(sqs: Sqs) -> None:
    told = sqs.attributes(sqs.create("jobs", VisibilityTimeout="20"))

    assert told.pop("CreatedTimestamp") == told.pop("LastModifiedTimestamp")
    assert told == {
        "QueueArn": ARN + "jobs",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "VisibilityTimeout": "20",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


def test_attributes_can_be_set_and_removed(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    dead = json.dumps({"deadLetterTargetArn": ARN + "jobs", "maxReceiveCount": "3"})

    sqs.client.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "7", "RedrivePolicy": dead})
    told = sqs.attributes(url, "DelaySeconds", "RedrivePolicy")
    sqs.client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})

    assert told["DelaySeconds"] == "7"
    assert json.loads(told["RedrivePolicy"])["maxReceiveCount"] == 3
    assert sqs.attributes(url, "RedrivePolicy") == {}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("DelaySeconds", "901", "InvalidAttributeValue"),
        ("VisibilityTimeout", "-1", "InvalidAttributeValue"),
        ("MaximumMessageSize", "1048577", "InvalidAttributeValue"),
        ("MessageRetentionPeriod", "x", "InvalidAttributeValue"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "x", "maxReceiveCount": 3}', "InvalidParameterValue"),
        ("RedrivePolicy", "[]", "InvalidAttributeValue"),
        ("RedrivePolicy", '{"maxReceiveCount": 3}', "InvalidParameterValue"),
        ("Colour", "red", "InvalidAttributeName"),
        ("QueueArn", "x", "InvalidAttributeName"),
        ("ContentBasedDeduplication", "true", "InvalidAttributeName"),
    ],
)
def test_an_attribute_that_cannot_be_is_refused(sqs: Sqs, name: str, value: str, code: str) -> None:
    url = sqs.create("jobs")

    with refused(code):
        sqs.client.set_queue_attributes(QueueUrl=url, Attributes={name: value})


def test_a_queue_that_is_not_there_has_two_codes(sqs: Sqs) -> None:
    with refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."):
        sqs.client.get_queue_url(QueueName="none")
    with pytest.raises(sqs.client.exceptions.QueueDoesNotExist):
        sqs.client.send_message(QueueUrl=f"http://127.0.0.1:{sqs.port}/{ACCOUNT}/none", MessageBody="x")


def test_queues_are_listed_by_prefix_and_in_pages(sqs: Sqs) -> None:
    urls = [sqs.create(f"jobs-{number}") for number in range(5)]
    sqs.create("other")

    pages = sqs.client.get_paginator("list_queues").paginate(QueueNamePrefix="jobs", PaginationConfig={"PageSize": 2})
    found = [page["QueueUrls"] for page in pages]

    assert [len(page) for page in found] == [2, 2, 1]
    assert [url for page in found for url in page] == urls


def test_accounts_and_regions_have_queues_of_their_own(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    other = client_of(sqs.port, "210987654321")

    assert "QueueUrls" not in other.list_queues()
    assert "QueueUrls" not in client_of(sqs.port, region="eu-west-1").list_queues()
    assert other.get_queue_url(QueueName="jobs", QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == url


def test_a_queue_that_is_deleted_is_gone_with_its_messages(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one")

    sqs.client.delete_queue(QueueUrl=url)

    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.receive(url)
    assert sqs.bodies(sqs.create("jobs")) == []


def test_purging_forgets_all_messages_and_is_done_once_a_minute(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    sqs.send(url, "one", "two")
    sqs.receive(url, 1)

    sqs.client.purge_queue(QueueUrl=url)
    with refused(
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "Only one PurgeQueue operation on jobs is allowed every 60 seconds.",
    ):
        sqs.client.purge_queue(QueueUrl=url)
    sqs.clock.advance(61)

    assert sqs.bodies(url) == []
    sqs.client.purge_queue(QueueUrl=url)


def test_tags_are_added_and_taken_away(sqs: Sqs) -> None:
    url = sqs.client.create_queue(QueueName="jobs", tags={"a": "1"})["QueueUrl"]

    sqs.client.tag_queue(QueueUrl=url, Tags={"b": "2", "c": "3"})
    sqs.client.untag_queue(QueueUrl=url, TagKeys=["c"])

    assert sqs.client.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1", "b": "2"}


def test_permissions_are_statements_of_the_policy(sqs: Sqs) -> None:
    url = sqs.create("jobs")
    wanted = {"QueueUrl": url, "Label": "us", "AWSAccountIds": [ACCOUNT], "Actions": ["ReceiveMessage"]}

    sqs.client.add_permission(**wanted)
    with refused("InvalidParameterValue", "Value us for parameter Label is invalid. Reason: Already exists."):
        sqs.client.add_permission(**wanted)
    policy = json.loads(sqs.attributes(url, "Policy")["Policy"])
    sqs.client.remove_permission(QueueUrl=url, Label="us")

    assert policy["Statement"] == [
        {
            "Sid": "us",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "SQS:ReceiveMessage",
            "Resource": ARN + "jobs",
        }
    ]
    assert sqs.attributes(url, "Policy") == {}


@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:{port}/{account}/jobs",
        "http://localhost:{port}/{account}/jobs/",
        "http://sqs.us-east-1.localhost.localstack.cloud:4566/{account}/jobs",
        "http://localhost.localstack.cloud:4566/queue/us-east-1/{account}/jobs",
        "https://sqs.us-east-1.amazonaws.com/{account}/jobs",
        "http://us-east-1.queue.localhost.localstack.cloud:4566/{account}/jobs",
        "jobs",
    ],
)
def test_a_queue_is_known_by_every_form_of_its_address(sqs: Sqs, form: str) -> None:
    sqs.create("jobs")

    sqs.send(form.format(port=sqs.port, account=ACCOUNT), "x")

    assert sqs.bodies(sqs.client.get_queue_url(QueueName="jobs")["QueueUrl"]) == ["x"]


def test_an_address_may_say_the_region_for_who_does_not_sign(sqs: Sqs) -> None:
    west = client_of(sqs.port, region="eu-west-1")
    url = west.create_queue(QueueName="jobs")["QueueUrl"]

    sqs.query(f"/queue/eu-west-1/{ACCOUNT}/jobs", Action="SendMessage", MessageBody="x")

    assert west.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
