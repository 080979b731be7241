"""Programs of ours that build, each in a Python of its own.

What it is told goes by its input: every user of the machine may read a command line, and it takes little. The tools
that it starts find none.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from lambda_emu.programs import command_of


def words_of(program: str) -> list[str]:
    """program: a module, whose `main` takes what it is told."""
    return command_of(__name__, program)


@contextmanager
def told(request: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """A file without a name that it reads as its input."""
    with TemporaryFile() as file:
        file.write(json.dumps(request).encode())
        file.seek(0)
        yield file


def main() -> None:
    """In that Python."""
    request = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    importlib.import_module(sys.argv[1]).main(request)
