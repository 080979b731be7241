"""docs/cli.md, written from the commands themselves: `python -m lambda_emu.cli.reference > docs/cli.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

INTRODUCTION = """\
# The command line

Exit codes: 0 done, 1 it was done and failed (the function, a check), 2 it could not be done.
Colours appear on terminals only. What goes with `--json` is one JSON object a line.
"""


def reference(group: click.Group) -> str:
    """Every command of the group with its arguments and options, as Markdown."""
    context = click.Context(group, info_name="lambda-emu")
    return "\n".join([INTRODUCTION, *_sections(group, context)])


def _sections(group: click.Group, above: click.Context) -> Iterator[str]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=above)
        yield _section(command, context)
        if isinstance(command, click.Group):
            yield from _sections(command, context)


def _section(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", f"    {usage}", inspect.cleandoc(command.help or "")]
    records = [record for option in _options(command) if (record := option.get_help_record(context)) is not None]
    if records:
        parts.append("\n".join(["| Option | |", "|---|---|", *(_row(names, text) for names, text in records)]))
    return "\n\n".join(parts) + "\n"


def _options(command: click.Command) -> list[click.Option]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


def _row(names: str, text: str) -> str:
    return f"| `{_cell(names)}` | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    from lambda_emu.cli import main

    print(reference(main), end="")
