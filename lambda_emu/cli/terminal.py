"""What others wrote, on a terminal: control characters are shown there, not obeyed. Pipes and files get it as it is.

Whatever may hold a word of a function, an image, a project or a server goes to the user through here.
"""

from __future__ import annotations

import re
import sys
from types import TracebackType
from typing import Any

import click

_OBEYED = (
    "\x00-\x08\x0a-\x1f\x7f-\x9f"  # C0 but for the tab, DEL, C1 with its CSI of one character
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # directions, breaks, what cannot be seen
    "\ud800-\udfff\U000e0000-\U000e007f"  # half characters, tags
)
_LINE_SAFE = re.compile(f"[{_OBEYED}]")
_INDENT = "  "


def visible(text: str) -> str:
    r"""One line of text with each character that a terminal would obey written as Python does: `\x1b`, `\u202e`."""
    return _LINE_SAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def lines(text: str) -> list[str]:
    """Visible lines; all but the first are indented, so that none looks like a line of somebody else."""
    first, *rest = (visible(line.removesuffix("\r")) for line in text.split("\n"))
    return [first, *(_INDENT + line for line in rest)]


def is_terminal(err: bool = False) -> bool:
    """Whether standard output, or standard error, is one."""
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def echo(text: str, err: bool = False, **style: Any) -> None:
    """Print lines that may hold words of others. style: as click.style has it, for terminals."""
    if is_terminal(err):
        for line in lines(text):
            click.echo(click.style(line, **style) if style else line, err=err)
    else:
        write(text.encode("utf-8", "backslashreplace") + b"\n", err)


def guard() -> None:
    """Show the traceback of a mistake of ours, too, in which values of others may stand."""
    if is_terminal(err=True):
        sys.excepthook = _show_mistake


def _show_mistake(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    import traceback

    echo("".join(traceback.format_exception(kind, value, trace)).removesuffix("\n"), err=True)


def write(data: bytes, err: bool = False) -> None:
    """Bytes as they are."""
    click.echo(data, err=err, nl=False)
