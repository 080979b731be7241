"""Everything that can keep an emulator from starting, as one error of the command line."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_emu.cli.options import NotDone
from lambda_emu.config import Settings
from lambda_emu.folders import NotOurs
from lambda_emu.project import ProjectError
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.store import DataDirectoryInUse, NewerSchema

REASONS = (ProjectError, SandboxError, NotOurs, DataDirectoryInUse, NewerSchema, sqlite3.Error, OSError)


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """NotDone, with the text of whatever went wrong, for those; anything else is a mistake of ours and stays one."""
    try:
        yield
    except REASONS as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise NotDone(
                f"{settings.host}:{settings.port} is in use; choose another --port, or 0 for a free one"
            ) from error
        raise NotDone(str(error)) from error
