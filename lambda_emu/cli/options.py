"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lambda_emu.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

NOT_DONE = 2
"""Exit code when what was asked for could not be tried; 1 says that it was tried and failed."""


class NotDone(click.ClickException):
    """The command could not do what it was asked for; the text says why, and what to do where we know."""

    exit_code = NOT_DONE


def endpoint_option(command: F) -> F:
    return click.option("--endpoint-url", metavar="URL", help="Ask the server at this address.")(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")(command)


def data_dir_option(command: F) -> F:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--data-dir", type=kind, help="Where functions, code, events and logs are kept.")(command)


def engine_option(command: F) -> F:
    kind = click.Choice(["auto", "docker", "process"])
    return click.option("--engine", type=kind, help="What runs the code; auto takes Docker where it answers.")(command)


def settings(**flags: object) -> Settings:
    """The settings of this run: these flags, then LAMBDA_EMU_* variables, the project file, defaults."""
    from lambda_emu.config import ConfigError, load_settings

    try:
        return load_settings({name: value for name, value in flags.items() if value is not None})
    except ConfigError as error:
        raise NotDone(str(error)) from error
