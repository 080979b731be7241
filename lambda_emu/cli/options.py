"""Options that several commands share. Those that are settings are made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import IO, Any, TypeVar

import click

from lambda_emu.cli import terminal
from lambda_emu.config import SETTINGS, ConfigError, Setting, Settings, load_settings
from lambda_emu.model.value_types import FLAG

F = TypeVar("F", bound=Callable[..., Any])

MOST_NAMED = 10
"""Names in an advice."""
NOT_DONE = 2
"""Exit code when what was asked for could not be tried; 1 says that it was tried and failed."""


class NotDone(click.ClickException):
    """The command could not do what it was asked for; the text says why, and what to do where we know."""

    exit_code = NOT_DONE

    def show(self, file: IO[Any] | None = None) -> None:
        """The text may quote a server or a file of others."""
        terminal.echo(f"Error: {self.format_message()}", err=True)


def advice(name: str, known: Collection[str]) -> str:
    """The end of a sentence about a name that is not known: what may have been meant."""
    from difflib import get_close_matches  # here: mistakes alone need it

    guesses = get_close_matches(name, known, 1)
    if guesses:
        return f"; did you mean {guesses[0]!r}?"
    named = sorted(known)[:MOST_NAMED]
    return f"; there are {', '.join(named)}{' and more' if len(known) > MOST_NAMED else ''}." if named else "."


projects_argument = click.argument("projects", nargs=-1, metavar="[PROJECT]...")
endpoint_option = click.option("--endpoint-url", metavar="URL", help="Ask the server at this address.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


def setting_options(*names: str) -> Callable[[F], F]:
    """An option for each of these settings; without names, for all but the project and secrets."""
    names = names or tuple(one.name for one in SETTINGS if one.name != "project" and not one.secret)
    chosen = [setting for setting in SETTINGS if setting.name in names]

    def add(command: F) -> F:
        for setting in reversed(chosen):
            command = _option(setting)(command)
        return command

    return add


def settings(**flags: object) -> Settings:
    """The settings of this run: these flags, then LAMBDA_EMU_* variables, the project file, defaults."""
    try:
        return load_settings(flags)
    except ConfigError as error:
        raise NotDone(str(error)) from error


def settings_of(projects: Sequence[str], **flags: object) -> Settings:
    """The same for several projects: the first is the one whose settings count, and others are served beside it."""
    first, *others = projects or (None,)
    also = ",".join(filter(None, [*others, flags.get("also")])) if others else flags.get("also")  # type: ignore[list-item]
    return settings(**{**flags, "project": first, "also": also})


def token_of(host: str, port: int, data_dir: str | None = None) -> str | None:
    """The token of a server's own pages: the one that is set, or that of a server which this user started."""
    from lambda_emu.api.token import find
    from lambda_emu.sandbox.temporary import live_data

    temporary = live_data()
    try:
        own = settings(data_dir=data_dir)
    except NotDone:  # a project that is of no concern to who asks a server
        return find(temporary, host, port)
    return own.token or find([own.data_dir, *temporary], host, port)


def _option(setting: Setting) -> Callable[[F], F]:
    """The value stays a text: load_settings reads it as it reads variables, and says what is allowed."""
    help = f"{setting.help} [{_note(setting)}]"
    if setting.kind is FLAG:
        return click.option(f"{setting.flag}/--no-{setting.flag[2:]}", setting.name, default=None, help=help)
    if setting.kind.many:
        return click.option(
            setting.flag, setting.name, metavar=setting.name.upper(), help=help, multiple=True, callback=_joined
        )
    return click.option(setting.flag, setting.name, metavar=setting.name.rpartition("_")[2].upper(), help=help)


def _joined(_context: object, _option: object, values: Sequence[str]) -> str | None:
    """One that may be given several times, as one text."""
    return ",".join(values) if values else None


def _note(setting: Setting) -> str:
    return f"{setting.kind.allowed}; default: {setting.default}" if setting.default else setting.kind.allowed
