"""The service cannot take or finish the request now."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class TooManyRequests(LambdaError):
    """More invocations at once than a limit allows. docs/contract/invoke.md#throttling."""

    code, status = "TooManyRequestsException", 429

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class ServiceFailure(LambdaError):
    """The emulator or its engine could not do its part."""

    code, status, text_key, kind = "ServiceException", 500, "Message", "Service"


class ShuttingDown(LambdaError):
    """The emulator was told to stop and begins nothing any more."""

    code, status, text_key, kind = "ServiceException", 503, "Message", "Service"

    def __init__(self) -> None:
        super().__init__("lambda-emu is shutting down.")


class NoRoom(LambdaError):
    """The machine's disk is full. Nothing of the request was kept; AWS has no such answer."""

    code, status, text_key, kind = "ServiceException", 507, "Message", "Service"

    def __init__(self, why: str) -> None:
        super().__init__(f"There is no room left where lambda-emu keeps its data: {why}. Nothing was changed.")


class ServiceUnavailable(LambdaError):
    """No memory or no descriptor is left for another request: one of the errors that AWS's services have in common."""

    code, status, kind = "ServiceUnavailableException", 503, "Service"

    def __init__(self) -> None:
        super().__init__("Too many requests or connections at once")


class NotBuiltYet(LambdaError):
    """AWS has the operation or the choice, lambda-emu does not yet; the text names it."""

    code, status, text_key, kind = "NotImplementedException", 501, "Message", "Service"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not built into lambda-emu yet")
