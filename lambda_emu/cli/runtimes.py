"""`lambda-emu runtimes`: which runtimes there are, and the images they run on."""

from __future__ import annotations

import click


@click.group()
def runtimes() -> None:
    """List runtimes, and build the images they run on."""
