"""Why the child could not answer. Our own texts."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError

EXTRA = "lambda-emu[services]"


class ServicesMissing(LambdaError):
    """moto is not installed; library: what of it cannot be imported."""

    code, status, text_key, kind = "NotImplementedException", 501, "Message", "Service"

    def __init__(self, library: str) -> None:
        super().__init__(f"This service is served by {library}, which is not installed: pip install '{EXTRA}'")


class ChildLost(LambdaError):
    """It was killed, or could not be started; who asks again finds a new one."""

    code, status, text_key, kind = "ServiceUnavailable", 503, "Message", "Service"

    def __init__(self, what: str) -> None:
        super().__init__(f"The process that serves this {what}; try again.")


class ChildBusy(LambdaError):
    """As many requests wait for it as may."""

    code, status, text_key, kind = "SlowDown", 503, "Message", "Service"

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait for the process that serves this; try again in a moment.")


class InvalidBucketName(LambdaError):
    """S3's words."""

    code, status, kind = "InvalidBucketName", 400, None

    def __init__(self) -> None:
        super().__init__("The specified bucket is not valid.")


class EntityTooLarge(LambdaError):
    """S3's words."""

    code, status, kind = "EntityTooLarge", 400, None

    def __init__(self) -> None:
        super().__init__("Your proposed upload exceeds the maximum allowed size")
