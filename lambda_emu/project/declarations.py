"""What a project declares, checked and with its defaults: data only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

NOTHING: Mapping[str, Any] = MappingProxyType({})


class ProjectError(Exception):
    """A project that cannot be served; a line for each mistake, which names file, line and key."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class Declared(Struct, frozen=True):
    """A member of `resources:`, or of a function's `events:`, which has the name of what it comes from.

    kind: `queue`, `s3`. fields: those that are written. places: where it and each key stand, the first as `name`.
    """

    kind: str
    name: str
    fields: Mapping[str, Any] = NOTHING
    places: Mapping[str, str] = NOTHING

    def place(self, key: str = "name") -> str:
        """Of a key, or of the whole where it is not written."""
        return self.places.get(key, self.places["name"])


class DeclaredFunction(Struct, frozen=True):
    """One member of `functions:`. Paths are absolute and existed when the project was read.

    code: a folder or a zip; layers: the same, or ARNs, in mount order. role: None for a made-up one.
    build: how the code is built; None: it is whole.
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
    layers: tuple[Path | str, ...] = ()
    reserved_concurrency: int | None = None
    architecture: str = "x86_64"
    description: str = ""
    role: str | None = None
    log_format: str = "Text"
    tags: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    build: str | None = None
    events: tuple[Declared, ...] = ()
    places: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def own_layers(self) -> tuple[Path, ...]:
        """Those that lie here."""
        return tuple(layer for layer in self.layers if isinstance(layer, Path))


class Project(Struct, frozen=True):
    """folder: what relative paths are relative to."""

    folder: Path
    functions: tuple[DeclaredFunction, ...] = ()
    resources: tuple[Declared, ...] = ()

    @property
    def has_services(self) -> bool:
        """Whether anything is declared beside functions."""
        return bool(self.resources) or any(function.events for function in self.functions)

    def only(self, name: str) -> Project:
        """One function that nothing else has run, or none if no function has this name."""
        chosen = (replace(function, events=()) for function in self.functions if function.name == name)
        return Project(self.folder, tuple(chosen))
