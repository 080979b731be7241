"""What a schedule may bring something to, and how each service is asked to take it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import Undeliverable
from lambda_emu.destinations.requests import TargetRequest, request_of
from lambda_emu.services.scheduler.errors import (
    SchedulerError,
    TargetArnInvalid,
    TargetIncomplete,
    TargetNotServed,
)
from lambda_emu.services.scheduler.targets import check_target, options_of

QUEUES = "http://localhost/123456789012"
SDK = "arn:aws:scheduler:::aws-sdk"
HERE = "us-east-1:123456789012"
SENT = Delivery("id", "", Scope("123456789012", "us-east-1").function("f"), "what was due")
EVENT = {"EventBridgeParameters": {"Source": "shop", "DetailType": "Night"}}


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (
            {"Arn": f"arn:aws:sqs:{HERE}:jobs"},
            TargetRequest("sqs", "SendMessage", {"QueueUrl": f"{QUEUES}/jobs", "MessageBody": "{}"}),
        ),
        (
            {"Arn": f"arn:aws:sqs:{HERE}:jobs.fifo", "SqsParameters": {"MessageGroupId": "g"}},
            TargetRequest(
                "sqs",
                "SendMessage",
                {"QueueUrl": f"{QUEUES}/jobs.fifo", "MessageBody": "{}", "MessageGroupId": "g"},
            ),
        ),
        (
            {"Arn": f"arn:aws:sns:{HERE}:news"},
            TargetRequest("sns", "Publish", {"TopicArn": f"arn:aws:sns:{HERE}:news", "Message": "{}"}),
        ),
        (
            {"Arn": f"arn:aws:events:{HERE}:event-bus/shop", **EVENT},
            TargetRequest(
                "events",
                "PutEvents",
                {
                    "Entries": [
                        {
                            "Source": "shop",
                            "DetailType": "Night",
                            "Detail": "{}",
                            "EventBusName": f"arn:aws:events:{HERE}:event-bus/shop",
                        }
                    ]
                },
            ),
        ),
        (
            {"Arn": f"arn:aws:kinesis:{HERE}:stream/s", "KinesisParameters": {"PartitionKey": "k"}},
            TargetRequest(
                "kinesis",
                "PutRecord",
                {"StreamARN": f"arn:aws:kinesis:{HERE}:stream/s", "Data": b"{}", "PartitionKey": "k"},
            ),
        ),
        (
            {"Arn": f"arn:aws:firehose:{HERE}:deliverystream/d"},
            TargetRequest("firehose", "PutRecord", {"DeliveryStreamName": "d", "Record": {"Data": b"{}"}}),
        ),
        (
            {"Arn": f"arn:aws:states:{HERE}:stateMachine:m"},
            TargetRequest(
                "stepfunctions",
                "StartExecution",
                {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m", "input": "{}", "name": "id"},
            ),
        ),
        (
            {"Arn": f"{SDK}:sfn:startExecution"},
            TargetRequest("stepfunctions", "StartExecution", {}),
        ),
        ({"Arn": f"{SDK}:dynamodb:putItem"}, TargetRequest("dynamodb", "PutItem", {})),
        ({"Arn": f"{SDK}:eventbridge:putEvents"}, TargetRequest("events", "PutEvents", {})),
        ({"Arn": f"{SDK}:cloudwatchlogs:putLogEvents"}, TargetRequest("logs", "PutLogEvents", {})),
    ],
)
def test_each_service_is_asked_in_its_own_words(target: dict[str, Any], asked: TargetRequest) -> None:
    check_target(target)

    assert request_of(replace(SENT, target=target["Arn"], options=options_of(target)), b"{}") == asked


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ({"Arn": f"arn:aws:events:{HERE}:event-bus/shop"}, TargetIncomplete),
        ({"Arn": f"arn:aws:kinesis:{HERE}:stream/s"}, TargetIncomplete),
        ({"Arn": f"arn:aws:sqs:{HERE}:jobs.fifo"}, TargetIncomplete),
        ({"Arn": f"arn:aws:ecs:{HERE}:cluster/c"}, TargetNotServed),
        ({"Arn": f"arn:aws:events:{HERE}:api-destination/a/b", **EVENT}, TargetArnInvalid),
        ({"Arn": f"arn:aws:lambda:{HERE}:layer:l"}, TargetArnInvalid),
        ({"Arn": "jobs"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:sqs:receiveMessage"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:dynamodb:transactGetItems"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:cognitoidentityprovider:adminGetUser"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:sqs:sendNothing"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:nothing:sendMessage"}, TargetArnInvalid),
        ({"Arn": f"{SDK}:../../sqs:sendMessage"}, TargetArnInvalid),
        (
            {"Arn": f"arn:aws:sqs:{HERE}:a", "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{HERE}:b.fifo"}},
            TargetArnInvalid,
        ),
    ],
)
def test_what_cannot_be_brought_there_is_refused(target: dict[str, Any], refusal: type[SchedulerError]) -> None:
    with pytest.raises(refusal):
        check_target(target)


@pytest.mark.parametrize("body", [b"[]", b"{", b'"text"'])
def test_what_are_no_members_is_not_asked_with(body: bytes) -> None:
    with pytest.raises(Undeliverable):
        request_of(replace(SENT, target=f"{SDK}:sqs:sendMessage"), body)
