"""`lambda-emu clock`: what time it is for whatever waits in a running server, and moving that ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import endpoint_option, json_option, setting_options
from lambda_emu.text.durations import write_duration


@click.group(invoke_without_command=True, short_help="Move time ahead for what waits in a running server.")
@setting_options("data_dir")
@endpoint_option
@json_option
@click.pass_context
def clock(context: click.Context, data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """Show, or move ahead, the time of whatever waits in a running server.

    Retries, delays, visibility, windows, schedules, alarms and times to live go by it, and all dates that are shown;
    what is due on the way happens in its order, each at its own time. Timeouts, billing, connections and signatures go
    by this machine's time, which nobody moves. It stays so after a restart, until `clock reset`.
    """
    written = {"data_dir": data_dir, "endpoint_url": endpoint_url, "as_json": as_json}
    if context.invoked_subcommand is None:
        context.invoke(show_clock, **written)
    else:
        context.default_map = {context.invoked_subcommand: written}


@clock.command("show")
@setting_options("data_dir")
@endpoint_option
@json_option
def show_clock(data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """Tell the time, and how far it is ahead of this machine's.

    Which server is asked, and when it asks for its token, is as with `ps`; so it is with the other two.
    """
    from lambda_emu.cli.servers import any_server

    _tell(any_server(endpoint_url, data_dir).clock(), as_json)


@clock.command()
@click.argument("duration")
@setting_options("data_dir")
@endpoint_option
@json_option
def advance(duration: str, data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """Move time ahead by DURATION, such as 90s, 1h30m or 7d.

    It returns once what was due on the way was begun and, unless it takes longer than ten seconds, is done. What still
    runs then is told.
    """
    from lambda_emu.cli.servers import any_server

    server = any_server(endpoint_url, data_dir)
    with show.progress("the clock") as tell:
        reading, running = server.move_clock({"advance": duration}), dict[str, int]()
        while reading["left_s"]:
            running |= reading["running"]
            tell(f"{reading['now']}, and {write_duration(reading['left_s'])} to go")
            reading = server.move_clock({"advance": reading["left_s"]})
    _tell(reading | {"running": running | reading["running"]}, as_json)


@clock.command()
@setting_options("data_dir")
@endpoint_option
@json_option
def reset(data_dir: str | None, endpoint_url: str | None, as_json: bool) -> None:
    """Go back to this machine's time.

    What waits for so many seconds goes on waiting for as long as it would have; what has a date waits for that.
    """
    from lambda_emu.cli.servers import any_server

    _tell(any_server(endpoint_url, data_dir).move_clock({"reset": True}), as_json)


def _tell(reading: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show.json_line(reading)
        return
    ahead_s = reading["ahead_s"]
    where = f"{write_duration(ahead_s)} ahead of this machine" if ahead_s else "as on this machine"
    click.echo(f"{reading['now']}, {where}")
    for what, count in reading["running"].items():
        click.echo(f"still under way: {count} {what}")
