"""Dead letters go back: message move tasks of SQS, and which queues may have a dead letter queue at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from api_rig import refused
from ground_rig import ACCOUNT
from sqs_rig import ARN, Sqs, serving, sqs
from waiting import eventually

from lambda_emu.clock import SteppingClock

__all__ = ["sqs"]

DEAD = f"{ARN}dead"


def make(sqs: Sqs, *bodies: str, suffix: str = "") -> tuple[str, str]:
    """Queues `jobs` and `dead`, which has these messages of the first, each received once; their URLs."""
    dead = sqs.create(f"dead{suffix}")
    redrive = json.dumps({"deadLetterTargetArn": f"{DEAD}{suffix}", "maxReceiveCount": 1})
    jobs = sqs.create(f"jobs{suffix}", RedrivePolicy=redrive)
    fifo = {"MessageGroupId": "g"} if suffix else {}
    for body in bodies:
        sqs.send(jobs, body, **fifo, **({"MessageDeduplicationId": body} if suffix else {}))
    for _ in range(2):  # received, then found to have been
        while sqs.bodies(jobs, VisibilityTimeout=5):
            pass
        sqs.clock.advance(6)
    assert sqs.attributes(dead)["ApproximateNumberOfMessages"] == str(len(bodies))
    return jobs, dead


def tasks(sqs: Sqs, most: int = 10, arn: str = DEAD) -> list[dict[str, Any]]:
    return list(sqs.client.list_message_move_tasks(SourceArn=arn, MaxResults=most)["Results"])


def status(sqs: Sqs, arn: str = DEAD) -> str:
    return str(tasks(sqs, 1, arn)[0]["Status"])


def moved(sqs: Sqs) -> int:
    return int(tasks(sqs, 1)[0]["ApproximateNumberOfMessagesMoved"])


def test_dead_letters_go_back_to_where_they_came_from_as_new_messages(sqs: Sqs) -> None:
    jobs, dead = make(sqs, "one", "two", "three")
    [before, *_] = sqs.receive(dead, VisibilityTimeout=0)
    asked_ms = int(sqs.clock.now_s() * 1000)

    handle = sqs.client.start_message_move_task(SourceArn=DEAD)["TaskHandle"]
    eventually(lambda: status(sqs) == "COMPLETED", "the task")
    got = sqs.receive(jobs, MessageSystemAttributeNames=["All"])

    assert [one["Body"] for one in got] == ["one", "two", "three"]
    assert got[0]["MessageId"] != before["MessageId"]
    assert {one["Attributes"]["ApproximateReceiveCount"] for one in got} == {"1"}
    assert all("DeadLetterQueueSourceArn" not in one["Attributes"] for one in got)
    assert sqs.bodies(dead) == []
    [told] = tasks(sqs)
    assert asked_ms <= told.pop("StartedTimestamp") <= int(sqs.clock.now_s() * 1000)
    assert told == {
        "Status": "COMPLETED",
        "SourceArn": DEAD,
        "ApproximateNumberOfMessagesMoved": 3,
        "ApproximateNumberOfMessagesToMove": 3,
    }
    with refused("ResourceNotFoundException", "Task does not exist."):
        sqs.client.cancel_message_move_task(TaskHandle=handle)


def test_dead_letters_go_to_another_queue_and_wake_who_waits_there(sqs: Sqs) -> None:
    jobs, _ = make(sqs, "one")
    other = sqs.create("other")

    sqs.client.start_message_move_task(SourceArn=DEAD, DestinationArn=f"{ARN}other")

    assert sqs.bodies(other, WaitTimeSeconds=20) == ["one"]
    assert sqs.bodies(jobs) == []
    assert tasks(sqs)[0]["DestinationArn"] == f"{ARN}other"


def test_a_group_of_a_fifo_queue_goes_back_in_its_order(sqs: Sqs) -> None:
    jobs, _ = make(sqs, "one", "two", "three", suffix=".fifo")

    sqs.client.start_message_move_task(SourceArn=f"{DEAD}.fifo")
    eventually(lambda: status(sqs, f"{DEAD}.fifo") == "COMPLETED", "the task")

    assert sqs.bodies(jobs) == ["one", "two", "three"]


def test_a_task_has_its_pace_can_be_cancelled_and_leaves_what_came_later(sqs: Sqs) -> None:
    jobs, dead = make(sqs, *map(str, range(10)))

    handle = sqs.client.start_message_move_task(SourceArn=DEAD, MaxNumberOfMessagesPerSecond=2)["TaskHandle"]
    eventually(lambda: moved(sqs) == 1, "the task")
    sqs.settle()
    sqs.clock.advance(0.5)
    eventually(lambda: moved(sqs) == 2, "the task")
    with refused(
        "InvalidParameterValue",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    ):
        sqs.client.start_message_move_task(SourceArn=DEAD)
    assert tasks(sqs)[0]["TaskHandle"] == handle
    cancelled = sqs.client.cancel_message_move_task(TaskHandle=handle)
    sqs.clock.advance(60)

    assert cancelled["ApproximateNumberOfMessagesMoved"] == 2
    assert (status(sqs), "TaskHandle" in tasks(sqs)[0]) == ("CANCELLED", False)
    assert sqs.bodies(jobs) == ["0", "1"]
    assert len(sqs.bodies(dead)) == 8


def test_a_message_that_dies_again_meanwhile_is_not_moved_again(sqs: Sqs) -> None:
    jobs, dead = make(sqs, "one", "two")

    sqs.client.start_message_move_task(SourceArn=DEAD, MaxNumberOfMessagesPerSecond=1)
    eventually(lambda: moved(sqs) == 1, "the task")
    assert sqs.bodies(jobs, VisibilityTimeout=0) == ["one"]
    assert sqs.bodies(jobs) == []
    sqs.settle()
    sqs.clock.advance(1)
    eventually(lambda: moved(sqs) == 2, "the task")
    sqs.settle()
    sqs.clock.advance(1)
    eventually(lambda: status(sqs) == "COMPLETED", "the task")

    assert moved(sqs) == 2
    assert sqs.bodies(dead) == ["one"]


@pytest.mark.parametrize("end", ["sent here", "source deleted"])
def test_a_task_fails_where_nobody_knows_where_a_message_came_from(sqs: Sqs, end: str) -> None:
    jobs, dead = make(sqs, "one")
    sqs.create("other", RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1}))
    if end == "sent here":
        sqs.send(dead, "two")
    else:
        sqs.client.delete_queue(QueueUrl=jobs)

    sqs.client.start_message_move_task(SourceArn=DEAD)
    eventually(lambda: status(sqs) == "FAILED", "the task")

    reason = {
        "sent here": "CouldNotDetermineMessageSource",
        "source deleted": "AWS.SimpleQueueService.NonExistentQueue",
    }
    assert tasks(sqs)[0]["FailureReason"] == reason[end]
    assert sqs.attributes(dead)["ApproximateNumberOfMessages"] == "1"


def test_tasks_go_on_after_a_restart_and_ten_are_remembered(tmp_path: Path) -> None:
    clock = SteppingClock(stands=True)
    with serving(tmp_path, clock) as sqs:
        make(sqs, *map(str, range(20)))
        for _ in range(11):
            handle = sqs.client.start_message_move_task(SourceArn=DEAD, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
            sqs.client.cancel_message_move_task(TaskHandle=handle)
        sqs.client.start_message_move_task(SourceArn=DEAD, MaxNumberOfMessagesPerSecond=1)
        before = tasks(sqs)
    with serving(tmp_path, clock) as sqs:
        eventually(
            lambda: moved(sqs) > before[0]["ApproximateNumberOfMessagesMoved"],
            "the task",
        )
        after = tasks(sqs)
        while status(sqs) == "RUNNING":
            sqs.clock.advance(1)
        jobs = f"http://127.0.0.1:{sqs.port}/{ACCOUNT}/jobs"
        found = [*sqs.bodies(jobs), *sqs.bodies(jobs)]

    assert (len(before), len(after)) == (10, 10)
    assert [one["Status"] for one in after] == ["RUNNING", *["CANCELLED"] * 9]
    assert sorted(found, key=int) == list(map(str, range(20)))


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({}, "ParamValidation", None),
        ({"SourceArn": ""}, "MissingParameter", "The request must contain the parameter SourceArn."),
        (
            {"SourceArn": f"{ARN}nowhere"},
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        ({"SourceArn": "x"}, "ResourceNotFoundException", None),
        (
            {"SourceArn": f"{ARN}jobs"},
            "InvalidParameterValue",
            "Source queue must be configured as a Dead Letter Queue.",
        ),
        (
            {"SourceArn": DEAD, "DestinationArn": f"{ARN}nowhere"},
            "ResourceNotFoundException",
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        ({"SourceArn": DEAD, "DestinationArn": DEAD}, "InvalidParameterValue", None),
        ({"SourceArn": DEAD, "DestinationArn": f"{ARN}jobs.fifo"}, "InvalidParameterValue", None),
        ({"SourceArn": DEAD, "MaxNumberOfMessagesPerSecond": 501}, "InvalidParameterValue", None),
        ({"SourceArn": DEAD, "MaxNumberOfMessagesPerSecond": 0}, "InvalidParameterValue", None),
    ],
)
def test_a_task_that_cannot_be_is_refused(sqs: Sqs, given: Mapping[str, Any], code: str, text: str | None) -> None:
    make(sqs, "one")
    sqs.create("jobs.fifo")
    if code == "ParamValidation":
        with pytest.raises(Exception, match="Missing required parameter"):
            sqs.client.start_message_move_task(**given)
        return

    with refused(code, text):
        sqs.client.start_message_move_task(**given)


@pytest.mark.parametrize("handle", ["x", "é", "e30=", "W10=", "W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb"])
def test_a_handle_that_is_none_is_refused(sqs: Sqs, handle: str) -> None:
    with refused("InvalidParameterValue", "Value for parameter TaskHandle is invalid."):
        sqs.client.cancel_message_move_task(TaskHandle=handle)


def test_the_query_form_tells_tasks(sqs: Sqs) -> None:
    make(sqs, "one")
    sqs.query(Action="StartMessageMoveTask", SourceArn=DEAD)
    eventually(lambda: status(sqs) == "COMPLETED", "the task")

    told = sqs.query(Action="ListMessageMoveTasks", SourceArn=DEAD)

    texts = {one.tag.rpartition("}")[2]: one.text for one in told.iter()}
    assert (texts["Status"], texts["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", "1")


@pytest.mark.parametrize(
    ("policy", "is_allowed"),
    [
        ({"redrivePermission": "allowAll"}, True),
        ({"redrivePermission": "denyAll"}, False),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}jobs"]}, True),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}others"]}, False),
    ],
)
def test_a_dead_letter_queue_says_whose_dead_letters_it_takes(
    sqs: Sqs, policy: Mapping[str, Any], is_allowed: bool
) -> None:
    dead = sqs.create("dead", RedriveAllowPolicy=json.dumps(policy))
    redrive = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 1})
    plain = sqs.create("plain")

    if is_allowed:
        assert sqs.client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == []
        url = sqs.create("jobs", RedrivePolicy=redrive)
        assert sqs.client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
        return
    with refused("InvalidParameterValue"):
        sqs.create("jobs", RedrivePolicy=redrive)
    with refused("InvalidParameterValue"):
        sqs.client.set_queue_attributes(QueueUrl=plain, Attributes={"RedrivePolicy": redrive})
    assert sqs.client.list_queues()["QueueUrls"] == [dead, plain]
