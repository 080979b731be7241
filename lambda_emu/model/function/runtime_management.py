"""When a function's runtime is updated. Here it never is: the image is what it is.

docs/contract/api.md#runtime-management-and-recursion.
"""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.errors.base import InvalidParameter


class RuntimeManagement(Struct, frozen=True):
    """update_on: Auto, FunctionUpdate or Manual; the last one names a runtime version."""

    update_on: str = "Auto"
    version_arn: str | None = None

    @classmethod
    def of(cls, update_on: str, version_arn: str | None) -> RuntimeManagement:
        """As a request states it; a version means nothing but with Manual (not recorded). RuntimeVersionMissing."""
        if update_on != "Manual":
            return cls(update_on)
        if version_arn is None:
            raise RuntimeVersionMissing
        return cls(update_on, version_arn)


class RuntimeVersionMissing(InvalidParameter):
    """Manual without the version it is to stay at. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.")
