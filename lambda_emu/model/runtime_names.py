"""Which runtime identifiers a function may be created with or updated to. Contract: api.md 1.3, rule 3."""

from __future__ import annotations

from lambda_emu.errors import DeprecatedRuntime, UnknownRuntime

# In AWS's own order, recorded January 2026.
SUPPORTED = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25"),
    *("python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17"),
    *("nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)

DEPRECATED = frozenset(
    (
        *(
            "nodejs",
            "nodejs4.3",
            "nodejs4.3-edge",
            "nodejs6.10",
            "nodejs8.10",
            "nodejs10.x",
            "nodejs12.x",
            "nodejs14.x",
        ),
        *("java8", "python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7", "go1.x", "provided"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    )
)

_SNAP_START = (("python", (3, 12)), ("java", (11,)), ("dotnet", (8,)))


def check(runtime: str, *, runnable: bool) -> None:
    """Raises DeprecatedRuntime, UnknownRuntime. runnable: our own catalogue has it, which is enough."""
    if runnable or runtime in SUPPORTED:
        return
    raise DeprecatedRuntime(runtime) if runtime in DEPRECATED else UnknownRuntime(runtime, SUPPORTED)


def can_snap_start(runtime: str) -> bool:
    """Whether AWS offers SnapStart for it: Python from 3.12, Java from 11, .NET from 8."""
    for language, first in _SNAP_START:
        version = runtime.removeprefix(language).split(".")
        if runtime.startswith(language) and all(part.isdigit() for part in version):
            return tuple(map(int, version)) >= first
    return False
