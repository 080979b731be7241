"""`lambda-emu build`: what `serve` would build, beforehand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, projects_argument, setting_options, settings_of

if TYPE_CHECKING:
    from lambda_emu.builds.source import Source
    from lambda_emu.config import Settings


@click.command(short_help="Build the code of a project beforehand.")
@projects_argument
@click.option("--output", type=click.Path(path_type=Path), help="A folder for what was built, by function.")
@setting_options("also", "region", "account", "parameter", "build_timeout_s", "cache_dir")
def build(projects: tuple[str, ...], output: Path | None, **flags: object) -> None:
    """Build what of the PROJECTS' code is not whole: dependencies that are not beside it, and sources to compile.

    `serve` does the same where it has to, and finds what was built here. The exit code is 1 where something could not
    be built.
    """
    from lambda_emu.project import ProjectError

    chosen = settings_of(projects, **flags)
    try:
        sources = _sources(chosen)
    except ProjectError as error:
        raise NotDone(str(error)) from error
    failed = _build(sources, chosen, output)
    click.get_current_context().exit(1 if failed else 0)


def _sources(chosen: Settings) -> list[Source]:
    """Of its template and of what lambda-emu.yaml says is to be built. ProjectError."""
    from lambda_emu.arn import Scope
    from lambda_emu.project.building import sources as project_sources
    from lambda_emu.templates.building import sources
    from lambda_emu.templates.serving import Chosen, read_declared

    wanted = Chosen(chosen.project, chosen.parameters, chosen.cache_dir / "templates", strict=False, also=chosen.also)
    declared = read_declared(wanted, Scope(chosen.account, chosen.region), None)
    of_stacks = [source for stack in declared.stacks for _, source in sources(stack)]
    return [*project_sources(declared.project), *of_stacks]


def _build(sources: list[Source], chosen: Settings, output: Path | None) -> bool:
    """Whether something failed; a line for each."""
    from lambda_emu.builds.builder import Builder
    from lambda_emu.builds.source import BuildFailed

    failed = False
    with show.progress("building") as progress:
        builder = Builder(chosen.cache_dir, chosen.build_timeout_s, progress)
        try:
            done = builder.build(sources)
        finally:
            builder.close()
    for source, built in zip(sources, done, strict=True):
        if isinstance(built, BuildFailed):
            failed = True
            terminal.echo(str(built), err=True)
            continue
        folder = built if built is not None and output is None else source.folder
        if output is not None:
            folder = output / source.name
            shutil.copytree(built or source.folder, folder, symlinks=True, dirs_exist_ok=True)
        terminal.echo(f"{source.name}: {'is whole as it lies, ' if built is None else ''}{folder}")
    if not sources:
        click.echo("There is no code to build.")
    return failed
