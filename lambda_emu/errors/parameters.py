"""A business rule of Lambda says no: InvalidParameterValueException. Contract: api.md 1.3."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.base import LambdaError


class InvalidParameter(LambdaError):
    """A business rule of Lambda says no."""

    code, status = "InvalidParameterValueException", 400


# Names and qualifiers


class QualifierMismatch(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("The derived qualifier from the function name does not match the specified qualifier.")


class NameTooLong(InvalidParameter):
    """Only CreateFunction says it; elsewhere such a name is simply not found. Contract 1.4."""

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


class UnqualifiedOnly(InvalidParameter):
    """An operation on the function as a whole was given a version or an alias."""

    def __init__(self) -> None:
        super().__init__(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )


# Code


class InvalidZip(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Could not unzip uploaded file. Please check your file, then try to upload again.")


class UnzippedTooLarge(InvalidParameter):
    def __init__(self, limit_bytes: int = 262_144_000) -> None:
        super().__init__(f"Unzipped size must be smaller than {limit_bytes} bytes")


class TooManyFolders(InvalidParameter):
    """AWS names no such limit; here each folder is one in every environment."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Unzipped, the code has more than {limit} folders; lambda-emu takes no more")


class CodeMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please provide a source for function code.")


class CodeTwice(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please do not provide other FunctionCode parameters when providing a ZipFile.")


class CodeWithLayersTooLarge(InvalidParameter):
    def __init__(self, size_bytes: int, limit_bytes: int = 262_144_000) -> None:
        super().__init__(
            f"Function code combined with layers exceeds the maximum allowed size of {limit_bytes} bytes. "
            f"The actual size is {size_bytes} bytes."
        )


class RuntimeAndHandlerMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Runtime and Handler are mandatory parameters for functions created with deployment packages.")


# Runtime and environment


class UnknownRuntime(InvalidParameter):
    """Not a ValidationException, though it reads like one. Contract 1.3, rule 3."""

    def __init__(self, runtime: str, supported: Sequence[str]) -> None:
        super().__init__(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(supported)}] or be a valid ARN"
        )


class DeprecatedRuntime(InvalidParameter):
    def __init__(self, runtime: str) -> None:
        super().__init__(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )


class EnvironmentTooLarge(InvalidParameter):
    """`measured` is the JSON whose length counts."""

    def __init__(self, measured: str) -> None:
        super().__init__(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )


class NulInside(InvalidParameter):
    """No program can be given it. AWS's words are not recorded."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} holds a NUL character, which no program can be started with.")


class ReservedEnvironmentKeys(InvalidParameter):
    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(keys)}"
        )


class NoSnapStart(InvalidParameter):
    def __init__(self, runtime: str) -> None:
        super().__init__(f"{runtime} is not supported for SnapStart enabled functions.")


class CustomRuntimeUnknown(InvalidParameter):
    """A customer-managed runtime; there is none here. AWS's text is not recorded."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The runtime {arn} does not exist.")


# Layers


class TooManyLayers(InvalidParameter):
    def __init__(self, limit: int = 5) -> None:
        super().__init__(f"Cannot reference more than {limit} layers.")


class LayerVersionUnknown(InvalidParameter):
    """On attaching to a function; the layer's own operations answer 404."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Layer version {arn} does not exist.")


class LayerTwice(InvalidParameter):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{first} and {second} are versions of the same layer."
        )


class LayerOfOtherRegion(InvalidParameter):
    def __init__(self, region: str) -> None:
        super().__init__(
            f"Layers are not in the same region as the function. Layers are expected to be in region {region}."
        )


# The rest


class LevelsWithText(InvalidParameter):
    def __init__(self) -> None:
        super().__init__(
            'LogLevel is not supported when LogFormat is set to "Text". '
            'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
        )


class MarkerInvalid(InvalidParameter):
    """A Marker we did not hand out. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Invalid Marker")


class TooManyTags(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Number of tags exceeds resource tag limit.")


class ReservedConcurrencyTooHigh(InvalidParameter):
    """Recorded without a Type."""

    kind = None

    def __init__(self, minimum_unreserved: int) -> None:
        super().__init__(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum_unreserved}]."
        )
