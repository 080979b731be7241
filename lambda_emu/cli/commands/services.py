"""`lambda-emu services`: what a running server serves besides Lambda, and who does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import endpoint_option, json_option, setting_options
from lambda_emu.text.durations import write_duration

HEADINGS = ("SERVICE", "SERVED BY")
PROCESSES = ("PROCESS", "PID", "MEMORY")
OUTBOX = ("TO", "BY", "MESSAGE")
SHOWN_CHARACTERS = 100


@click.command(short_help="List the services of a running server.")
@setting_options("data_dir")
@endpoint_option
@json_option
def services(data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """List the services of a running server, who serves them, and what that takes.

    Below them is how far its clock was moved ahead, and the beginnings of the SMS and e-mails that its services would
    have sent; `--json` has all of them. Which server is asked, and when it asks for its token, is as with `ps`.
    """
    from lambda_emu.cli.servers import any_server

    told = any_server(endpoint_url, data_dir).services()
    if as_json:
        show.json_line(told)
        return
    show.table(HEADINGS, [(one["name"], one["by"] or f"nobody; {one['needs']}") for one in told["services"]])
    click.echo()
    show.table(PROCESSES, [_process(one) for one in told["processes"]])
    if ahead_s := told.get("clock", {}).get("ahead_s"):
        click.echo(f"\nIts clock is {write_duration(ahead_s)} ahead of this machine's.")
    if told["outbox"]:
        click.echo()
        show.table(OUTBOX, [(one["to"], one["by"], _short(one)) for one in told["outbox"]])


def _process(seen: Mapping[str, Any]) -> tuple[str, str, str]:
    return seen["name"], str(seen["pid"]), f"{seen['memory_mb']} MB"


def _short(sent: Mapping[str, Any]) -> str:
    """The subject, if it has one, and as much of the text as goes into a line."""
    line = " ".join(" | ".join(text for text in (sent.get("subject"), sent["message"]) if text).split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"
