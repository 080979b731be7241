"""`lambda-emu logs`: what a function logged, and what each invocation costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import NotDone, data_dir_option, endpoint_option, json_option, settings

if TYPE_CHECKING:
    from lambda_emu.cli.client import Server

POLL_S = 0.2
PAGES_AT_ONCE = 1000

Source = Callable[[int | None, int], dict[str, Any]]
"""Events after a page, or the last so many pages: logs.reader.answer, from a file or a server."""


@click.command()
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is logged, until Ctrl-C.")
@json_option
@data_dir_option
@endpoint_option
def logs(name: str, follow: bool, as_json: bool, data_dir: Path | None, endpoint_url: str | None) -> None:
    """Print the log of function NAME, each REPORT with the price of its invocation.

    Asks the server at --endpoint-url, reads the files in --data-dir, or, given neither, does whichever works here.
    """
    source = _source(name, data_dir, endpoint_url)
    found = source(None, PAGES_AT_ONCE)
    _print(found, as_json)
    try:
        while follow:
            if not found["events"]:
                threading.Event().wait(POLL_S)
            found = source(found["next"], PAGES_AT_ONCE)
            _print(found, as_json)
    except KeyboardInterrupt:
        return


def _print(found: dict[str, Any], as_json: bool) -> None:
    for event in found["events"]:
        if as_json:
            click.echo(json.dumps(event))
        else:
            show.log_event(event)


def _source(name: str, data_dir: Path | None, endpoint_url: str | None) -> Source:
    from lambda_emu.cli.client import DEFAULT_URL, Server

    if endpoint_url is not None:
        return _from_server(Server(endpoint_url), name)
    if data_dir is None and (server := Server(DEFAULT_URL)).is_there():
        return _from_server(server, name)
    return _from_file((data_dir or settings().data_dir) / "logs.db", name)


def _from_server(server: Server, name: str) -> Source:
    return lambda after, limit: server.logs(name, after, limit)


def _from_file(path: Path, name: str) -> Source:
    import sqlite3

    from lambda_emu.logs.reader import LogReader, answer

    reader = LogReader(path)

    def read(after: int | None, limit: int) -> dict[str, Any]:
        try:
            return answer(reader, name, after, limit)
        except sqlite3.Error as error:
            raise NotDone(f"{path} cannot be read: {error}") from error

    return read
