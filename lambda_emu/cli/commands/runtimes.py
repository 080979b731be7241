"""`lambda-emu runtimes`: which runtimes there are, and the images they run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lambda_emu.cli import show, terminal
from lambda_emu.cli.options import NotDone, json_option, setting_options, settings

if TYPE_CHECKING:
    from lambda_emu.sandbox.docker.images import Images, ImageStatus
    from lambda_emu.sandbox.toolchain.layout import ToolchainStatus

HEADINGS = ("RUNTIME", "SUPPORT", "SIZE", "IMAGE")
TOOLCHAIN_HEADINGS = ("RUNTIME", "SUPPORT", "RUNS ON")
MB = 1_000_000
architecture_option = click.option(
    "--architecture",
    type=click.Choice(["x86_64", "arm64"]),
    default="x86_64",
    show_default=True,
    help="Which processor the image is for.",
)


@click.group()
def runtimes() -> None:
    """List runtimes, and build the images they run on."""


@runtimes.command("list")
@architecture_option
@setting_options("engine")
@json_option
def list_runtimes(architecture: str, engine: str | None, as_json: bool) -> None:
    """List the runtimes that functions can be created with, and the image each would use.

    Without Docker: what of this machine each would run on, or why it would not.
    """
    if _by_processes(settings(engine=engine).engine):
        _list_toolchains(as_json)
        return
    with _images() as images:
        found = sorted(images.status(architecture), key=lambda status: status.image is None)
    if as_json:
        for status in found:
            show.json_line(_members(status))
    else:
        show.table(HEADINGS, [_row(status) for status in found])


@runtimes.command()
@click.argument("names", nargs=-1, required=True, metavar="RUNTIME...")
@architecture_option
def build(names: tuple[str, ...], architecture: str) -> None:
    """Build the image of each RUNTIME, even where one is there. Prints the names of the images."""
    with _images() as images:
        for name in names:
            with show.progress(name) as progress:
                image = images.build(name, architecture, progress)
            terminal.echo(image)


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


def _list_toolchains(as_json: bool) -> None:
    from lambda_emu.sandbox.toolchain.layout import statuses

    found = sorted(statuses(), key=lambda status: status.reason is not None)
    if as_json:
        for status in found:
            show.json_line(_toolchain_members(status))
    else:
        show.table(TOOLCHAIN_HEADINGS, [_toolchain_row(status) for status in found])


@contextmanager
def _images() -> Iterator[Images]:
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.docker import client as docker
    from lambda_emu.sandbox.docker.images import Images

    try:
        client = docker.connect()
        images = Images(client, settings().cache_dir, pull=False)
        try:
            yield images
        finally:
            images.close()
            client.close()
    except SandboxError as error:
        raise NotDone(str(error)) from error


def _row(status: ImageStatus) -> tuple[str, ...]:
    missing = "not there; will be built" if status.buildable else "not there; needs AWS's image"
    size = "" if status.size_bytes is None else f"{status.size_bytes // MB} MB"
    return status.runtime.identifier, status.runtime.support, size, status.image or missing


def _members(status: ImageStatus) -> dict[str, Any]:
    from lambda_emu.recipes import contents

    recipe = status.runtime.recipe
    return {
        "runtime": status.runtime.identifier,
        "architecture": status.architecture,
        "support": status.runtime.support,
        "image": status.image,
        "sizeBytes": status.size_bytes,
        "buildable": status.buildable,
        "awsImage": status.runtime.aws_image,
        "contents": [] if recipe is None else contents(recipe, status.architecture),
        "differs": dict(status.runtime.differs),
    }


def _toolchain_row(status: ToolchainStatus) -> tuple[str, ...]:
    return status.runtime.identifier, status.runtime.support, status.reason or _runs_on(status)


def _runs_on(status: ToolchainStatus) -> str:
    if status.interpreter is None:
        return "what the function brings"
    found = f"{status.interpreter.name} ({status.interpreter.path})"
    return found if status.interpreter.instead_of(status.runtime) is None else f"another version: {found}"


def _toolchain_members(status: ToolchainStatus) -> dict[str, Any]:
    interpreter = status.interpreter
    return {
        "runtime": status.runtime.identifier,
        "support": status.runtime.support,
        "runsOn": interpreter and interpreter.name,
        "path": interpreter and str(interpreter.path),
        "exact": status.reason is None and (interpreter is None or interpreter.instead_of(status.runtime) is None),
        "reason": status.reason,
        "differs": dict(status.runtime.differs),
    }
