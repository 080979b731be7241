"""What is refused about creating, changing and publishing a function. docs/contract/api.md#texts."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.base import InvalidParameter, LambdaError
from lambda_emu.errors.resources import Conflict


class NameTooLong(InvalidParameter):
    """Only CreateFunction says it; elsewhere such a name is simply not found. docs/contract/api.md#names."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64"
        )


class LatestNotDeletable(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("$LATEST version cannot be deleted without deleting the function.")


class AliasNotDeletable(InvalidParameter):
    """DeleteFunction with any qualifier that could name an alias."""

    def __init__(self) -> None:
        super().__init__("Deletion of aliases is not currently supported.")


class CodeWithLayersTooLarge(InvalidParameter):
    def __init__(self, size_bytes: int, limit_bytes: int = 262_144_000) -> None:
        super().__init__(
            f"Function code combined with layers exceeds the maximum allowed size of {limit_bytes} bytes. "
            f"The actual size is {size_bytes} bytes."
        )


class RuntimeAndHandlerMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Runtime and Handler are mandatory parameters for functions created with deployment packages.")


class NulInside(InvalidParameter):
    """No program can be given it. AWS's words are not recorded."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} holds a NUL character, which no program can be started with.")


class NoSnapStart(InvalidParameter):
    def __init__(self, runtime: str) -> None:
        super().__init__(f"{runtime} is not supported for SnapStart enabled functions.")


class CustomRuntimeUnknown(InvalidParameter):
    """A customer-managed runtime; there is none here. AWS's text is not recorded."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The runtime {arn} does not exist.")


class CodeChanged(InvalidParameter):
    """PublishVersion was meant for other code than $LATEST has now."""

    def __init__(self, given: str, current: str) -> None:
        super().__init__(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


class VersionInUse(Conflict):
    """A version that aliases point to cannot be deleted."""

    def __init__(self, aliases: Sequence[str]) -> None:
        super().__init__(f"Unable to delete version because the following aliases reference it: [{', '.join(aliases)}]")


class MemoryAboveLimit(LambdaError):
    """More memory than the account may give a function; the text has no prefix. docs/contract/api.md#texts."""

    code, status, kind = "ValidationException", 400, None

    def __init__(self, limit_mb: int) -> None:
        super().__init__(
            f"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {limit_mb}"
        )


class FunctionExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"Function already exist: {name}")
