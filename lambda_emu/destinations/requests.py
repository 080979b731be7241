"""What is asked of a target's service, by AWS's API, so that it takes a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import Undeliverable
from lambda_emu.services.universal import operation_of

MOST_TRACE_CHARACTERS = 500
"""Of PutEvents."""
TRACE = "AWSTraceHeader"


class TargetRequest(Struct, frozen=True):
    """service: as boto3 calls it."""

    service: str
    operation: str
    members: Mapping[str, Any]


def request_of(delivery: Delivery, body: bytes) -> TargetRequest:
    """Undeliverable."""
    if delivery.target.endswith(".fifo") and not delivery.options:
        raise Undeliverable("FIFO queues and topics take no results")
    return _REQUESTS[delivery.service](delivery, body)


def message_members(delivery: Delivery, body: bytes) -> dict[str, Any]:
    """Of SendMessage."""
    members: dict[str, Any] = {"MessageBody": _text(body), **delivery.options}
    if delivery.attributes:
        members["MessageAttributes"] = _attributes(delivery)
    if delivery.trace is not None:
        members["MessageSystemAttributes"] = {TRACE: {"DataType": "String", "StringValue": delivery.trace}}
    return members


def _send_message(delivery: Delivery, body: bytes) -> TargetRequest:
    """QueueUrl: the name is enough for us; others know queues by their path."""
    account, name = delivery.target.split(":")[4:6]
    members = {"QueueUrl": f"http://localhost/{account}/{name}", **message_members(delivery, body)}
    return TargetRequest("sqs", "SendMessage", members)


def _publish(delivery: Delivery, body: bytes) -> TargetRequest:
    members: dict[str, Any] = {"TopicArn": delivery.target, "Message": _text(body), **delivery.options}
    if delivery.attributes:
        members["MessageAttributes"] = _attributes(delivery)
    return TargetRequest("sns", "Publish", members)


def _put_object(delivery: Delivery, body: bytes) -> TargetRequest:
    bucket = delivery.target.split(":", 5)[5].partition("/")[0]
    members = {"Bucket": bucket, "Key": delivery.key or delivery.id, "Body": body, "ContentType": "application/json"}
    return TargetRequest("s3", "PutObject", members)


def _put_events(delivery: Delivery, body: bytes) -> TargetRequest:
    """options: Source and DetailType of the event; without them it is a result."""
    entry = {**(delivery.options or _result(delivery, body)), "Detail": _text(body), "EventBusName": delivery.target}
    traced = {} if delivery.trace is None else {"TraceHeader": delivery.trace[:MOST_TRACE_CHARACTERS]}
    return TargetRequest("events", "PutEvents", {"Entries": [entry | traced]})


def _result(delivery: Delivery, body: bytes) -> Mapping[str, Any]:
    """An event that a rule can find by how it ended. docs/contract/invoke.md#destinations."""
    context = json.loads(body)["requestContext"]
    outcome = "Success" if context["condition"] == "Success" else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [delivery.target, context["functionArn"]],
    }


def _put_record(delivery: Delivery, body: bytes) -> TargetRequest:
    """options: PartitionKey."""
    key = delivery.options.get("PartitionKey", delivery.id)
    return TargetRequest("kinesis", "PutRecord", {"StreamARN": delivery.target, "Data": body, "PartitionKey": key})


def _put_to_firehose(delivery: Delivery, body: bytes) -> TargetRequest:
    name = delivery.target.rpartition("/")[2]
    return TargetRequest("firehose", "PutRecord", {"DeliveryStreamName": name, "Record": {"Data": body}})


def _start_execution(delivery: Delivery, body: bytes) -> TargetRequest:
    """Of the name of its delivery: one that is sent twice is one execution."""
    members = {"stateMachineArn": delivery.target, "input": _text(body), "name": delivery.id}
    return TargetRequest("stepfunctions", "StartExecution", members)


def _universal(delivery: Delivery, body: bytes) -> TargetRequest:
    """The operation that the ARN names, with the body as its members."""
    try:
        service, operation = operation_of(delivery.target)
        members = json.loads(body or b"{}")
    except ValueError as error:
        raise Undeliverable(str(error), "ValidationException") from error
    if not isinstance(members, dict):
        raise Undeliverable("Input is no object of JSON", "ValidationException")
    return TargetRequest(service, operation, members)


_REQUESTS: Mapping[str, Callable[[Delivery, bytes], TargetRequest]] = {
    "events": _put_events,
    "firehose": _put_to_firehose,
    "kinesis": _put_record,
    "s3": _put_object,
    "scheduler": _universal,
    "sns": _publish,
    "sqs": _send_message,
    "states": _start_execution,
}


def _attributes(delivery: Delivery) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in delivery.attributes.items()}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
