"""Which members each operation takes, of which kind, and what each is called in the query form."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, TypedDict

from msgspec import Meta, ValidationError, convert
from msgspec.json import Decoder

from lambda_emu.services.sqs.errors import MalformedMessage

Members = Mapping[str, Any]


class MemberKind(Enum):
    """TEXTS: a list; PAIRS: texts by name; VALUES: by name, a DataType and its value; ENTRIES: of a batch."""

    TEXT = auto()
    NUMBER = auto()
    TEXTS = auto()
    PAIRS = auto()
    VALUES = auto()
    ENTRIES = auto()


_KINDS: Mapping[str, MemberKind] = MappingProxyType(
    {
        "DelaySeconds": MemberKind.NUMBER,
        "MaxNumberOfMessages": MemberKind.NUMBER,
        "MaxNumberOfMessagesPerSecond": MemberKind.NUMBER,
        "MaxResults": MemberKind.NUMBER,
        "VisibilityTimeout": MemberKind.NUMBER,
        "WaitTimeSeconds": MemberKind.NUMBER,
        "AWSAccountIds": MemberKind.TEXTS,
        "Actions": MemberKind.TEXTS,
        "AttributeNames": MemberKind.TEXTS,
        "MessageAttributeNames": MemberKind.TEXTS,
        "MessageSystemAttributeNames": MemberKind.TEXTS,
        "TagKeys": MemberKind.TEXTS,
        "Attributes": MemberKind.PAIRS,
        "Tags": MemberKind.PAIRS,
        "tags": MemberKind.PAIRS,
        "MessageAttributes": MemberKind.VALUES,
        "MessageSystemAttributes": MemberKind.VALUES,
        "Entries": MemberKind.ENTRIES,
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

_Number = Annotated[int, Meta(ge=-MOST_NUMBER, le=MOST_NUMBER)]


class _Value(TypedDict, total=False):
    DataType: str
    StringValue: str
    BinaryValue: str


_TYPES: Mapping[MemberKind, Any] = MappingProxyType(
    {
        MemberKind.TEXT: str,
        MemberKind.NUMBER: _Number,
        MemberKind.TEXTS: list[str],
        MemberKind.PAIRS: dict[str, str],
        MemberKind.VALUES: dict[str, _Value],
    }
)


def kind_of(name: str) -> MemberKind:
    return _KINDS.get(name, MemberKind.TEXT)


def check(operation: str, given: Mapping[str, Any]) -> Members:
    """The members of an operation that were given, each of its kind. MalformedMessage."""
    try:
        found = convert(given, _type_of(operation))
    except ValidationError as error:
        raise MalformedMessage(str(error)) from None
    return _without_nulls(found)


def read(operation: str, body: bytes) -> Members:
    """As `check`, of JSON. MalformedMessage."""
    try:
        found = _decoder(operation).decode(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(str(error)) from None
    return _without_nulls(found)


@cache
def _decoder(operation: str) -> Decoder[dict[str, Any]]:
    return Decoder(_type_of(operation))


@cache
def _type_of(operation: str) -> Any:
    """What msgspec is to make of a request: members that are not known are left out."""
    entry = _typed(ENTRY_INPUTS.get(operation, ()), None)
    return _typed(INPUTS[operation], list[entry])  # type: ignore[valid-type]


def _typed(names: tuple[str, ...], entries: Any) -> Any:
    types = {name: entries if kind_of(name) is MemberKind.ENTRIES else _TYPES[kind_of(name)] for name in names}
    return TypedDict("Members", {name: type | None for name, type in types.items()}, total=False)  # type: ignore[operator]


def _without_nulls(members: dict[str, Any]) -> Members:
    """A member that is null is not there, nor is one of an entry."""
    for entry in members.get("Entries") or ():
        _drop_nulls(entry)
    _drop_nulls(members)
    return members


def _drop_nulls(members: dict[str, Any]) -> None:
    if None in members.values():
        for name in [name for name, value in members.items() if value is None]:
            del members[name]
