"""What of a project's code is to be built, built; its declarations then name what was built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from lambda_emu.builds.builder import Builder
from lambda_emu.builds.source import BuildFailed, Source
from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError


def sources(project: Project) -> Iterator[Source]:
    """Of the functions that say how they are built; an archive is whole."""
    for function in project.functions:
        if function.build is not None and function.code.is_dir():
            yield Source(
                function.name, function.code, function.runtime, function.architecture, function.handler, function.build
            )


def built(project: Project, builder: Builder) -> Project:
    """The same project, whose functions have the code that was built. Blocks. ProjectError, a line for each."""
    asked = [*sources(project)]
    done = {source.name: one for source, one in zip(asked, builder.build(asked), strict=True)}
    mistakes = [
        f"{function.places['build']}: {done[function.name]}"
        for function in project.functions
        if isinstance(done.get(function.name), BuildFailed)
    ]
    if mistakes:
        raise ProjectError(mistakes)

    def with_code(function: DeclaredFunction) -> DeclaredFunction:
        folder = done.get(function.name)
        return replace(function, code=folder) if isinstance(folder, Path) else function

    return replace(project, functions=tuple(map(with_code, project.functions)))
