"""Errors of SQS. Each has two codes: `code` in its JSON form, `query_code` in the form of older SDKs and beside it.

Texts marked (?) are not recorded. docs/services.md#errors.
"""

from __future__ import annotations

from typing import ClassVar

from lambda_emu.errors.base import LambdaError

SIMPLE = "AWS.SimpleQueueService."


class SqsError(LambdaError):
    """What all of them have. shape: whose model names the code: SQS's own, or that of all services."""

    code, status = "InvalidParameterValueException", 400
    query_code: ClassVar[str] = "InvalidParameterValue"
    shape: ClassVar[str] = "com.amazonaws.sqs"


class InvalidValue(SqsError):
    """`Value <value> for parameter <name> is invalid. Reason: <reason>`."""

    shape = "com.amazon.coral.service"

    def __init__(self, value: object, name: str, reason: str) -> None:
        super().__init__(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


class InvalidTexts(SqsError):
    """One whose text is not made of a value and its parameter."""

    shape = "com.amazon.coral.service"


class MissingMember(SqsError):
    code, query_code, shape = "MissingRequiredParameterException", "MissingParameter", "com.amazon.coral.service"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class MalformedMessage(SqsError):
    """A body that is not of its wire form, or a member of another type. (?)"""

    code, query_code, shape = "SerializationException", "MalformedInput", "com.amazon.coral.service"


class UnknownSqsOperation(SqsError):
    code, query_code, shape = "UnknownOperationException", "InvalidAction", "com.amazon.coral.service"

    def __init__(self, name: str) -> None:
        super().__init__(f"The action {name} is not valid for this web service.")


class SqsFailure(SqsError):
    """Nothing was changed, or nobody knows: whoever asked asks again."""

    code, query_code, status = "InternalFailure", "InternalFailure", 500
    shape = "com.amazon.coral.service"

    def __init__(self) -> None:
        super().__init__("The queue could not be written; the emulator's log has why.")


class NoSuchQueue(SqsError):
    code, query_code = "QueueDoesNotExist", SIMPLE + "NonExistentQueue"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")


class QueueAddressInvalid(SqsError):
    code, query_code, status = "InvalidAddress", "InvalidAddress", 404

    def __init__(self, url: str) -> None:
        super().__init__(f"The address {url} is not valid for this endpoint.")


class QueueIsThere(SqsError):
    code, query_code = "QueueNameExists", "QueueAlreadyExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class UnknownAttribute(SqsError):
    code, query_code = "InvalidAttributeName", "InvalidAttributeName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


class TwoEncryptions(SqsError):
    code, query_code = "InvalidAttributeName", "InvalidAttributeName"

    def __init__(self) -> None:
        super().__init__(
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )


class InvalidAttribute(SqsError):
    code, query_code = "InvalidAttributeValue", "InvalidAttributeValue"

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid value for the parameter {name}.")


class InvalidCharacters(SqsError):
    code, query_code = "InvalidMessageContents", "InvalidMessageContents"

    def __init__(self) -> None:
        super().__init__(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
            "#xE000 to #xFFFD | #x10000 to #x10FFFF"
        )


class InvalidHandle(SqsError):
    code, query_code = "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle[:1024]}" is not a valid receipt handle.')


class NotInFlight(SqsError):
    code, query_code = "MessageNotInflight", SIMPLE + "MessageNotInflight"

    def __init__(self) -> None:
        super().__init__("The message referred to isn't in flight.")  # (?)


class TooManyInFlight(SqsError):
    code, query_code, status = "OverLimit", "OverLimit", 403

    def __init__(self, most: int) -> None:
        super().__init__(f"Too many messages in flight: a queue has {most} at most.")  # (?)


class PurgedLately(SqsError):
    code, query_code, status = "PurgeQueueInProgress", SIMPLE + "PurgeQueueInProgress", 403

    def __init__(self, name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")


class NoSource(SqsError):
    code, query_code, status = "ResourceNotFoundException", "ResourceNotFoundException", 404

    def __init__(self, member: str) -> None:
        super().__init__(f"The resource that you specified for the {member} parameter doesn't exist.")


class NoTask(SqsError):
    code, query_code, status = "ResourceNotFoundException", "ResourceNotFoundException", 404

    def __init__(self) -> None:
        super().__init__("Task does not exist.")


class InvalidTaskHandle(SqsError):
    shape = "com.amazon.coral.service"

    def __init__(self) -> None:
        super().__init__("Value for parameter TaskHandle is invalid.")


class BatchIsEmpty(SqsError):
    code, query_code = "EmptyBatchRequest", SIMPLE + "EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class BatchTooLong(SqsError):
    code, query_code = "TooManyEntriesInBatchRequest", SIMPLE + "TooManyEntriesInBatchRequest"

    def __init__(self, count: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {count}.")


class MessagesTooLarge(SqsError):
    code, query_code = "BatchRequestTooLong", SIMPLE + "BatchRequestTooLong"

    def __init__(self, most: int, size: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {most} bytes. You have sent {size} bytes.")


class IdsNotDistinct(SqsError):
    code, query_code = "BatchEntryIdsNotDistinct", SIMPLE + "BatchEntryIdsNotDistinct"

    def __init__(self, id: str) -> None:
        super().__init__(f"Id {id} repeated.")


class InvalidEntryId(SqsError):
    code, query_code = "InvalidBatchEntryId", SIMPLE + "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )
