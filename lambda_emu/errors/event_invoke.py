"""What the operations on event invoke configurations refuse. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import NotFound


class NoFunctionForEvents(NotFound):
    """Of Put, Update and List; Put says it of a missing version or alias too."""

    def __init__(self) -> None:
        super().__init__("The function doesn't exist.")


class NoEventInvokeConfig(NotFound):
    """`arn` has a qualifier always. Get and Delete say it of a missing function too."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The function {arn} doesn't have an EventInvokeConfig")


class NothingForEvents(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("You must specify at least one of error handling or destination setting.")


class DestinationInvalid(InvalidParameter):
    """A function that is not there; of a mapping, what takes no failed batches (not recorded)."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The destination ARN {arn} is invalid.")


class DestinationIsItself(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("You can't specify the function as a destination for itself.")


class DestinationConfigInvalid(InvalidParameter):
    """A service that takes no records."""

    def __init__(self, on_success: str | None, on_failure: str | None) -> None:
        super().__init__(
            "The provided destination config DestinationConfig("
            f"onSuccess={_shown('OnSuccess', on_success)}, onFailure={_shown('OnFailure', on_failure)}) is invalid."
        )


def _shown(outcome: str, arn: str | None) -> str:
    return "null" if arn is None else f"{outcome}(destination={arn})"
