"""`lambda-emu logs`: what a function logged, and what each invocation costs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lambda_emu.arn import FunctionId, Scope, WrittenName, parse_function_name
from lambda_emu.cli import show
from lambda_emu.cli.events import EventPrinter
from lambda_emu.cli.options import NotDone, endpoint_option, json_option, setting_options, settings, token_of

if TYPE_CHECKING:
    from lambda_emu.cli.client import Server

POLL_S = 0.2
PAGES_AT_ONCE = 1000

Source = Callable[[int | None], dict[str, Any]]
"""Events after a page, or the last ones: what logs.reader.answer gives, from a file or a server."""


@click.command()
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

    Asks the server at --endpoint-url, reads the files in --data-dir, or, given neither, does whichever works here.
    """
    source = _source(_written(name, account, region), data_dir, endpoint_url)
    printed = print_json if as_json else EventPrinter()
    after = drain(source, None, printed)
    try:
        while follow:
            threading.Event().wait(POLL_S)
            after = drain(source, after, printed)
    except KeyboardInterrupt:
        return


def drain(source: Source, after: int | None, take: Callable[[list[dict[str, Any]]], None]) -> int:
    """Give all events that are there to `take`, a list at a time; returns where to go on."""
    while True:
        found = source(after)
        take(found["events"])
        after = int(found["next"])
        if found["complete"]:
            return after


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


def _source(function: WrittenName, data_dir: str | None, endpoint_url: str | None) -> Source:
    from lambda_emu.cli.client import DEFAULT_URL, Server

    server = Server(endpoint_url or DEFAULT_URL, partial(token_of, data_dir=data_dir))
    if endpoint_url is not None or (data_dir is None and server.is_there()):
        return _from_server(server, function)
    own = settings(data_dir=data_dir, account=function.account, region=function.region)
    return from_file(own.data_dir / "logs.db", Scope(own.account, own.region).function(function.name))


def _from_server(server: Server, function: WrittenName) -> Source:
    return lambda after: server.logs(function, after, PAGES_AT_ONCE)


def from_file(path: Path, function: FunctionId) -> Source:
    """The log of a function in a data directory's logs.db; the server may be running."""
    import sqlite3

    from lambda_emu.logs.reader import LogReader, answer

    reader = LogReader(path)

    def read(after: int | None) -> dict[str, Any]:
        try:
            return answer(reader, function, after, PAGES_AT_ONCE)
        except sqlite3.Error as error:
            raise NotDone(f"{path} cannot be read: {error}") from error

    return read
