"""`lambda-emu prune`: ends what killed emulators left behind."""

from __future__ import annotations

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, json_option


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also end the containers of emulators that still run.")
@json_option
def prune(everything: bool, as_json: bool) -> None:
    """Remove containers, images and temporary folders of emulators that no longer run."""
    from msgspec.structs import asdict

    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.prune import prune

    removed = False
    try:
        for one in prune(everything):
            removed = True
            show.json_line(asdict(one)) if as_json else terminal.echo(f"removed {one.id} ({one.status})")
    except SandboxError as error:
        raise NotDone(f"Folders are done; containers and images were not looked at: {error}") from error
    if not removed and not as_json:
        click.echo("Nothing to remove.")
