"""`lambda-emu serve`: the server, until it is stopped."""

from __future__ import annotations

from pathlib import Path

import click

from lambda_emu.cli.options import NotDone, data_dir_option, engine_option, settings


@click.command()
@click.argument("project", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--host", metavar="ADDRESS", help="Address to serve on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on; 0 takes a free one. [default: 9000]")
@data_dir_option
@click.option("--ephemeral", is_flag=True, default=None, help="Keep everything in a folder removed at the end.")
@engine_option
@click.option(
    "--cpu", type=click.Choice(["lambda", "unlimited"]), help="CPU share by memory as on Lambda, or no limit."
)
def serve(**flags: object) -> None:
    """Serve the Lambda API for PROJECT, a folder with a lambda-emu.yaml or the file itself.

    Without PROJECT the present folder is taken; one without a project serves an empty account. Each option can also be
    given as a variable, LAMBDA_EMU_PORT=9001 for instance, or in lambda-emu.yaml. Ctrl-C stops the server.
    """
    chosen = settings(**flags)
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.server import run

    try:
        code = run(chosen)
    except (SandboxError, OSError) as error:
        raise NotDone(str(error)) from error
    click.get_current_context().exit(code)
