"""`lambda-emu invoke`: one invocation, by a running server or by an emulator that lives as long as it takes."""

from __future__ import annotations

import sys
from pathlib import Path
from signal import SIGTERM
from typing import TYPE_CHECKING

import click

from lambda_emu.cli import terminal
from lambda_emu.cli.events import EventPrinter, print_tail
from lambda_emu.cli.log_sources import drain, from_file
from lambda_emu.cli.options import NotDone, advice, endpoint_option, setting_options, settings

if TYPE_CHECKING:
    from lambda_emu.cli.client import InvokeResult, Server

FLUSH_LIMIT_S = 5.0
PENDING_TRIES = 1800
"""Each of about a second."""
START_AGAIN = "start it again to run what is there now"


@click.command(short_help="Invoke a function once, and print what it returns.")
@click.argument("function")
@click.argument("payload", required=False)
@click.option(
    "-e", "--event", metavar="EVENT", help="A named event of the function, or a file; @FILE, - is standard input."
)
@setting_options("project", "engine", "cpu", "strict_runtimes", "env_vars")
@endpoint_option
def invoke(
    function: str,
    payload: str | None,
    event: str | None,
    endpoint_url: str | None,
    **flags: str | None,
) -> None:
    """Invoke FUNCTION once with PAYLOAD, a JSON text, and print what it returns.

    FUNCTION is the name of a function of the project. Where no project is, the name of a folder with a handler in it
    will do; a path means a folder or a file of code anywhere: ./NAME, ./NAME/app.py.

    The server at --endpoint-url is asked, or one that runs for this project; else none is needed: the function is
    served for as long as it takes, as also with --engine, --cpu or --env-vars, and finds no queue, bucket or table
    that the project declares. Named events are files of the project: events/FUNCTION/EVENT.json. Standard output gets
    the payload alone, standard error the log. The exit code is 1 when the function failed, 2 when it could not be
    invoked.
    """
    body = _body(function, payload, event, flags["project"])
    server = _server(function, endpoint_url, flags)
    answer = _here(function, body, flags) if server is None else _by_server(server, function, body)
    click.get_current_context().exit(1 if answer.failed else 0)


def _body(function: str, payload: str | None, event: str | None, project: str | None) -> bytes:
    """The event's bytes; `{}` when none is given. Whether it is JSON is for the server to say."""
    from lambda_emu.cli.folder import is_path, name_in
    from lambda_emu.cli.named_events import read_event

    if payload is not None and event is not None:
        raise click.UsageError("Give the payload as an argument or with --event, not both.")
    if event is None:
        return b"{}" if payload is None else payload.encode()
    if event == "-":
        return sys.stdin.buffer.read()
    if is_path(function):
        return read_event(event, None, function)
    return read_event(event, settings(project=project).project_file.parent, name_in(function))


def _print_payload(payload: bytes) -> None:
    """As it came; on a terminal what that would obey is shown."""
    if terminal.is_terminal():
        terminal.echo(payload.decode("utf-8", "backslashreplace"))
    else:
        terminal.write(payload + b"\n")


def _server(function: str, endpoint_url: str | None, flags: dict[str, str | None]) -> Server | None:
    """The one to ask; None: we serve it ourselves."""
    from lambda_emu.cli.client import Server
    from lambda_emu.cli.folder import is_path
    from lambda_emu.cli.servers import own_server

    if endpoint_url is not None:
        return Server(endpoint_url)
    wanted_here = any(value is not None for name, value in flags.items() if name != "project")
    if wanted_here or is_path(function):
        return None
    server = own_server(project=flags["project"])
    if server is not None:
        terminal.echo(f"Asking the server at {server.url}", err=True, dim=True)
        _tell_of_edits(function, flags["project"])
    return server


def _tell_of_edits(function: str, project: str | None) -> None:
    from lambda_emu.cli.edited import edited_file
    from lambda_emu.cli.folder import name_in

    if (file := edited_file(name_in(function), settings(project=project))) is not None:
        terminal.echo(f"{file} is newer than the server's start, which read the code: {START_AGAIN}", err=True)


def _by_server(server: Server, function: str, body: bytes) -> InvokeResult:
    from lambda_emu.cli.client import NotFound

    try:
        answer = _once_active(server, function, body)
    except NotFound as error:
        folder = f" The folder is meant by ./{function}." if Path(function).exists() else ""
        raise NotDone(f"{error}{advice(function, server.functions())}{folder}") from error
    print_tail(answer.tail, err=True)
    _print_payload(answer.payload)
    return answer


def _once_active(server: Server, function: str, body: bytes) -> InvokeResult:
    """Invoke, however long the function is Pending; the server lets each try wait a while."""
    from lambda_emu.cli.client import StillPending

    for number in range(PENDING_TRIES):
        try:
            return server.invoke(function, body)
        except StillPending:
            if number == 0:
                terminal.echo(f"{function} is Pending: the server fetches or builds what it runs on, once", err=True)
    return server.invoke(function, body)


def _here(function: str, body: bytes, flags: dict[str, str | None]) -> InvokeResult:
    """Serve one function of the project on a free port, as `serve` would, for as long as one invocation takes."""
    from lambda_emu.cli.client import Server
    from lambda_emu.cli.folder import as_project
    from lambda_emu.cli.start import starting
    from lambda_emu.server import Emulator
    from lambda_emu.signals import exit_when_told

    exit_when_told(SIGTERM, code=128 + SIGTERM)  # as Ctrl-C does: what was started is ended, what was made removed
    with as_project(function, flags["project"]) as (name, project):
        chosen = settings(**{**flags, "project": project, "port": 0, "ephemeral": True, "grace_s": 0})
        with starting(chosen), Emulator(chosen, only=name) as emulator:
            emulator.wait_until_settled(name)
            answer = Server(emulator.url).invoke(name, body)
            emulator.logs.flush(FLUSH_LIMIT_S)
            drain(from_file(emulator.logs.path, emulator.scope.function(name)), 0, EventPrinter(err=True))
            _print_payload(answer.payload)  # now: who waits for it need not wait for the end of everything
            return answer
