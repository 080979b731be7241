"""What the operations on function URLs refuse. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.resources import Conflict, NotFound


class NoFunctionForUrl(NotFound):
    """A function or alias. Get and Delete say ResourceMissing instead."""

    def __init__(self) -> None:
        super().__init__("Function does not exist")


class UrlExists(Conflict):
    """Recorded with two spaces."""

    def __init__(self, arn: str) -> None:
        super().__init__(
            f"Failed to create function url config for [functionArn = {arn}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        )
