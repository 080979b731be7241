"""How log events look. To a pipe or file they go as they were written; on a terminal none can look like another's.

There a line of the function bears a mark, the platform's none; a carriage return, which Lambda's clients put into
tracebacks, breaks the line; and where several streams run into one another each line says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import click

from lambda_emu.cli import show, terminal

MARK, CONTINUED = "| ", "|   "
COLOURS = ("cyan", "magenta", "yellow", "blue", "green", "bright_red")
SHORT = 8
TAIL_BYTES = 4096
START, ENDS = b"START RequestId: ", (b"REPORT RequestId: ", b"END RequestId: ")


class EventPrinter:
    """Prints events in the order they come, each REPORT with its price."""

    def __init__(self, err: bool = False) -> None:
        self._err = err
        self._on_terminal = terminal.is_terminal(err)
        self._streams: set[str] = set()

    def __call__(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Those that were read together."""
        if len(self._streams) < 2:
            self._streams |= {event["stream"] for event in events if "stream" in event}
        for event in events:
            self._print(event)
            if event["report"] is not None:
                click.secho(show.price(event["report"]), dim=True, err=self._err)

    def _print(self, event: Mapping[str, Any]) -> None:
        message: str = event["message"]
        if not self._on_terminal:
            terminal.write(message.removesuffix("\n").encode("utf-8", "backslashreplace") + b"\n", self._err)
            return
        whose = self._whose(event["stream"]) if len(self._streams) > 1 else ""
        for line in mark_lines(message, event.get("platform") is not False):
            click.echo(whose + line, err=self._err)

    def _whose(self, stream: str) -> str:
        """The first characters of its unique part, in a colour of its own."""
        short = terminal.visible(stream.rpartition("]")[2][:SHORT])
        return click.style(f"{short} ", fg=COLOURS[crc32(stream.encode()) % len(COLOURS)])


def mark_lines(message: str, of_platform: bool) -> Iterator[str]:
    """The lines of one event, to be shown on a terminal."""
    first, *rest = (terminal.visible(part) for part in _lines(message))
    yield first if of_platform else MARK + first
    for part in rest:
        yield CONTINUED + part


def print_tail(tail: bytes, err: bool) -> None:
    """The tail of one invocation's log. On a terminal all is the function's but what only the platform can place."""
    if not terminal.is_terminal(err):
        terminal.write(tail, err)
        return
    found = tail.removesuffix(b"\n").split(b"\n") if tail else []
    first, last = _platforms(found, whole=len(tail) < TAIL_BYTES)
    for at, line in enumerate(found):
        of_platform = at < first or at >= last
        for shown in mark_lines(line.decode("utf-8", "backslashreplace"), of_platform):
            click.echo(shown, err=err)


def _platforms(found: Sequence[bytes], whole: bool) -> tuple[int, int]:
    """How many lines at the beginning are the platform's, and from where on those at the end are.

    The function cannot write before START nor after END; a tail that is cut has lost its START. Of a JSON log, where
    the platform's lines may be filtered, none is certain.
    """
    last = len(found)
    for start in ENDS:
        if last > 0 and found[last - 1].startswith(start):
            last -= 1
    first = 1 if whole and last > 0 and found[0].startswith(START) else 0
    return first, last


def _lines(message: str) -> list[str]:
    """At newlines, which a log record may have, and at carriage returns."""
    return message.removesuffix("\n").removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
