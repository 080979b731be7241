"""`lambda-emu doctor`: is everything there that functions need?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from lambda_emu.cli import terminal
from lambda_emu.cli.options import json_option, setting_options, settings
from lambda_emu.cli.show import json_line

if TYPE_CHECKING:
    from lambda_emu.cli.checks import Finding

COLOURS = {"ok": "green", "warning": "yellow", "failure": "red"}


@click.command()
@json_option
@setting_options("data_dir", "docker_network")
def doctor(as_json: bool, **flags: object) -> None:
    """Check this machine, and say how to put right what is not. The exit code is 1 when something will not work."""
    from lambda_emu.cli.checks import CHECKS, CheckResult

    chosen, failed = settings(**flags), False
    for check in CHECKS:
        finding = check.look(chosen)
        failed = failed or finding.verdict is CheckResult.FAILURE
        if as_json:
            json_line({"check": check.name, **asdict(finding)})
        else:
            _print(check.name, finding)
    click.get_current_context().exit(1 if failed else 0)


def _print(name: str, finding: Finding) -> None:
    verdict = click.style(f"{finding.verdict:<8}", fg=COLOURS[finding.verdict])
    click.echo(f"{verdict} ", nl=False)
    terminal.echo(f"{name}: {finding.text}")
    if finding.fix is not None:
        terminal.echo(f"{'':<8} {finding.fix}")
