"""Where a function's log is: at a server, or in the files of a data directory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lambda_emu.arn import FunctionId, Scope, WrittenName
from lambda_emu.cli import terminal
from lambda_emu.cli.options import NotDone, advice, settings, token_of

if TYPE_CHECKING:
    from lambda_emu.cli.client import Server
    from lambda_emu.config import Settings

SEGMENTS_AT_ONCE = 1000
ELSEWHERE = " Name its server by --endpoint-url, or its data directory by --data-dir."

Source = Callable[[int | None], dict[str, Any]]
"""Events after a segment, or the last ones: what logs.reader.answer gives, from a file or a server."""


class FoundLog(Struct, frozen=True):
    """A place where a function's log may be. begin: the answer to the first question; known: functions that exist."""

    place: str
    source: Source
    begin: dict[str, Any]
    known: Callable[[], Collection[str]]

    def check_known(self, name: str, follow: bool, anywhere: bool) -> None:
        """Say that there is nothing yet; NotDone where there will not be, since there is no such function.

        anywhere: whether nobody said where to look.
        """

        known = self.known()
        if name in known:
            terminal.echo(f"{name} has logged nothing yet.", err=True)
            return
        said = advice(name, {*known, *self.begin.get("names", ())})
        text = f"{self.place} has no log of {name!r}, and no such function is known{said}"
        text += ELSEWHERE if anywhere and said == "." else ""
        if not follow:
            raise NotDone(text)
        terminal.echo(text, err=True)


def drain(source: Source, after: int | None, take: Callable[[list[dict[str, Any]]], None]) -> int:
    """Give all events that are there to `take`, a list at a time; returns where to go on."""
    while True:
        found = source(after)
        take(found["events"])
        after = int(found["next"])
        if found["complete"]:
            return after


def find_logs(function: WrittenName, data_dir: str | None, endpoint_url: str | None) -> Iterator[FoundLog]:
    """Where it may be, in the order of looking."""
    from lambda_emu.cli.client import DEFAULT_URL, Server
    from lambda_emu.cli.servers import own_server

    token = partial(token_of, data_dir=data_dir)
    if endpoint_url is not None:
        yield _of_server(Server(endpoint_url, token), function)
        return
    if data_dir is None:
        with suppress(NotDone):  # a project that is of no concern to who asks a server
            if (own := own_server()) is not None:
                yield _of_server(own, function)
        with suppress(NotDone):  # somebody else's, who does not let us in
            if (usual := Server(DEFAULT_URL, token)).is_there():
                yield _of_server(usual, function)
    chosen, scope = settings(data_dir=data_dir), _scope_of(function, data_dir)
    path = chosen.data_dir / "logs.db"
    source = from_file(path, scope.function(function.name))
    yield FoundLog(str(path), source, source(None), partial(_declared_names, chosen, scope))


def choose_log(logs: Iterator[FoundLog], function: WrittenName) -> FoundLog:
    """The first with events; else the first that has the function, or the last one."""
    found = []
    for log in logs:
        if log.begin["events"]:
            return log
        found.append(log)
    return next((log for log in found if function.name in log.known()), found[0])


def _of_server(server: Server, function: WrittenName) -> FoundLog:
    source = _from_server(server, function)
    return FoundLog(server.url, source, source(None), partial(_known_to, server, function))


def _scope_of(function: WrittenName, data_dir: str | None = None) -> Scope:
    """Where it is; what is not written is as the settings have it."""
    chosen = settings(data_dir=data_dir, account=function.account, region=function.region)
    return Scope(chosen.account, chosen.region)


def _known_to(server: Server, function: WrittenName) -> Collection[str]:
    """Its functions in that account and region, those beyond the first page but for this one left out."""
    scope = None if function.account is None and function.region is None else _scope_of(function)
    known = set(server.functions(scope))
    if function.name not in known:
        with suppress(NotDone):
            known.add(server.configuration(function.name, scope)["FunctionName"])
    return known


def _declared_names(chosen: Settings, scope: Scope) -> Collection[str]:
    """What the project has there, if it can be read."""
    from lambda_emu.project import ProjectError, read_project

    if scope != Scope(chosen.account, chosen.region):
        return []
    try:
        return [one.name for one in read_project(chosen.project).functions]
    except ProjectError:
        return []


def _from_server(server: Server, function: WrittenName) -> Source:
    return lambda after: server.logs(function, after, SEGMENTS_AT_ONCE)


def from_file(path: Path, function: FunctionId) -> Source:
    """The log of a function in a data directory's logs.db; the server may be running."""
    import sqlite3

    from lambda_emu.logs.reader import LogReader, answer

    reader = LogReader(path)

    def read(after: int | None) -> dict[str, Any]:
        try:
            return answer(reader, function, after, SEGMENTS_AT_ONCE)
        except sqlite3.Error as error:
            raise NotDone(f"{path} cannot be read: {error}") from error

    return read
