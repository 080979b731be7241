"""`lambda-emu serve`: the server, until it is stopped."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

import click

from lambda_emu.cli import terminal
from lambda_emu.cli.options import NotDone, projects_argument, setting_options, settings_of
from lambda_emu.cli.other_tools import find_others, is_others
from lambda_emu.config import mistaken_variables
from lambda_emu.signals import exit_when_told
from lambda_emu.templates.found import find_template


@click.command(short_help="Serve the Lambda API for a project.")
@projects_argument
@setting_options()
def serve(projects: tuple[str, ...], **flags: object) -> None:
    """Serve the Lambda API for PROJECT, a folder with a lambda-emu.yaml or the file itself.

    A folder that declares no functions there may have a template of AWS SAM or CloudFormation: template.yaml, .yml or
    .json. What it says and has no effect here is told; what `sam build` made of it is taken where that is newer.

    Of several PROJECTs the first has the settings; each other one is a folder or a file with a template, or the one
    with a lambda-emu.yaml. Stacks that export something are made before those that import it.

    Without PROJECT the present folder is taken; one without a project serves an empty account. Each option can also be
    given as a variable, LAMBDA_EMU_PORT=9001 for instance, or in lambda-emu.yaml below `settings:`. Ctrl-C stops the
    server: it lets what runs go on for --grace-s and ends within five seconds more, or ten in all where that is
    longer; a second Ctrl-C ends the grace.
    """
    exit_when_told()  # before anything that takes time: as PID 1 of a container the system's default is to ignore it
    chosen = settings_of(projects, **flags)
    if is_others(chosen.project):
        raise NotDone(f"{find_others(chosen.project.parent)}.")
    for mistaken in mistaken_variables():
        terminal.echo(mistaken, err=True)
    gc.disable()  # what is imported from here on stays; `run` enables it when it serves
    try:
        from lambda_emu.cli.running import run
        from lambda_emu.cli.start import starting
        from lambda_emu.services.catalogue import misnamed

        for name in chosen.elsewhere:
            if (meant := misnamed(name)) is not None:
                terminal.echo(f"--service {name} has no effect: the name is {meant}, as the AWS CLI has it", err=True)
        nothing_read = not chosen.project_file.exists() and find_template(chosen.project) is None
        if nothing_read and (told := find_others(chosen.project) or _nothing(chosen.project, projects)) is not None:
            terminal.echo(told, err=True)
        with starting(chosen):
            code = run(chosen)
    finally:
        gc.enable()
    click.get_current_context().exit(code)


def _nothing(folder: Path, projects: Sequence[str]) -> str | None:
    """What to tell of a folder without any project. None where nobody named it."""
    if not projects:
        return None
    return f"{folder} has neither a lambda-emu.yaml nor a template; `lambda-emu new` makes a project"
