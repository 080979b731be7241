"""`lambda-emu logs`: what a function logged, and what each invocation costs."""

from __future__ import annotations

import threading
from typing import Any

import click
from msgspec.structs import replace

from lambda_emu.arn import WrittenName, parse_function_name
from lambda_emu.cli import show
from lambda_emu.cli.events import EventPrinter
from lambda_emu.cli.log_sources import choose_log, drain, find_logs
from lambda_emu.cli.options import NotDone, endpoint_option, json_option, setting_options

POLL_S = 0.04
"""A server writes what was logged before it answers, so a line is seen this soon; a file has it a little later."""


@click.command(short_help="Print the log of a function, with prices.")
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is logged, until Ctrl-C.")
@json_option
@click.option("--account", metavar="ACCOUNT", help="The account of the function, if not the emulator's own.")
@click.option("--region", metavar="REGION", help="The region of the function, if not the emulator's own.")
@setting_options("data_dir")
@endpoint_option
def logs(
    name: str,
    follow: bool,
    as_json: bool,
    account: str | None,
    region: str | None,
    data_dir: str | None,
    endpoint_url: str | None,
) -> None:
    """Print the log of function NAME, or of the one with this ARN, each REPORT with the price of its invocation.

    Asks the server at --endpoint-url, reads the files in --data-dir, or, given neither, asks the server of this
    folder's project, the one at the usual address, or reads the project's files, whichever knows the function.
    The exit code is 2 when nothing is logged of NAME and there is no such function.
    """
    function = _written(name, account, region)
    log = choose_log(find_logs(function, data_dir, endpoint_url), function)
    take = print_json if as_json else EventPrinter()
    if not log.begin["events"]:
        log.check_known(function.name, follow, anywhere=data_dir is None and endpoint_url is None)
    take(log.begin["events"])
    after = int(log.begin["next"])
    if not log.begin["complete"]:
        after = drain(log.source, after, take)
    try:
        while follow:
            threading.Event().wait(POLL_S)
            after = drain(log.source, after, take)
    except KeyboardInterrupt:
        return


def print_json(events: list[dict[str, Any]]) -> None:
    for event in events:
        show.json_line(event)


def _written(name: str, account: str | None, region: str | None) -> WrittenName:
    """What the arguments name together; what an ARN says comes first."""
    try:
        written = parse_function_name(name)
    except ValueError:
        raise NotDone(f"{name!r} is neither a name nor the ARN of a function.") from None
    if written.qualifier is not None:
        raise NotDone(f"A function has one log for all its versions; ask for it without `:{written.qualifier}`.")
    return replace(written, account=written.account or account, region=written.region or region)
