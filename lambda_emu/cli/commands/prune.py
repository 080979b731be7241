"""`lambda-emu prune`: ends what killed emulators left behind."""

from __future__ import annotations

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, json_option, settings


@click.command(short_help="Remove what emulators left that no longer run.")
@click.option("--all", "everything", is_flag=True, help="Also end the containers of emulators that still run.")
@click.option("--images", is_flag=True, help="Also remove images that other versions' recipes made.")
@json_option
def prune(everything: bool, images: bool, as_json: bool) -> None:
    """Remove containers, images and temporary folders of emulators that no longer run.

    Of the images that lambda-emu built for runtimes those go that nobody has run for two weeks, or whose name went to a
    newer build; those of the recipes that are here stay. --images removes all but the latter, whoever uses them: other
    checkouts and versions build theirs again. Those that functions' Dockerfiles were built to go after two weeks too,
    or all with --images, and those that were pulled from an emulator's registry where nobody answers any more. What a
    container uses stays.
    """
    from msgspec.structs import asdict

    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.prune import prune

    removed = False
    try:
        for one in prune(settings().cache_dir, everything, images):
            removed = True
            show.json_line(asdict(one)) if as_json else terminal.echo(f"removed {one.id} ({one.status})")
    except SandboxError as error:
        raise NotDone(f"Folders are done; containers and images were not looked at: {error}") from error
    if not removed and not as_json:
        click.echo("Nothing to remove.")
