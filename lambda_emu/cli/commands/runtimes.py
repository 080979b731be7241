"""`lambda-emu runtimes`: which runtimes there are, and the images they run on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lambda_emu.architectures import ARCHITECTURES
from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, json_option, setting_options, settings

if TYPE_CHECKING:
    from lambda_emu.sandbox.bundle.clients import Clients
    from lambda_emu.sandbox.docker.bundles import Bundles

MB = 1_000_000
architecture_option = click.option(
    "--architecture",
    type=click.Choice(ARCHITECTURES),
    default="x86_64",
    show_default=True,
    help="Which processor the image is for.",
)


@click.group(short_help="List runtimes; build, export and import their images.")
def runtimes() -> None:
    """List runtimes; build the images they run on, and take them to machines without a way out."""


@runtimes.command("list", short_help="List runtimes, and the image each would use.")
@architecture_option
@setting_options("engine")
@json_option
def list_runtimes(architecture: str, engine: str | None, as_json: bool) -> None:
    """List the runtimes that functions can be created with, and the image each would use.

    Without Docker: what of this machine each would run on, or why it would not.
    """
    from lambda_emu.cli.runtime_lists import list_images, list_toolchains

    if _by_processes(settings(engine=engine).engine):
        from lambda_emu.sandbox.toolchain.layout import statuses

        list_toolchains(statuses(), as_json)
        return
    from lambda_emu.sandbox.docker.images import Images

    with _engine() as client:
        list_images(Images(client).status(architecture), as_json)


@runtimes.command()
@click.argument("names", nargs=-1, metavar="[RUNTIME...]")
@click.option("--all", "everything", is_flag=True, help="Every runtime that an image can be built for.")
@click.option("--missing", is_flag=True, help="Leave alone those that have an image.")
@architecture_option
def build(names: tuple[str, ...], everything: bool, missing: bool, architecture: str) -> None:
    """Build the image of each RUNTIME, even where one is there. Prints the names of the images.

    What cannot be built does not keep the others from it: it is told at the end, and the exit code is 1.
    """
    from lambda_emu.sandbox.docker.image_builder import ImageBuilder
    from lambda_emu.sandbox.docker.images import Images

    with _engine() as client, closing(ImageBuilder(client, Images(client), settings().cache_dir)) as builder:
        builder.claim_cache()
        status = builder.images.status(architecture) if everything else []
        wanted = _wanted(names, everything, [one.runtime.identifier for one in status if one.buildable])
        _each(wanted, lambda name, progress: builder.build(name, architecture, progress, missing=missing))


@runtimes.command("export", short_help="Write images to a file, for other machines.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="[RUNTIME...]")
@click.option("--all", "everything", is_flag=True, help="Every runtime that has an image here, AWS's or ours.")
@architecture_option
def export_bundle(file: Path, names: tuple[str, ...], everything: bool, architecture: str) -> None:
    """Write the image of each RUNTIME to FILE, for machines that cannot build or pull them. Prints their names.

    The clients that functions run on without Docker go along, as far as they are here. What images have in common is
    written once, and the same images make the same file.
    """
    with _bundles() as bundles:
        wanted = _wanted(names, everything, bundles.present(architecture) if everything else [])
        with show.progress(file.name) as progress:
            written = bundles.export(file, wanted, architecture, progress)
        for name in written:
            terminal.echo(name)
        terminal.echo(
            f"{file}: {len(written)} runtime{'' if len(written) == 1 else 's'}, {file.stat().st_size // MB} MB",
            err=True,
        )


@runtimes.command("import", short_help="Take the images of such a file.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def import_bundle(file: Path) -> None:
    """Give the engine the images of a FILE that `export` wrote, and keep its clients. Prints the names of both.

    The whole file is checked first. What nothing here would run on is told of, and the exit code is 1; without Docker
    only clients count.
    """
    refused = []
    with _bundles() as bundles, show.progress(file.name) as progress:
        for found in bundles.load(file, progress):
            if found.refused is None:
                terminal.echo(found.name)
            else:
                refused.append(f"{found.name}: {found.refused}")
    if refused:
        raise NotAll("\n".join(refused))


class NotAll(NotDone):
    """It was tried, and some of it failed."""

    exit_code = 1


def _wanted(names: Sequence[str], everything: bool, every: Sequence[str]) -> Sequence[str]:
    """The runtimes that are named, or all that there are. every: those."""
    from lambda_emu.runtimes import catalogue
    from lambda_emu.sandbox.building.missing import NoRuntime

    if everything == bool(names):
        raise click.UsageError("Name runtimes, or say --all.")
    if everything and not every:
        raise NotDone("there are none; `lambda-emu runtimes build` makes some")
    for name in names:
        if catalogue().get(name) is None:
            raise NoRuntime(name)
    return list(dict.fromkeys(names or every))


def _each(names: Sequence[str], make: Callable[[str, Callable[[str], None]], str]) -> None:
    """Do it for all of them, whichever fails; then NotAll names those."""
    from lambda_emu.sandbox.base import SandboxError

    failed = []
    for number, name in enumerate(names, 1):
        count = f"{number} of {len(names)}, " if len(names) > 1 else ""
        try:
            with show.progress(f"{count}{name}") as progress:
                image = make(name, progress)
        except SandboxError as error:
            failed.append(f"{name}: {error}")
            if number < len(names):
                terminal.echo(failed[-1], err=True)
        else:
            terminal.echo(image)
    if failed:
        told = f"{len(failed)} of {len(names)} images could not be built:\n" if len(names) > 1 else ""
        raise NotAll(told + "\n".join(failed))


def _by_processes(engine: str) -> bool:
    """Whether functions would run as processes here."""
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.docker import client as docker

    if engine != "auto":
        return engine == "process"
    try:
        docker.connect().close()
    except SandboxError as error:
        terminal.echo(f"{error}; functions run as processes", err=True)
        return True
    return False


@contextmanager
def _engine() -> Iterator[Any]:
    """A client of it."""
    from lambda_emu.sandbox.docker.client import connect

    with _not_done(), closing(connect()) as client:
        yield client


@contextmanager
def _not_done() -> Iterator[None]:
    """What goes wrong with sandboxes ends the command."""
    from lambda_emu.sandbox.base import SandboxError

    try:
        yield
    except SandboxError as error:
        raise NotDone(str(error)) from error


@contextmanager
def _bundles() -> Iterator[Bundles | Clients]:
    """Of the engine; without Docker, of what processes need."""
    from lambda_emu.runtimes import catalogue
    from lambda_emu.sandbox.bundle.clients import Clients

    clients = Clients(settings().cache_dir, catalogue())
    if _by_processes(settings().engine):
        with _not_done():
            yield clients
        return
    from lambda_emu.sandbox.docker.bundles import Bundles
    from lambda_emu.sandbox.docker.images import Images

    with _engine() as client:
        yield Bundles(client, Images(client), clients)
