"""What AWS says of runtime identifiers beyond the catalogue. Contract: api.md 1.3."""

from __future__ import annotations

# What UnknownRuntime lists, in AWS's own order, recorded January 2026.
LISTED = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25"),
    *("python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17"),
    *("nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)

_SNAP_START = (("python", (3, 12)), ("java", (11,)), ("dotnet", (8,)))


def can_snap_start(runtime: str) -> bool:
    """Whether AWS offers SnapStart for it: Python from 3.12, Java from 11, .NET from 8."""
    for language, first in _SNAP_START:
        version = runtime.removeprefix(language).removesuffix(".al2023").split(".")
        if runtime.startswith(language) and all(part.isdigit() for part in version):
            return tuple(map(int, version)) >= first
    return False
