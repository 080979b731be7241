"""Errors of Kinesis. Texts marked (?) are not recorded. docs/services.md#errors."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class KinesisError(LambdaError):
    code, status = "InvalidArgumentException", 400


class InvalidArgument(KinesisError):
    """One whose text whoever knows the rule writes."""


class UnknownKinesisOperation(KinesisError):
    code = "UnknownOperationException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Kinesis has no operation {name} here" if name else None)


class NotForMode(KinesisError):
    """Something of provisioned streams alone. (?)"""

    code = "ValidationException"

    def __init__(self, text: str) -> None:
        super().__init__(text)


class NoSuchStream(KinesisError):
    code = "ResourceNotFoundException"

    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Stream {name} under account {account} not found.")


class NoSuchShard(KinesisError):
    code = "ResourceNotFoundException"

    def __init__(self, shard: str, name: str, account: str) -> None:
        super().__init__(f"Could not find shard {shard} in stream {name} under account {account}.")


class NoSuchConsumer(KinesisError):
    code = "ResourceNotFoundException"

    def __init__(self, consumer: str, account: str) -> None:
        super().__init__(f"Consumer {consumer} under account {account} not found.")  # (?)


class NoSuchResource(KinesisError):
    code = "ResourceNotFoundException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource {arn} not found.")  # (?)


class InUse(KinesisError):
    code = "ResourceInUseException"


class LimitExceeded(KinesisError):
    code = "LimitExceededException"


class ThroughputExceeded(KinesisError):
    code = "ProvisionedThroughputExceededException"

    def __init__(self, shard: str, name: str, account: str) -> None:
        super().__init__(f"Rate exceeded for shard {shard} in stream {name} under account {account}.")


class ExpiredIterator(KinesisError):
    code = "ExpiredIteratorException"

    def __init__(self, made: str, now: str, tolerated_ms: int) -> None:
        super().__init__(
            f"Iterator expired. The iterator was created at time {made} while right now it is {now} which is further "
            f"in the future than the tolerated delay of {tolerated_ms} milliseconds."
        )


class ExpiredToken(KinesisError):
    code = "ExpiredNextTokenException"

    def __init__(self) -> None:
        super().__init__("The NextToken has expired.")  # (?)


class KinesisFailure(KinesisError):
    """Nothing was changed, or nobody knows: whoever asked asks again."""

    code, status = "InternalFailure", 500

    def __init__(self) -> None:
        super().__init__("The stream could not be written or read; the emulator's log has why.")
