"""cli: commands and what they print. No rules of its own; what takes long to import is imported when it is needed."""

from __future__ import annotations

import click

from lambda_emu.cli import terminal
from lambda_emu.cli.commands.clock import clock
from lambda_emu.cli.commands.doctor import doctor
from lambda_emu.cli.commands.iam import iam
from lambda_emu.cli.commands.invoke import invoke
from lambda_emu.cli.commands.logs import logs
from lambda_emu.cli.commands.prune import prune
from lambda_emu.cli.commands.ps import ps
from lambda_emu.cli.commands.runtimes import runtimes
from lambda_emu.cli.commands.serve import serve
from lambda_emu.cli.commands.services import services


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lambda-emu", message="%(prog)s %(version)s")
def main() -> None:
    """Run AWS Lambda functions on this machine, with Lambda's limits, logs and prices."""
    terminal.guard()


for command in (serve, invoke, logs, ps, services, clock, iam, prune, runtimes, doctor):
    main.add_command(command)
