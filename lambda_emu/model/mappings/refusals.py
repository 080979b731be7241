"""What is refused about event source mappings.

docs/contract/events.md#refusals-of-mappings; "not recorded" where a text is our own.
"""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter, LambdaError
from lambda_emu.errors.resources import Conflict


def _spell(member: str) -> str:
    """As these texts write a member: `sourceAccessConfigurations`."""
    return member[0].lower() + member[1:]


# The mapping itself


class MappingInUse(LambdaError):
    """While a mapping is on its way from one state to another. The words are known from public reports."""

    code, status, text_key = "ResourceInUseException", 400, "Message"

    def __init__(self, verb: str) -> None:
        super().__init__(f"Cannot {verb} the event source mapping because it is in use.")


class MappingExists(Conflict):
    """What is there already. Each kind of source has its own sentence before the one they share."""

    def __init__(self, what: str, uuid: str) -> None:
        super().__init__(f"{what} already exists. Please update or delete the existing mapping with UUID {uuid}")


class QueueMappingExists(MappingExists):
    """function: its name, with the qualifier if the mapping has one."""

    def __init__(self, queue: str, function: str, uuid: str) -> None:
        super().__init__(f'An event source mapping with SQS arn (" {queue} ") and function (" {function} ")', uuid)


class StreamMappingExists(MappingExists):
    """Also of brokers and document databases, whose own is not recorded. function: as for queues."""

    def __init__(self, source: str, function: str, uuid: str) -> None:
        super().__init__(f'The event source arn (" {source} ") and function (" {function} ") provided mapping', uuid)


class KafkaMappingExists(MappingExists):
    """source: the bootstrap servers, or the cluster's ARN (not recorded)."""

    def __init__(self, source: str, function_arn: str, topic: str, uuid: str) -> None:
        what = f'event source ("{source}"), function ("{function_arn}"), topics ("{topic}")'
        super().__init__(f"An event source mapping with {what}", uuid)


# What it connects


class MappedFunctionNotFound(InvalidParameter):
    """Not a 404, since the function is no part of the path. Also for a missing version or alias."""

    def __init__(self) -> None:
        super().__init__("Function does not exist")


class FunctionTimeoutTooLong(InvalidParameter):
    """Not recorded."""

    def __init__(self, timeout_s: int, limit_s: int) -> None:
        super().__init__(
            f"Function timeout: {timeout_s} seconds is greater than {limit_s} seconds, the most for this event source."
        )


class UnrecognizedEventSource(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Unrecognized event source.")


class SourceRefused(InvalidParameter):
    """The role of the function may not read it. AWS's text differs by the kind of source."""


class QueueMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )


class QueueUnreachable(InvalidParameter):
    """Whoever serves SQS does not answer, or refuses. Not recorded."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Error occurred while ReceiveMessage. {why}")


class StreamNotFound(InvalidParameter):
    def __init__(self, arn: str) -> None:
        super().__init__(f"Stream not found: {arn}")


class StreamUnreachable(InvalidParameter):
    """Whoever serves the stream does not answer, or refuses. Not recorded."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The stream cannot be read. {why}")


class VisibilityTooShort(InvalidParameter):
    """The words are known from public reports."""

    def __init__(self, queue_s: int, function_s: int) -> None:
        super().__init__(
            f"Queue visibility timeout: {queue_s} seconds is less than Function timeout: {function_s} seconds"
        )


# Members


class UnsupportedMember(InvalidParameter):
    """A member that this kind of source does not have. DestinationConfig is written as it is, all others quoted."""

    def __init__(self, member: str) -> None:
        shown = member if member == "DestinationConfig" else f"'{_spell(member)}'"
        super().__init__(f"Unsupported {shown} parameter for given event source mapping type.")


class MemberMissing(InvalidParameter):
    def __init__(self, member: str) -> None:
        super().__init__(f"Required '{_spell(member)}' parameter is missing.")


class StartingPositionMissing(InvalidParameter):
    """Of Kinesis and DynamoDB. Not a ValidationException, though it reads like one. docs/contract/api.md#validation."""

    def __init__(self) -> None:
        super().__init__(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )


class StartingPositionUnsupported(InvalidParameter):
    """None where one is needed, one where none is allowed, or one that this kind of source does not have."""

    def __init__(self, arn: str | None) -> None:
        super().__init__(f"Unsupported starting position for arn type: {arn or 'null'}")


class TimestampMissing(InvalidParameter):
    """The words are known from a public report."""

    def __init__(self) -> None:
        super().__init__("Need to specify a timestamp")


class TimestampUnsupported(InvalidParameter):
    """Not recorded."""

    def __init__(self) -> None:
        super().__init__("StartingPositionTimestamp is supported only with StartingPosition AT_TIMESTAMP.")


class TimestampInFuture(InvalidParameter):
    """Not recorded."""

    def __init__(self) -> None:
        super().__init__("StartingPositionTimestamp cannot be in the future.")


class FilterInvalid(InvalidParameter):
    """why: in the words of those who say more than mappings do; None: the text was no JSON."""

    def __init__(self, why: str | None = None) -> None:
        super().__init__("Invalid filter pattern definition.")
        self.why = why


class TooManyFilters(InvalidParameter):
    """Not recorded."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Number of filters exceeds the limit of {limit}.")


class BatchWindowMissing(InvalidParameter):
    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than {limit}"
        )


class BatchWindowForFifo(InvalidParameter):
    """The words are known from a public report."""

    def __init__(self) -> None:
        super().__init__("Batching window is not supported for FIFO queues")


class BatchTooLarge(InvalidParameter):
    """The words are known from public reports."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Maximum batch size must be between 1 and {limit} inclusive")


class RecordAgeInvalid(InvalidParameter):
    """The words are known from a public report."""

    def __init__(self) -> None:
        super().__init__("MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)")


class SourceAccessUnsupported(InvalidParameter):
    """Not recorded."""

    def __init__(self, type: str | None) -> None:
        super().__init__(f"Unsupported source access configuration type for given event source mapping type: {type}")


class PollersOutOfRange(InvalidParameter):
    """Not recorded."""

    def __init__(self, member: str, lowest: int, highest: int) -> None:
        super().__init__(f"{member} must be between {lowest} and {highest} for given event source mapping type.")


class PollersReversed(InvalidParameter):
    """Not recorded."""

    def __init__(self) -> None:
        super().__init__("MinimumPollers must be less than or equal to MaximumPollers.")


class PollersWithConcurrency(InvalidParameter):
    """Not recorded."""

    def __init__(self) -> None:
        super().__init__("ScalingConfig and ProvisionedPollerConfig cannot be used together.")


class OnlyWithPollers(InvalidParameter):
    """Not recorded."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} needs ProvisionedPollerConfig for given event source mapping type.")


class ConsumerGroupFixed(InvalidParameter):
    """Not recorded."""

    def __init__(self) -> None:
        super().__init__("ConsumerGroupId cannot be changed.")
