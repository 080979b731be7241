"""Errors of Firehose. Texts marked (?) are not recorded."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class FirehoseError(LambdaError):
    """What all of them have."""

    code, status = "InvalidArgumentException", 400


class UnknownFirehoseOperation(FirehoseError):
    code = "UnknownOperationException"

    def __init__(self) -> None:
        super().__init__(None)


class NoSuchDeliveryStream(FirehoseError):
    code = "ResourceNotFoundException"

    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Firehose {name} under account {account} not found.")


class DeliveryStreamExists(FirehoseError):
    code = "ResourceInUseException"

    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Firehose {name} under accountId {account} already exists")


class TooManyDeliveryStreams(FirehoseError):
    """So many in an account and region; AWS's number can be raised."""

    code = "LimitExceededException"

    def __init__(self, most: int) -> None:
        super().__init__(f"You have already consumed your firehose quota of {most} hoses.")


class NotOneDestination(FirehoseError):
    def __init__(self) -> None:
        super().__init__("Exactly one destination configuration is supported for a Firehose")


class NothingToUpdate(FirehoseError):
    def __init__(self) -> None:
        super().__init__("At least one destination or source configuration update must be provided")


class NotServed(FirehoseError):
    """AWS has it; what is served here instead stands in the text."""

    def __init__(self, what: str, served: str) -> None:
        super().__init__(f"lambda-emu's Firehose does not serve {what}: {served}")


class OtherVersion(FirehoseError):
    code = "ConcurrentModificationException"

    def __init__(self, name: str, current: int, given: str) -> None:
        super().__init__(
            f"Cannot update firehose: {name} since the current version id: {current} and specified version id: {given} "
            "do not match"
        )


class NoSuchDestination(FirehoseError):
    def __init__(self, id: str) -> None:
        super().__init__(f"Destination Id {id} not found")


class PrefixesInvalid(FirehoseError):
    """The mistake in the first word is AWS's."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Ths supplied prefix(es) do not satisfy the following constraint: {why}")


class BackupStays(FirehoseError):
    def __init__(self) -> None:
        super().__init__("Disabling S3 backup is not currently supported.")


class TypeStays(FirehoseError):
    def __init__(self, kind: str) -> None:
        super().__init__(f"Changing the destination type to or from {kind} is not supported at this time.")


class DeliveryDestinationInvalid(FirehoseError):
    """(?)"""


class SourceNotOfType(FirehoseError):
    def __init__(self) -> None:
        super().__init__("KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type")


class NoKinesisSource(FirehoseError):
    """(?)"""

    def __init__(self) -> None:
        super().__init__("KinesisStreamSourceConfiguration is required for KinesisStreamAsSource stream type")


class HasAnotherSource(FirehoseError):
    def __init__(self) -> None:
        super().__init__("This operation is not permitted on KinesisStreamAsSource delivery stream type.")


class RecordsTooLarge(FirehoseError):
    def __init__(self, most: int) -> None:
        super().__init__(f"The total size of the records exceeds the maximum allowed size of {most} bytes.")  # (?)


class TagsInvalid(FirehoseError):
    """(?)"""


class SlowDown(FirehoseError):
    """Nothing more is taken now: too much waits to be delivered, or it cannot be kept."""

    code, status = "ServiceUnavailableException", 503

    def __init__(self) -> None:
        super().__init__("Slow down.")
