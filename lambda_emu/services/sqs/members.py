"""Which members each operation takes, of which kind, and what each is called in the query form."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

from lambda_emu.services.sqs.errors import MalformedMessage

Members = Mapping[str, Any]


class Kind(Enum):
    """TEXTS: a list; PAIRS: texts by name; VALUES: by name, a DataType and its value; ENTRIES: of a batch."""

    TEXT = auto()
    NUMBER = auto()
    TEXTS = auto()
    PAIRS = auto()
    VALUES = auto()
    ENTRIES = auto()


_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "DelaySeconds": Kind.NUMBER,
        "MaxNumberOfMessages": Kind.NUMBER,
        "MaxNumberOfMessagesPerSecond": Kind.NUMBER,
        "MaxResults": Kind.NUMBER,
        "VisibilityTimeout": Kind.NUMBER,
        "WaitTimeSeconds": Kind.NUMBER,
        "AWSAccountIds": Kind.TEXTS,
        "Actions": Kind.TEXTS,
        "AttributeNames": Kind.TEXTS,
        "MessageAttributeNames": Kind.TEXTS,
        "MessageSystemAttributeNames": Kind.TEXTS,
        "TagKeys": Kind.TEXTS,
        "Attributes": Kind.PAIRS,
        "Tags": Kind.PAIRS,
        "tags": Kind.PAIRS,
        "MessageAttributes": Kind.VALUES,
        "MessageSystemAttributes": Kind.VALUES,
        "Entries": Kind.ENTRIES,
    }
)
"""Whichever operation has them; every other member is a text."""

QUERY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AWSAccountIds": "AWSAccountId",
        "Actions": "ActionName",
        "AttributeNames": "AttributeName",
        "MessageAttributeNames": "MessageAttributeName",
        "MessageSystemAttributeNames": "MessageSystemAttributeName",
        "TagKeys": "TagKey",
        "Attributes": "Attribute",
        "Tags": "Tag",
        "tags": "Tag",
        "MessageAttributes": "MessageAttribute",
        "MessageSystemAttributes": "MessageSystemAttribute",
    }
)
"""Lists and maps are named after one of theirs there, `Attribute.1.Name`; a batch after its operation."""

_SEND = (
    "MessageBody",
    "DelaySeconds",
    "MessageAttributes",
    "MessageSystemAttributes",
    "MessageDeduplicationId",
    "MessageGroupId",
)
INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AddPermission": ("QueueUrl", "Label", "AWSAccountIds", "Actions"),
        "CancelMessageMoveTask": ("TaskHandle",),
        "ChangeMessageVisibility": ("QueueUrl", "ReceiptHandle", "VisibilityTimeout"),
        "ChangeMessageVisibilityBatch": ("QueueUrl", "Entries"),
        "CreateQueue": ("QueueName", "Attributes", "tags"),
        "DeleteMessage": ("QueueUrl", "ReceiptHandle"),
        "DeleteMessageBatch": ("QueueUrl", "Entries"),
        "DeleteQueue": ("QueueUrl",),
        "GetQueueAttributes": ("QueueUrl", "AttributeNames"),
        "GetQueueUrl": ("QueueName", "QueueOwnerAWSAccountId"),
        "ListDeadLetterSourceQueues": ("QueueUrl", "NextToken", "MaxResults"),
        "ListMessageMoveTasks": ("SourceArn", "MaxResults"),
        "ListQueueTags": ("QueueUrl",),
        "ListQueues": ("QueueNamePrefix", "NextToken", "MaxResults"),
        "PurgeQueue": ("QueueUrl",),
        "ReceiveMessage": (
            "QueueUrl",
            "AttributeNames",
            "MessageSystemAttributeNames",
            "MessageAttributeNames",
            "MaxNumberOfMessages",
            "VisibilityTimeout",
            "WaitTimeSeconds",
            "ReceiveRequestAttemptId",
        ),
        "RemovePermission": ("QueueUrl", "Label"),
        "SendMessage": ("QueueUrl", *_SEND),
        "SendMessageBatch": ("QueueUrl", "Entries"),
        "SetQueueAttributes": ("QueueUrl", "Attributes"),
        "StartMessageMoveTask": ("SourceArn", "DestinationArn", "MaxNumberOfMessagesPerSecond"),
        "TagQueue": ("QueueUrl", "Tags"),
        "UntagQueue": ("QueueUrl", "TagKeys"),
    }
)
ENTRY_INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SendMessageBatch": ("Id", *_SEND),
        "DeleteMessageBatch": ("Id", "ReceiptHandle"),
        "ChangeMessageVisibilityBatch": ("Id", "ReceiptHandle", "VisibilityTimeout"),
    }
)
MOST_NUMBER = 2**31 - 1


def kind_of(name: str) -> Kind:
    return _KINDS.get(name, Kind.TEXT)


def check(operation: str, given: Mapping[str, Any]) -> Members:
    """The members of an operation that were given, each of its kind. MalformedMessage."""
    return _known(given, INPUTS[operation], operation)


def _known(given: Mapping[str, Any], names: tuple[str, ...], operation: str) -> Members:
    found = {name: given[name] for name in names if given.get(name) is not None}
    for name, value in found.items():
        if not _is_of(kind_of(name), value):
            raise MalformedMessage(f"{name} is not of its type")
    if "Entries" in found:
        found["Entries"] = [_known(one, ENTRY_INPUTS[operation], operation) for one in found["Entries"]]
    return found


def _is_of(kind: Kind, value: Any) -> bool:
    if kind is Kind.TEXT:
        return isinstance(value, str)
    if kind is Kind.NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_NUMBER
    if kind is Kind.TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind is Kind.ENTRIES:
        return isinstance(value, list) and all(isinstance(one, dict) for one in value)
    if not isinstance(value, dict):
        return False
    if kind is Kind.PAIRS:
        return all(isinstance(one, str) for one in value.values())
    return all(isinstance(one, dict) and _is_value(one) for one in value.values())


def _is_value(value: Mapping[str, Any]) -> bool:
    return all(isinstance(value.get(name, ""), str) for name in ("DataType", "StringValue", "BinaryValue"))
