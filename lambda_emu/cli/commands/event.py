"""`lambda-emu event`: sample events, to invoke functions with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, advice, setting_options, settings

if TYPE_CHECKING:
    from lambda_emu.samples.sample import Sample


@click.command(
    short_help="Print a sample event, as a source would send it.", context_settings={"ignore_unknown_options": True}
)
@click.argument("source", required=False)
@click.argument("type", required=False)
@click.argument("members", nargs=-1, type=click.UNPROCESSED, metavar="[--MEMBER VALUE]...")
@click.option("--list", "listed", is_flag=True, help="List sources and types, or the members of SOURCE and TYPE.")
@click.option("--save", metavar="FUNCTION/NAME", help="Keep it as a named event of a function of the project instead.")
@setting_options("project", "account", "region")
def event(
    source: str | None, type: str | None, members: tuple[str, ...], listed: bool, save: str | None, **flags: str | None
) -> None:
    """Print the event that a function would get of SOURCE, of this TYPE, as JSON.

    The same code makes it that makes the real ones, of values of our own; --MEMBER VALUE says another one of a member,
    such as --body of a message. `--list` tells which there are. No server is asked.

    lambda-emu event sqs message --body '{"order": 1}' | lambda-emu invoke orders -e -

    lambda-emu event s3 put --key cat.jpg --save thumbnails/cat && lambda-emu invoke thumbnails -e cat
    """
    if listed:
        _list(source, type)
        return
    if source is None or type is None:
        raise click.UsageError(f"Name a {'SOURCE' if source is None else f'TYPE of {source}'}; --list has them.")
    made = json.dumps(_make(_sample(source, type), _told(members), flags), indent=2, ensure_ascii=False) + "\n"
    if save is None:
        terminal.write(made.encode("utf-8", "backslashreplace"))
    else:
        terminal.echo(f"Kept in {_save(save, made, flags)}", err=True)


def _make(sample: Sample, told: Mapping[str, str], flags: Mapping[str, str | None]) -> object:
    from lambda_emu.arn import Scope
    from lambda_emu.clock import Clock
    from lambda_emu.samples.sample import BadMember

    for name in told:
        if name not in sample.members:
            raise NotDone(f"{sample.source} {sample.type} has no member --{name}{advice(name, sample.members)}")
    chosen = settings(**flags)
    try:
        return sample.event(told, Scope(chosen.account, chosen.region), Clock())
    except BadMember as error:
        raise NotDone(str(error)) from error


def _save(where: str, made: str, flags: Mapping[str, str | None]) -> Path:
    from lambda_emu.cli.folder import name_in
    from lambda_emu.cli.named_events import save_event

    function, slash, name = where.partition("/")
    if not slash:
        raise click.UsageError("--save takes the name of a function and that of an event: orders/new.")
    return save_event(settings(**flags).project_file.parent, name_in(function), name, made)


def _samples(source: str) -> Mapping[str, Sample]:
    from lambda_emu.samples.catalogue import SOURCES, samples_of

    if source not in SOURCES:
        raise NotDone(f"There are no sample events of {source!r}{advice(source, SOURCES)}")
    return samples_of(source)


def _sample(source: str, type: str) -> Sample:
    samples = _samples(source)
    if type not in samples:
        raise NotDone(f"{source} has no sample {type!r}{advice(type, samples)}")
    return samples[type]


def _told(members: Sequence[str]) -> dict[str, str]:
    """`--name value` and `--name=value`, by their names."""
    told, left = {}, list(members)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            raise click.UsageError(
                f"{word!r} is no member: write --MEMBER VALUE, with quotes around a VALUE of several words."
            )
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not left:
                raise click.UsageError(f"--{name} needs a value.")
            value = left.pop(0)
        told[name] = value
    return told


def _list(source: str | None, type: str | None) -> None:
    from lambda_emu.samples.catalogue import all_samples

    if type is not None and source is not None:
        sample = _sample(source, type)
        show.table(("MEMBER", "VALUE"), [(f"--{name}", value) for name, value in sample.members.items()])
        return
    samples = list(all_samples()) if source is None else list(_samples(source).values())
    show.table(("SOURCE", "TYPE", "WHAT IT TELLS OF"), [(one.source, one.type, one.told) for one in samples])
