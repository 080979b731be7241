"""What the operations on runtime management refuse."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter


class RuntimeVersionMissing(InvalidParameter):
    """Manual without the version it is to stay at. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.")
