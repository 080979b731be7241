"""What AWS says of runtime identifiers beyond the catalogue. docs/contract/api.md#validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambda_emu.errors.base import InvalidParameter

# What UnknownRuntime lists, in AWS's own order, recorded January 2026.
LISTED = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25"),
    *("python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17"),
    *("nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)

# What ListLayers lists: the names AWS itself uses or used, old ones too. Recorded in 2025.
LISTED_FOR_LAYERS = (
    *("ruby3.5", "ruby2.6", "dotnetcore1.0", "python3.7", "nodejs8.10", "nasa", "ruby2.7", "python2.7-greengrass"),
    *("dotnetcore2.0", "python3.8", "java21", "dotnet6", "dotnetcore2.1", "python3.9", "java11", "nodejs6.10"),
    *("provided", "dotnetcore3.1", "dotnet8", "java25", "java17", "nodejs", "nodejs4.3", "java8.al2", "go1.x"),
    *("dotnet10", "nodejs20.x", "go1.9", "byol", "nodejs10.x", "provided.al2023", "nodejs22.x", "python3.10", "java8"),
    *("nodejs12.x", "python3.11", "nodejs24.x", "nodejs8.x", "python3.12", "nodejs14.x", "nodejs8.9", "nodejs26.x"),
    *("python3.13", "python3.14", "nodejs16.x", "python3.15", "provided.al2", "nodejs4.3-edge", "nodejs18.x"),
    *("ruby3.2", "python3.4", "ruby3.3", "ruby3.4", "ruby2.5", "python3.6", "python2.7"),
)

_SNAP_START = {"python": (3, 12), "java": (11,), "dotnet": (8,)}
_ON_INSTANCES = {"python": (3, 13), "nodejs": (22,), "java": (21,), "dotnet": (8,)}


def can_snap_start(runtime: str) -> bool:
    """Whether AWS offers SnapStart for it: Python from 3.12, Java from 11, .NET from 8."""
    return _reaches(runtime, _SNAP_START)


def can_run_on_instances(runtime: str) -> bool:
    """Whether it serves several invocations at once, as it must on Managed Instances. From AWS's guide."""
    return runtime == "provided.al2023" or _reaches(runtime, _ON_INSTANCES)


def _reaches(runtime: str, first: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether it is of one of these languages, and not before that version."""
    for language in first:
        version = runtime.removeprefix(language).removesuffix(".al2023").removesuffix(".x").split(".")
        if runtime.startswith(language) and all(part.isdigit() for part in version):
            return tuple(map(int, version)) >= first[language]
    return False


class UnknownRuntime(InvalidParameter):
    """Not a ValidationException, though it reads like one. docs/contract/api.md#validation."""

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
