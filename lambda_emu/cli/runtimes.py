"""`lambda-emu runtimes`: which runtimes there are, and the images they run on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lambda_emu.cli import show
from lambda_emu.cli.options import NotDone, json_option, settings

if TYPE_CHECKING:
    from lambda_emu.sandbox.images import Images, ImageStatus

HEADINGS = ("RUNTIME", "SUPPORT", "SIZE", "IMAGE")
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
@json_option
def list_runtimes(architecture: str, as_json: bool) -> None:
    """List the runtimes that functions can be created with, and the image each would use."""
    with _images() as images:
        found = sorted(images.status(architecture), key=lambda status: status.image is None)
    if as_json:
        for status in found:
            click.echo(json.dumps(_members(status)))
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
            click.echo(image)


@contextmanager
def _images() -> Iterator[Images]:
    from lambda_emu.sandbox import docker
    from lambda_emu.sandbox.base import SandboxError
    from lambda_emu.sandbox.images import Images

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
    return {
        "runtime": status.runtime.identifier,
        "architecture": status.architecture,
        "support": status.runtime.support,
        "image": status.image,
        "sizeBytes": status.size_bytes,
        "buildable": status.buildable,
        "awsImage": status.runtime.aws_image,
    }
