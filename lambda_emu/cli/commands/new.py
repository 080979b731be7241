"""`lambda-emu new`: a small project to begin with."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from lambda_emu.cli import terminal
from lambda_emu.cli.options import NotDone
from lambda_emu.cli.starters import STARTERS, folder_of

MADE = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "target", "*.lock")
"""What those who tried one in a checkout left there."""


@click.command(short_help="Begin a project.")
@click.argument("kind", type=click.Choice([*STARTERS]))
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def new(kind: str, folder: Path | None) -> None:
    """Write a small project of a KIND into FOLDER, which is new or empty; without one into a folder called as the kind.

    \b
    python, node, typescript, java, go, rust: a function that greets
    api: notes in a table, by an HTTP API
    queue: orders from a queue
    photo: photos that come to a bucket are measured
    """
    target = folder or Path(kind)
    try:
        if target.exists() and any(target.iterdir()):
            raise NotDone(f"{target} is not empty; name a new folder: lambda-emu new {kind} FOLDER")
        shutil.copytree(folder_of(kind), target, ignore=MADE, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise NotDone(f"{target} cannot be written: {error}") from error
    terminal.echo(f"{target} has {STARTERS[kind].what}:")
    for file in sorted(path for path in target.rglob("*") if path.is_file()):
        terminal.echo(f"  {file}")
    terminal.echo(f"Now: lambda-emu serve {target}")
    terminal.echo(f"and: {STARTERS[kind].ask}")
