"""Why a neighbour could not answer. Our own texts; the code and the status are those that SDKs try again for."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class NeighbourLost(LambdaError):
    """It cannot be reached, or did not answer. what: it did instead."""

    code, status, text_key, kind = "ServiceUnavailable", 503, "Message", "Service"

    def __init__(self, name: str, where: str, what: str) -> None:
        super().__init__(f"{where}, which --service names for {name}, {what}.")


class NeighbourLeadsBack(LambdaError):
    """It passes on to us what we pass on to it. SDKs do not try that again."""

    code, status, text_key, kind = "LoopDetected", 508, "Message", "Service"

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"{where}, which --service names for {name}, leads back to lambda-emu: name who serves it.")


class NeighbourBusy(LambdaError):
    """As many requests wait for it as may."""

    code, status, text_key, kind = "SlowDown", 503, "Message", "Service"

    def __init__(self, where: str, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait for {where}; try again in a moment.")


class CannotSign(LambdaError):
    """A request cannot be signed for AWS: there is nobody to sign as, or its body is not what it says."""

    code, status, text_key, kind = "InvalidClientTokenId", 403, "Message", "User"
