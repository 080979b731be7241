"""Code as it lies, and what was built of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Source(Struct, frozen=True):
    """name: of the function or layer, as its users know it. folder: absolute; it exists.

    method: how it is to be built, in SAM's words or ours; None: by what lies there. options: of that method, as SAM's
    """

    name: str
    folder: Path
    runtime: str
    architecture: str = "x86_64"
    handler: str = ""
    method: str | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    is_layer: bool = False

    @property
    def family(self) -> str:
        """`python` of `python3.13`, `provided` of `provided.al2023`."""
        return self.runtime.partition(".")[0].rstrip("0123456789")


class ImageSource(Struct, frozen=True):
    """What an image is built of, as `sam build` is told it. name: of its function. context: absolute; it exists.

    dockerfile: its path, from the context. arguments: of the Dockerfile's ARGs. target: a stage of it; None: the last.
    """

    name: str
    context: Path
    dockerfile: str
    arguments: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    target: str | None = None
    architecture: str = "x86_64"


class BuiltImage(Struct, frozen=True):
    """By the name that the engine has it under."""

    name: str


class BuildFailed(Exception):
    """What could not be built, and why; the first line tells it."""

    def __init__(self, source: Source | ImageSource, why: str) -> None:
        super().__init__(f"{source.name} cannot be built: {why}")


class UnknownMethod(BuildFailed):
    def __init__(self, source: Source, known: str) -> None:
        super().__init__(source, f"{source.method!r} is no way to build that is known here; there are {known}")


class NothingToBuild(BuildFailed):
    """A way was chosen, and what it begins with is not there."""

    def __init__(self, source: Source, method: str, manifests: str) -> None:
        super().__init__(source, f"{method} needs a {manifests}, and there is none in {source.folder}")


class ToolMissing(BuildFailed):
    def __init__(self, source: Source, tool: str, how: str) -> None:
        super().__init__(source, f"it needs {tool}, which is not here: {how}")
