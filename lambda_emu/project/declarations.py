"""What a project declares, checked and with its defaults: data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


class ProjectError(Exception):
    """A project that cannot be served; a line for each mistake, which names file, line and key."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """One member of `functions:`. Paths are absolute and existed when the project was read.

    code: a folder or a zip; layers: the same, in mount order. role: None for a made-up one.
    places: where the name and each key stand, `lambda-emu.yaml:12: functions.hello.code`.
    """

    name: str
    runtime: str
    handler: str
    code: Path
    memory_mb: int = 128
    timeout_s: int = 3
    ephemeral_storage_mb: int = 512
    environment: Mapping[str, str] | None = None
    layers: tuple[Path, ...] = ()
    reserved_concurrency: int | None = None
    architecture: str = "x86_64"
    description: str = ""
    role: str | None = None
    log_format: str = "Text"
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)


@dataclass(frozen=True, slots=True)
class Project:
    """folder: what relative paths are relative to."""

    folder: Path
    functions: tuple[DeclaredFunction, ...] = ()

    def only(self, name: str) -> Project:
        """The same with one function, or none if no function has this name."""
        return Project(self.folder, tuple(function for function in self.functions if function.name == name))
