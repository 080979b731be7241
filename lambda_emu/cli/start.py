"""Everything that can keep an emulator from starting, as one error of the command line."""

from __future__ import annotations

import errno
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_emu.cli import terminal
from lambda_emu.cli.options import NotDone
from lambda_emu.config import Settings
from lambda_emu.folders import NotOurs
from lambda_emu.project import ProjectError
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.store import DataDirectoryInUse, NewerSchema

REASONS = (ProjectError, SandboxError, NotOurs, DataDirectoryInUse, NewerSchema, sqlite3.Error, OSError)


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """NotDone, with the text of whatever went wrong, for those; anything else is a mistake of ours and stays one.

    What is logged meanwhile goes to standard error.
    """
    log_to_stderr()
    try:
        yield
    except REASONS as error:
        if isinstance(error, OSError) and (why := _why_not_served(error)) is not None:
            raise NotDone(f"{settings.host}:{settings.port} {why}") from error
        raise NotDone(str(error)) from error


def _why_not_served(error: OSError) -> str | None:
    """What is wrong with the address that was to be served on, and what to do; None where something else is wrong."""
    if error.errno == errno.EADDRINUSE:
        return "is in use; choose another --port, or 0 for a free one"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"is no address of this machine ({error.strerror}); choose another --host"
    if error.errno == errno.EACCES and error.filename is None:
        return "is not for this user to serve on; choose a --port from 1024 on"
    return None


class _Visible(logging.Formatter):
    """A record may quote a request, an image or a traceback with a stranger's words in it."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "\n".join(terminal.lines(text)) if terminal.is_terminal(err=True) else text


def log_to_stderr() -> None:
    """Warnings and errors, tracebacks of threads too; where nobody else has set up logging."""
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible())
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    threading.excepthook = _log_thread


def _log_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and ended.exc_type is not SystemExit:
        name = ended.thread.name if ended.thread is not None else "a thread"
        trace = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        logging.getLogger(__name__).error("%s ended", name, exc_info=trace)
