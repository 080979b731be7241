"""cli: commands and what they print. No rules of its own; what takes long to import is imported when it is needed."""

from __future__ import annotations

from importlib import import_module

import click

from lambda_emu.cli import terminal

NAMES = (
    *("build", "clock", "cost", "doctor", "event", "iam", "invoke", "logs", "new", "prune", "ps", "runtimes", "serve"),
    "services",
)


class Commands(click.Group):
    """Those of NAMES, each imported when it is asked for: a server does not wait for what others need."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(NAMES)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        return command(name) if name in NAMES else None


def command(name: str) -> click.Command:
    """name: of NAMES."""
    found: click.Command = getattr(import_module(f"lambda_emu.cli.commands.{name}"), name)
    return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lambda-emu", message="%(prog)s %(version)s")
def main() -> None:
    """Run AWS Lambda functions on this machine, with Lambda's limits, logs and prices."""
    terminal.guard()
