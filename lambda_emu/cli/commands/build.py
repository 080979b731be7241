"""`lambda-emu build`: what `serve` would build, beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, projects_argument, setting_options, settings_of

if TYPE_CHECKING:
    from lambda_emu.builds.builder import Built
    from lambda_emu.builds.output import Output
    from lambda_emu.builds.source import ImageSource, Source
    from lambda_emu.config import Settings


@click.command(short_help="Build the code of a project beforehand.")
@projects_argument
@click.option("--output", type=click.Path(path_type=Path), help="A folder for what was built, by function.")
@setting_options("also", "region", "account", "parameter", "build_timeout_s", "cache_dir")
def build(projects: tuple[str, ...], output: Path | None, **flags: object) -> None:
    """Build what of the PROJECTS' code is not whole: dependencies that are not beside it, sources to compile, and
    images that a Dockerfile says how to make.

    `serve` does the same where it has to, and finds what was built here. The exit code is 1 where something could not
    be built.
    """
    from lambda_emu.project import ProjectError

    chosen = settings_of(projects, **flags)
    try:
        wanted = _sources(chosen)
    except ProjectError as error:
        raise NotDone(str(error)) from error
    if not wanted:
        click.echo("There is no code to build.")
        return
    put = None if output is None else _output(output, wanted)
    failed = False
    for (name, source), built in zip(wanted, _build([source for _, source in wanted], chosen), strict=True):
        failed = not _told(name, source, built, put) or failed
    click.get_current_context().exit(1 if failed else 0)


def _sources(chosen: Settings) -> list[tuple[str, Source | ImageSource]]:
    """By name: of its template, of those within it, and of what lambda-emu.yaml says is to be built. ProjectError."""
    from lambda_emu.arn import Scope
    from lambda_emu.project.building import sources as project_sources
    from lambda_emu.templates.building import sources
    from lambda_emu.templates.serving import Chosen, read_declared
    from lambda_emu.templates.within import stacks_within

    cache, also, layers = chosen.cache_dir / "templates", chosen.also, chosen.layers
    wanted = Chosen(chosen.project, chosen.parameters, cache, strict=False, also=also, layers=layers)
    declared = read_declared(wanted, Scope(chosen.account, chosen.region), None)
    found: list[tuple[str, Source | ImageSource]] = [
        (source.name, source) for source in project_sources(declared.project)
    ]
    for outermost in declared.stacks:
        first = (outermost.name,) if len(declared.stacks) > 1 else ()
        for above, stack in (((), outermost), *stacks_within(outermost)):
            found += [("/".join((*first, *above, source.name)), source) for _, source in sources(stack)]
    return found


def _output(folder: Path, wanted: list[tuple[str, Source | ImageSource]]) -> Output:
    """For what is no image: those are the engine's."""
    from lambda_emu.builds.output import NoOutput, Output
    from lambda_emu.builds.source import Source

    by_name: dict[str, Path] = {}
    for name, source in wanted:
        if not isinstance(source, Source):
            continue
        if name in by_name:
            raise NotDone(f"{name!r} is the name of two: each needs a folder of its own")
        by_name[name] = source.folder
    try:
        return Output(folder, by_name)
    except (NoOutput, OSError) as error:
        raise NotDone(str(error)) from error


def _build(sources: list[Source | ImageSource], chosen: Settings) -> list[Built | None]:
    from lambda_emu.builds.bounded import Bounds
    from lambda_emu.builds.builder import Builder

    with show.progress("building") as progress:
        builder = Builder(chosen.cache_dir, Bounds(chosen.build_timeout_s), progress, has_images=True)
        try:
            return builder.build(sources)
        finally:
            builder.close()


def _told(name: str, source: Source | ImageSource, built: Built | None, output: Output | None) -> bool:
    """A line for each. Whether it was built."""
    from lambda_emu.builds.source import BuildFailed, BuiltImage, Source

    if isinstance(built, BuildFailed):
        terminal.echo(str(built), err=True)
        return False
    if isinstance(built, BuiltImage):
        terminal.echo(f"{name}: image {built.name}")
        return True
    assert isinstance(source, Source), "what is made of another is an image"
    folder = built or source.folder
    try:
        folder = folder if output is None else output.put(name, folder)
    except OSError as error:  # shutil.Error too
        raise NotDone(f"{name} was not copied: {error}") from error
    terminal.echo(f"{name}: {'is whole as it lies, ' if built is None else ''}{folder}")
    return True
