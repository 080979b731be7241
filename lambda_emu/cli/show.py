"""How prices, tables, JSON and progress look."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from lambda_emu.cli import terminal

CLEAR = "\r\x1b[2K"
"""Go back to the beginning of the line and empty it."""


def price(report: Mapping[str, Any]) -> str:
    """`PRICE $0.0000004375 (114 ms x 128 MB), $0.44 per million`."""
    from decimal import Decimal  # here: few commands show prices

    usd = Decimal(report["costUSD"])
    what = f"{report['billedDurationMs']} ms x {report['memorySizeMB']} MB"
    return f"PRICE ${usd:.10f} ({what}), ${usd * 1_000_000:,.2f} per million"


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; the headings are dim."""
    shown = terminal.visible if terminal.is_terminal() else str
    cells = [[shown(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    click.secho(_line(headings, widths), dim=True)
    for row in cells:
        click.echo(_line(row, widths))


def json_line(value: object) -> None:
    """One object; what a terminal would obey is escaped in it wherever it goes."""
    click.echo(json.dumps(value).replace("\x7f", "\\u007f"))


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Takes lines about work in progress: on a terminal the last one stays in view, elsewhere each is printed."""
    on_terminal = terminal.is_terminal(err=True)

    def show(line: str) -> None:
        if on_terminal:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"{CLEAR}{terminal.visible(f'{what}: {line}')[:width]}", err=True, nl=False)
        else:
            click.echo(f"{what}: {line}", err=True)

    try:
        yield show
    finally:
        if on_terminal:
            click.echo(CLEAR, err=True, nl=False)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
