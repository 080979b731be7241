"""A server for a block of code, with pytest or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath

from lambda_emu.testing.emu import Emu
from lambda_emu.testing.process import ServerProcess


@contextmanager
def run_server(project: str | PathLike[str] | None, settings: Mapping[str, object]) -> Iterator[Emu]:
    """As `lambda_emu.running` says."""
    served = None if project is None else fspath(project)
    process = ServerProcess({}, {name: _written(value) for name, value in settings.items()}, served)
    try:
        emu = Emu(process.address, served or ".")
        try:
            yield emu
        finally:
            emu.close()
    finally:
        process.close()


def _written(value: object) -> str:
    """As in a variable."""
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(str(one) for one in value)
        case _:
            return str(value)
